/** What the page says of calls. */
import { visible } from "../../../../base/text.ts";
import {
  type CallInfo,
  type CallLink,
  type CallMember,
  otherSide,
} from "../../../commands/call_info.ts";
import type { ClientEvent } from "../../../events/client_event.ts";
import type { ConversationKey } from "../../../events/conversations.ts";
import type { ChatNote } from "./notes.ts";
import { pathNames } from "./transfer_card.ts";

/** The conversation that a call belongs to. */
export function placeOfCall({ group, user, from }: CallInfo): ConversationKey {
  return group === undefined ? `@${user ?? from}` : `#${group}`;
}

/** What is told of a call that rings here. */
export function ringText({ from, group, media }: CallInfo): string {
  const what = media === "video" ? "calls you with video" : "calls you";
  const where = group === undefined ? "" : ` and all in ${visible(group)}`;
  return `${visible(from)} ${what}${where}`;
}

/** How far a call has come; without a word when it is open. */
export function callProgress(info: CallInfo): string {
  const name = visible(otherSide(info));
  if (info.state === "ringing") return `Calling ${name}…`;
  if (info.state === "reconnecting") return "Connecting again…";
  return info.state === "open" ? "" : "Connecting…";
}

/** How far somebody in a call has come; without a word when they are heard. */
export function memberProgress({ state }: CallMember): string {
  if (state === "ringing") return "ringing…";
  if (state === "connecting") return "connecting…";
  if (state === "reconnecting") return "connecting again…";
  return state === "ended" ? "left" : "";
}

/** `directly over IPv4, 38 ms, 0.4 % lost`. */
export function linkText({ via, rtt, loss }: CallLink): string {
  const delay = rtt > 0 ? [`${Math.round(rtt)} ms`] : [];
  const share = Math.round(loss * 1000) / 10;
  return [pathNames[via], ...delay, `${share} % lost`].join(", ");
}

/** `1:05`, `1:00:05`. */
export function callClock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (number: number) => String(number).padStart(2, "0");
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes}:${two(seconds % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`;
}

/**
 * What stands in the conversation of a call that is over, or of somebody who is
 * not heard any more in one that goes on.
 *
 * @param now ms since 1970 UTC.
 */
export function callNote(
  { info, message, own }: Extract<ClientEvent, { event: "call" }>,
  now: number,
): ChatNote | undefined {
  const { state, since, direction, from, reason, media } = info;
  const key = placeOfCall(info);
  if (state !== "ended") {
    return message === undefined
      ? undefined
      : { key, text: [visible(message)] };
  }
  const what = media === "video" ? "Video call" : "Call";
  const why = message === undefined ? "" : `: ${visible(message)}`;
  if (since !== undefined) {
    const span = callClock(now - since);
    const isPlain = own || reason === "closed";
    return { key, text: [`${what}, ${span}${isPlain ? "" : why}`] };
  }
  if (reason === "answered") {
    return { key, text: [`${what}${why || ": answered on another device"}`] };
  }
  // Both wanted it, and the browsers found no way.
  if (own && reason === "closed") {
    return { key, text: [`${what}, not connected`] };
  }
  // Others had come in before.
  if (direction === "incoming" && reason === "busy") {
    return { key, text: [`${what} from ${visible(from)}${why}`] };
  }
  if (direction === "incoming") {
    const text = own
      ? `You declined the ${what.toLowerCase()}`
      : `You missed a ${what.toLowerCase()} from ${visible(from)}`;
    return { key, text: [text], isFailure: !own };
  }
  const text = own ? `${what} taken back` : `${what} not answered${why}`;
  return { key, text: [text], isFailure: !own };
}

/** What the browser calls why there is no device, in words. */
export function deviceProblem(
  what: "microphone" | "camera" | "screen",
  why: string,
): string {
  const effect = effects[what];
  switch (why) {
    case "NotAllowedError":
      return `the browser does not let this page use the ${what}; allow it beside the address. ${effect}`;
    case "NotFoundError":
    case "OverconstrainedError":
      return `no ${what} was found. ${effect}`;
    case "NotReadableError":
      return `the ${what} is in use by another program. ${effect}`;
    case "lost":
      return `the ${what} is gone. ${effect}`;
  }
  return `the ${what} cannot be used. ${effect}`;
}

const effects = {
  microphone: "You hear the others, but they do not hear you",
  camera: "The others do not see you",
  screen: "The others do not see it",
} as const;
