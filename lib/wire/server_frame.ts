/**
 * Everything a server sends (docs/protocol/): replies `{re, ok}` or
 * `{re, error}`, and events `{ev, …}`. The same tables type what the server
 * writes and validate what the client reads.
 */
import {
  boolean,
  type Check,
  type Infer,
  integer,
  list,
  object,
  oneOf,
  optional,
  SchemaError,
  string,
} from "../base/schema.ts";
import { type DecodedError, decodeError, parseFrame } from "./frame.ts";
import { endReason } from "./end_reason.ts";
import { epochCheck } from "./epoch.ts";
import { limits } from "./limits.ts";
import type { RequestName } from "./request.ts";

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
  };

/** What to do with the answer. */
export type OnReply<N extends RequestName> = (reply: Reply<N>) => void;

const name = string(1, 32);
/** A name, or ` (removed)` after the name of an account that is no more. */
const shownName = string(1, 48);
const text = string(0, 64 * 1024);
const time = integer(0);
const port = integer(0, 65535);
const ip = string(2, 64);
const offerId = string(16, 16, /^[0-9a-f]{16}$/);
const accountId = string(16, 16, /^[0-9a-f]{16}$/);
const publicKey = string(43, 43, /^[A-Za-z0-9_-]{43}$/);
const signature = string(86, 86, /^[A-Za-z0-9_-]{86}$/);
const address = object({ ip, port });
const names = list(name, 0, 100_000);
const nothing = object({});
const profileValue = optional(string(1, 1024));

/** What a login, or the resumption of a session, tells the client. */
const session = {
  /** The user name, as it is written in the accounts. */
  user: name,
  /** Session token for `resume`; takes the place of the one before. */
  token: string(1, 128),
  /** Messages that waited and follow as events. */
  waiting: integer(0),
  /** The client's address as the server sees it. */
  ip,
  /** Of the user; the next one of this name has another. */
  account: optional(accountId),
  /** The last runs of the server, this one last. */
  epochs: optional(list(epochCheck, 1, limits.toldEpochs)),
  /** Up to where the client's `seen` is true of this database. */
  seen: optional(integer()),
  /** The database was set back to an older copy since the client was there. */
  setBack: optional(boolean),
};

/** Fields of `ok` in the reply to each request. */
const replies = {
  hello: object({
    version: integer(1),
    features: list(string(1, 64), 0, 64),
    agent: string(0, 128),
    /** The server's UDP port for rendezvous. */
    udpPort: port,
    time,
    /** Tells the server's database from every other: message ids are its own. */
    store: string(1, 64),
  }),
  login: object({ scram: string(1, 2048) }),
  proof: object({ scram: string(1, 2048), ...session }),
  resume: object(session),
  ping: nothing,
  ack: nothing,
  logout: nothing,
  message: object({
    at: time,
    /** One for each receiver, in the order of the request. */
    sent: list(
      object({
        to: name,
        /** Global number in messagelog.txt. */
        number: integer(1),
        /** True when the receiver is off line and gets it at the next login. */
        kept: boolean,
      }),
      0,
      1024,
    ),
  }),
  broadcast: object({
    at: time,
    number: integer(1),
    /** True when it was not for everybody on line. */
    partial: boolean,
    /** True when nobody else was on line. */
    alone: optional(boolean),
  }),
  history: object({
    /** Oldest first. */
    messages: list(
      object({
        id: integer(1),
        kind: oneOf("private", "group", "broadcast"),
        number: integer(1),
        at: time,
        from: shownName,
        /** The receiver of a private message. */
        to: optional(shownName),
        group: optional(name),
        /** Empty when the message was deleted. */
        text,
        deleted: optional(boolean),
      }),
      0,
      limits.historyMessages,
    ),
    /** What to ask for as `before` to go on; absent when there is no more. */
    before: optional(integer(1)),
  }),
  delete: object({
    at: time,
    /** Of the log's line that tells it. */
    number: integer(1),
  }),
  who: object({
    users: list(object({ user: name, since: time, ip, udpPort: port }), 0, 1e5),
  }),
  block: object({ user: name }),
  unblock: object({ user: name }),
  blocked: object({
    users: list(object({ user: name, since: time }), 0, 1e5),
  }),
  profile: object({
    user: name,
    fields: object({
      name: profileValue,
      hometown: profileValue,
      email: profileValue,
      status: profileValue,
    }),
    /** Absent, as the other two, when that may not be seen. */
    online: optional(boolean),
    /** Of the session, when on line. */
    since: optional(time),
    /** When last on line, for who is not and has been. */
    lastSeen: optional(time),
  }),
  "profile-set": object({ field: string(1, 64), value: text }),
  "password-start": object({ scram: string(1, 2048) }),
  "password-prove": object({ scram: string(1, 2048) }),
  "password-change": object({
    /** Takes the place of the one before, which is void. */
    token: string(1, 128),
  }),
  rename: object({ from: name, to: name }),
  "who-since": object({
    /** Last seen first. */
    users: list(object({ user: name, online: boolean, at: time }), 0, 1e5),
    /** How many there are; more than are listed when they are very many. */
    total: integer(0),
  }),
  find: object({
    kind: oneOf("user", "group"),
    name,
    /** True when there is both a user and a group of this name. */
    ambiguous: boolean,
  }),
  identity: object({
    user: name,
    /** Another one than before is another person of the same name. */
    account: optional(accountId),
    /** Absent when the user's client has none. */
    identity: optional(publicKey),
  }),
  "group-create": object({ group: name, members: names }),
  "group-join": object({ group: name, members: names }),
  "group-leave": object({
    group: name,
    /** True when the user was invited and had not joined. */
    declined: boolean,
    /** Who leads now, when the user did. */
    leader: optional(name),
    /** True when the user was the last one. */
    ended: boolean,
  }),
  "group-add": object({ group: name, user: name }),
  "group-remove": object({
    group: name,
    user: name,
    /** True when it was an invitation that was withdrawn. */
    invited: boolean,
  }),
  "group-promote": object({ group: name, leader: name }),
  "group-set": object({ group: name, history: boolean }),
  "group-message": object({
    at: time,
    number: integer(1),
    /** True when nobody else has joined the group. */
    alone: optional(boolean),
    /** Then: who is invited, a few of them. */
    invited: optional(names),
  }),
  groups: object({
    groups: list(
      object({
        group: name,
        leader: name,
        joined: boolean,
        leaderOnly: boolean,
        /** How many have joined. */
        size: integer(0),
      }),
      0,
      1e5,
    ),
  }),
  "group-members": object({
    group: name,
    leader: name,
    leaderOnly: boolean,
    /** True when who joins may see what was said before. */
    history: optional(boolean),
    joined: names,
    invited: names,
  }),
  rendezvous: object({
    /** Names the client in its datagrams: 8 bytes, hexadecimal. */
    id: offerId,
    /** Authenticates them: 32 bytes, base64url. */
    key: publicKey,
  }),
  probe: object({
    /** Names the client in its probes: 8 bytes, hexadecimal. */
    id: offerId,
    /** Authenticates them: 32 bytes, base64url. */
    key: publicKey,
    /** Another UDP port of the server that answers probes; 0 for none. */
    otherPort: port,
  }),
  offer: object({}),
  answer: object({}),
  "offer-end": object({}),
} as const satisfies Record<RequestName, Check<object>>;

/** Fields of each event. */
const events = {
  ping: nothing,
  /** The connection ends now, and why; `code` is of the error table. */
  bye: object({ code: string(1, 64), message: text }),
  message: object({
    /** Rises with every message; acknowledge with `ack {upto}`. */
    id: integer(1),
    kind: oneOf("private", "group", "broadcast"),
    /** messagelog.txt's number, or the group log's. */
    number: integer(1),
    at: time,
    from: shownName,
    group: optional(name),
    text,
    /** True when it was sent while the receiver was off line. */
    kept: optional(boolean),
  }),
  /** A message was taken back by its sender; in order with the messages. */
  deleted: object({
    id: integer(1),
    kind: oneOf("private", "group", "broadcast"),
    /** Of the message that is no more. */
    number: integer(1),
    at: time,
    from: shownName,
    group: optional(name),
  }),
  presence: object({
    user: name,
    online: boolean,
    at: time,
    /** Ed25519 public key of who came on line, if the client has one. */
    identity: optional(publicKey),
    /** Of who came on line: another one is another person. */
    account: optional(accountId),
  }),
  renamed: object({ from: name, to: name }),
  invited: object({ group: name, by: name, leaderOnly: boolean, at: time }),
  joined: object({ group: name, user: name, at: time }),
  left: object({
    group: name,
    user: name,
    at: time,
    why: oneOf("left", "declined", "account-removed"),
  }),
  removed: object({ group: name, user: name, by: name, at: time }),
  /** The group has another leader; `by` is absent when the last one left. */
  leader: object({ group: name, leader: name, by: optional(name), at: time }),
  /** The leader set something about the group. */
  "group-set": object({ group: name, history: boolean, by: name, at: time }),
  "group-end": object({ group: name, at: time }),
  offer: object({
    offer: offerId,
    from: name,
    kind: oneOf("file", "session"),
    key: publicKey,
    /** Where the one who offers can be reached; first as the server sees it. */
    addresses: list(address, 0, 64),
    file: optional(object({
      name: string(1, 1024),
      size: integer(0),
      fingerprint: optional(string(1, 128)),
    })),
    /** The group that a file is for: both are members. */
    group: optional(name),
    /** Ed25519 public key of the one who offers, as the server has it. */
    identity: optional(publicKey),
    account: optional(accountId),
    signature: optional(signature),
  }),
  answer: object({
    offer: offerId,
    from: name,
    accept: boolean,
    reason: optional(endReason),
    key: optional(publicKey),
    addresses: optional(list(address, 0, 64)),
    resume: optional(string(0, 16 * 1024)),
    signature: optional(signature),
  }),
  /** Further addresses of the other side of an offer. */
  candidates: object({
    offer: offerId,
    from: name,
    addresses: list(address, 0, 64),
  }),
  /** The server relays no more of a transfer. */
  "relay-end": object({
    offer: offerId,
    /** Whose quota of the day is used up: that of the one who offered. */
    user: name,
    /** When the next day's begins. */
    at: time,
  }),
  "offer-end": object({
    offer: offerId,
    from: name,
    result: oneOf("verified", "failed", "cancelled", "closed"),
    reason: optional(endReason),
  }),
} as const satisfies Record<string, Check<object>>;

type Replies = typeof replies;
type Events = typeof events;

/** The name of an event, as in its field `ev`. */
export type EventName = keyof Events;

/** Every event's name. */
export const eventNames = Object.keys(events) as EventName[];

/** The fields of `ok` in the reply to request `N`. */
export type ReplyFields<N extends RequestName> = Infer<Replies[N]>;

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
  return replies[name](ok, "ok") as ReplyFields<N>;
}
