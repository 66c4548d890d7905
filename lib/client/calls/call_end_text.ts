/** Why a call, or somebody's part in it, ended, in this user's words. */
import { endText } from "../offers/end_text.ts";
import { type EndReason, endReasons } from "../../wire/end_reason.ts";
import { mostMembers } from "../commands/call_info.ts";
import type { Call, CallLeg } from "./call.ts";

/** `a video call takes 4 people`. */
export function mostText({ media }: Pick<Call, "media">): string {
  const kind = media === "video" ? "a video call" : "a call";
  return `${kind} takes ${mostMembers[media]} people`;
}

/** One line for people. */
export function callEndText(reason: string, leg: CallLeg): string {
  const { member: { user }, call, end, terms } = leg;
  const texts: Record<string, string | undefined> = {
    rejected: `${user} declined`,
    busy: end === "callee" && call.group !== undefined
      ? `it is full: ${mostText(call)}`
      : `${user} is in another call`,
    closed: hungUpText(user),
    cancelled: end === "callee" ? `${user} gave up` : `${user} declined`,
    expired: end === "callee" ? "you missed it" : `${user} did not answer`,
    failed: `${user}'s client could not take it`,
    full: `it is full: ${mostText(call)}`,
    lost: "the connection was lost",
  };
  const text = texts[reason];
  if (text !== undefined) return text;
  const known = endReasons.find((each) => each === reason) ?? "failed";
  return endText(known satisfies EndReason, { kind: "call", user, terms });
}

/** What the user reads when somebody does not want to go on. */
export function hungUpText(user: string): string {
  return `${user} hung up`;
}

/** What the user reads when somebody is lost who is to come back. */
export function lostText(user: string): string {
  return `the connection to ${user} was lost, and is tried again`;
}

/** What the user reads when that did not come about. */
export function gaveUpText(user: string): string {
  return `${user} could not be reached again; /call ${user} tries once more`;
}

/** What the user reads when those who were lost are not there for others either. */
export function leftText(user: string): string {
  return `${user} is not in the call any more`;
}

/** What the user reads when nobody who was lost came back, and nobody else is there. */
export function aloneText({ group, members }: Call): string {
  const [{ user } = { user: "" }] = members;
  const whom = group === undefined ? user : "all others";
  return `the connection to ${whom} was lost, and did not come back within a minute`;
}

/** What the user reads when another browser answers than the one that signed. */
export function otherBrowserText(user: string): string {
  return `the browser that answers is not the one whose certificate ${user} signed; somebody may be in between`;
}

/**
 * Why a call that was asked for has not begun.
 *
 * @param self This user's name.
 */
export function notBegunText(
  { group }: Call,
  reason: string,
  message: string | undefined,
  self: string,
): string {
  if (group === undefined || message === undefined) return message ?? reason;
  const isElsewhere = reason === "in_call" || reason === "busy";
  const hint = isElsewhere
    ? `; if that is the call of ${group}, one of them can ask you in: /call ${self}`
    : "";
  return `Nobody in ${group} could be called: ${message}${hint}`;
}

/** What who was away reads in the conversation. */
export function noteText({ group, media }: Call): string {
  const what = media === "video" ? "video call" : "call";
  return group === undefined ? `(missed ${what})` : `(${what} in ${group})`;
}
