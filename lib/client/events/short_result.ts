import { withoutMiddle } from "../../base/text.ts";
import type { ClientEvent } from "./client_event.ts";

type ResultEvent = Extract<ClientEvent, { event: "result" }>;

/** What became of a command, without most of what it echoes far too long. */
export function shortResult(event: ResultEvent): ResultEvent {
  const { outcome } = event;
  if (outcome.ok) return event;
  const message = withoutMiddle(outcome.message);
  return { ...event, outcome: { ...outcome, message } };
}
