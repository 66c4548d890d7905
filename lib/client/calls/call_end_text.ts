/** Why a call, or somebody's part in it, ended, in this user's words. */
import { endText } from "../offers/end_text.ts";
import { type EndReason, endReasons } from "../../wire/end_reason.ts";
import type { CallLeg } from "./call.ts";

/** One line for people. */
export function callEndText(reason: string, leg: CallLeg): string {
  const { member: { user }, end, terms } = leg;
  const texts: Record<string, string | undefined> = {
    rejected: `${user} declined`,
    busy: `${user} is in another call`,
    closed: `${user} hung up`,
    cancelled: end === "callee" ? `${user} gave up` : `${user} declined`,
    expired: end === "callee" ? "you missed it" : `${user} did not answer`,
    failed: `${user}'s client could not take it`,
    full: "no more people can be in it",
    lost: "the connection was lost",
  };
  const text = texts[reason];
  if (text !== undefined) return text;
  const known = endReasons.find((each) => each === reason) ?? "failed";
  return endText(known satisfies EndReason, { kind: "call", user, terms });
}
