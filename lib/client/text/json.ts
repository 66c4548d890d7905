/**
 * What `--json` prints: one object a line for everything that happens, stable
 * for scripts. `event` names it; times are ISO 8601 in UTC; sizes are bytes,
 * rates bytes a second, spans milliseconds. Fields may be added, never changed.
 * docs/scripting.md lists the fields of each event and answer.
 */
import { printableJson } from "../../base/text.ts";
import type { ClientEvent } from "../events/client_event.ts";

/** The line for `event`, without line feed; a line for each of many entries. */
export function renderJson(event: ClientEvent): string {
  if (event.event !== "entry") return renderLine(flatten(event));
  const { event: name, transfer, entries, more } = event;
  return entries.map((entry, index) => {
    const isLast = index === entries.length - 1;
    const rest = isLast && more > 0 ? { more } : {};
    // There may be many, and none of their numbers is told as another.
    return printableJson(
      JSON.stringify({ event: name, transfer, ...entry, ...rest }),
    );
  }).join("\n");
}

function renderLine(event: object): string {
  return printableJson(JSON.stringify(event, (key, value) => {
    if (typeof value !== "number") return value;
    if (times.has(key)) return iso(value);
    const digits = decimals[key];
    return digits === undefined ? value : Number(value.toFixed(digits));
  }));
}

/** What belongs together on one level; the kind of event stays in front. */
function flatten(event: ClientEvent): object {
  if (event.event === "result") {
    const { outcome: { command, ok, ...more }, n } = event;
    const { answer, announced: _, ...refusal } = more as Record<string, object>;
    return { event: "result", n, command, ok, ...answer, ...refusal };
  }
  if (!("info" in event)) return event;
  const { event: name, info, summary, ...more } = { summary: {}, ...event };
  return { event: name, ...info, ...summary, ...more };
}

/** Keys of times. */
const times = new Set(["at", "since", "lastSeen", "lastActive"]);
/** Decimals of the numbers that are no integers. */
const decimals: Record<string, number | undefined> = {
  ms: 0,
  rate: 0,
  rtt: 1,
  loss: 4,
  silence: 0,
};

function iso(ms: number): string {
  // Beyond what a date can be, only a broken server sends.
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : String(ms);
}
