/**
 * Everything a server sends (docs/protocol/): replies `{re, ok}` or
 * `{re, error}`, and events `{ev, …}`. The tables of the topics beside this file
 * type what the server writes and validate what the client reads.
 */
import {
  type Check,
  type Infer,
  integer,
  optional,
  SchemaError,
} from "../base/schema.ts";
import { type DecodedError, decodeError, parseFrame } from "./frame.ts";
import { groupEvents } from "./groups.ts";
import { identityEvents } from "./identities.ts";
import { messageEvents } from "./messages.ts";
import { offerEvents } from "./offers.ts";
import { peopleEvents } from "./people.ts";
import { type RequestName, requests } from "./request.ts";
import { sessionEvents } from "./session.ts";

/** An answer: the fields of `ok`, or why not. */
export type Reply<N extends RequestName> =
  | {
    readonly ok: ReplyFields<N>;
    readonly code?: undefined;
    readonly message?: undefined;
  }
  | {
    readonly ok?: undefined;
    readonly code: string;
    readonly message: string;
    /** Since when the session in the way lasts, ms since 1970 UTC. */
    readonly since?: number;
    /** From which address. */
    readonly from?: string;
  };

/** What to do with the answer. */
export type OnReply<N extends RequestName> = (reply: Reply<N>) => void;

const events = {
  ...sessionEvents,
  ...messageEvents,
  ...peopleEvents,
  ...identityEvents,
  ...groupEvents,
  ...offerEvents,
};

type Events = typeof events;

/** The name of an event, as in its field `ev`. */
export type EventName = keyof Events;

/** Every event's name. */
export const eventNames = Object.keys(events) as EventName[];

/** The fields of `ok` in the reply to request `N`. */
export type ReplyFields<N extends RequestName> = Infer<
  (typeof requests)[N]["ok"]
>;

/** The fields of event `N`. */
export type EventFields<N extends EventName> = Infer<Events[N]>;

/** A validated event; `ev` tells which. */
export type ServerEvent = {
  [N in EventName]: EventFields<N> & { readonly ev: N };
}[EventName];

/** What a line from the server is. */
export type ServerFrame =
  | { readonly kind: "event"; readonly event: ServerEvent }
  | { readonly kind: "ok"; readonly re: number; readonly ok: unknown }
  | { readonly kind: "error"; readonly re: number | undefined } & DecodedError
  /** Valid, but of a newer protocol: to be ignored. */
  | { readonly kind: "unknown" };

/** The event as it goes on the wire. */
export function event<N extends EventName>(
  ev: N,
  fields: EventFields<N>,
): { ev: N } & EventFields<N> {
  return { ev, ...fields };
}

/**
 * Turns a line from the server into a frame. Replies are checked further with
 * {@link checkReply}, once it is known which request they answer.
 *
 * @throws {SchemaError} when the line is not what a server may send.
 */
export function decodeServerFrame(line: string): ServerFrame {
  const frame = parseFrame(line);
  if (frame === undefined) throw new SchemaError("", "a JSON object");
  if (Object.hasOwn(frame, "ev")) {
    const ev = frame.ev;
    if (typeof ev !== "string" || !Object.hasOwn(events, ev)) {
      return { kind: "unknown" };
    }
    const check: Check<object> = events[ev as EventName];
    const event = Object.assign(check(frame, ""), { ev });
    return { kind: "event", event: event as ServerEvent };
  }
  const re = optional(integer())(frame.re, "re");
  if (Object.hasOwn(frame, "error")) {
    return { kind: "error", re, ...decodeError(frame.error) };
  }
  if (re === undefined) return { kind: "unknown" };
  return { kind: "ok", re, ok: frame.ok };
}

/**
 * Checks the `ok` of a reply to request `name`.
 *
 * @throws {SchemaError} when it lacks a field or has a wrong one.
 */
export function checkReply<N extends RequestName>(
  name: N,
  ok: unknown,
): ReplyFields<N> {
  return requests[name].ok(ok, "ok") as ReplyFields<N>;
}
