/**
 * Every request a client can send (docs/protocol/requests.md), as one table from
 * the name in `do` to the check of its fields. {@link decodeRequest} is the one
 * place where what a client sent is validated.
 */
import {
  boolean,
  type Check,
  type Infer,
  integer,
  list,
  object,
  oneOf,
  oneOfOr,
  optional,
  SchemaError,
  string,
} from "../base/schema.ts";
import { parseFrame } from "./frame.ts";
import { epochCheck } from "./epoch.ts";
import { endReason } from "./end_reason.ts";
import { type WireError, wireError } from "./errors.ts";
import { limits } from "./limits.ts";
import { pathKinds } from "./path_kinds.ts";

// Names are only bounded here: whether one is well formed, and what to say when
// it is not, is for the handler.
const name = string(0, 256);
const port = integer(0, 65535);
const messageId = string(1, limits.messageIdCharacters, /^[\x21-\x7e]+$/);
/** 64-bit identifier as 16 hexadecimal digits. */
const offerId = string(16, 16, /^[0-9a-f]{16}$/);
/** 32 bytes in base64url: an X25519 public key. */
const publicKey = string(43, 43, /^[A-Za-z0-9_-]{43}$/);
/** 32 bytes in base64url, in their one spelling: an Ed25519 public key. */
const identityKey = string(43, 43, /^[\w-]{42}[AEIMQUYcgkosw048]$/);
/** 64 bytes in base64url, in their one spelling: an Ed25519 signature. */
const signature = string(86, 86, /^[\w-]{85}[AQgw]$/);
// Longer than any legal text, so that the handler can say "too long".
const text = string(0, limits.frameBytes);
const scram = string(1, 2048);

/** An address a peer can be reached at. */
const address = object({ ip: string(2, 45, /^[0-9a-fA-F:.]+$/), port });

/** What a client was told when it saw the message `seen`. */
const known = object({
  account: string(16, 16, /^[0-9a-f]{16}$/),
  epochs: list(epochCheck, 0, limits.toldEpochs),
});

const requests = {
  hello: object({
    version: integer(1, 1_000_000),
    features: list(string(1, 64), 0, 64),
    agent: optional(string(0, 128)),
  }),
  /** `identity`: what the client signs its offers and answers with. */
  login: object({ scram, udpPort: port, identity: optional(identityKey) }),
  proof: object({
    scram,
    seen: optional(integer()),
    known: optional(known),
  }),
  resume: object({
    token: string(1, 128),
    udpPort: port,
    seen: optional(integer()),
    known: optional(known),
    identity: optional(identityKey),
  }),
  /** `active`: there was traffic with other clients since the last one. */
  ping: object({ active: optional(boolean) }),
  ack: object({ upto: integer() }),
  logout: object({}),
  message: object({
    to: list(name, 1, limits.messageReceivers),
    text,
    mid: messageId,
  }),
  broadcast: object({ text, mid: messageId }),
  /**
   * `name` is a user's or else a group's; at most one of `with`, `group`, `name`
   * and `kind`.
   */
  history: object({
    with: optional(name),
    group: optional(name),
    name: optional(name),
    kind: optional(oneOf("broadcast", "group")),
    since: optional(integer()),
    before: optional(integer(1)),
    limit: optional(integer(1, limits.historyMessages)),
  }),
  /** `group`: the number is of the group's log, not of messagelog.txt. */
  delete: object({
    number: integer(1),
    group: optional(name),
    mid: messageId,
  }),
  who: object({}),
  block: object({ user: name }),
  unblock: object({ user: name }),
  blocked: object({}),
  /** One's own without `user`. */
  profile: object({ user: optional(name) }),
  "profile-set": object({ field: string(0, 64), value: text }),
  /** SCRAM over the logged-in connection: proves the old password. */
  "password-start": object({ scram }),
  "password-prove": object({ scram }),
  "password-change": object({ verifier: string(1, 512) }),
  rename: object({ name }),
  "who-since": object({ seconds: integer() }),
  find: object({ name, kind: optional(oneOf("user", "group")) }),
  /** The key that a user's client signs with, or last signed with. */
  identity: object({ user: name }),
  "group-create": object({
    group: name,
    users: list(name, 0, limits.groupUsers),
    leaderOnly: optional(boolean),
  }),
  "group-join": object({ group: name }),
  "group-leave": object({ group: name }),
  "group-add": object({ group: name, user: name }),
  "group-remove": object({ group: name, user: name }),
  "group-promote": object({ group: name, user: name }),
  /** What is absent stays as it is. */
  "group-set": object({ group: name, history: optional(boolean) }),
  "group-message": object({ group: name, text, mid: messageId }),
  groups: object({}),
  "group-members": object({ group: name }),
  /** What is needed to talk to the server's UDP port. */
  rendezvous: object({}),
  /** What is needed to probe the server's UDP ports without a login. */
  probe: object({}),
  offer: object({
    offer: offerId,
    to: name,
    kind: oneOf("file", "session"),
    key: publicKey,
    addresses: list(address, 0, limits.addresses),
    file: optional(object({
      name: string(1, 1024),
      size: integer(),
      /** Tells whether two offers are of the same file, for resuming. */
      fingerprint: optional(string(1, 128)),
    })),
    /** The group that a file is for, of which both have to be members. */
    group: optional(name),
    signature: optional(signature),
  }),
  answer: object({
    offer: offerId,
    accept: boolean,
    /** Why not. */
    reason: optional(endReason),
    key: optional(publicKey),
    addresses: optional(list(address, 0, limits.addresses)),
    /** What the receiver already has, opaque to the server. */
    resume: optional(string(0, 16 * 1024)),
    signature: optional(signature),
  }),
  "offer-end": object({
    offer: offerId,
    result: oneOf("verified", "failed", "cancelled", "closed"),
    /** Why it failed. */
    reason: optional(endReason),
    /** How the two clients reached each other; for the server's log. */
    via: optional(oneOfOr("unknown", [...pathKinds, "unknown"])),
  }),
} as const satisfies Record<string, Check<object>>;

type Requests = typeof requests;

/** The name of a request, as in its field `do`. */
export type RequestName = keyof Requests;

/** Every request's name. */
export const requestNames = Object.keys(requests) as RequestName[];

/** The fields of a request by its name, as a client writes them. */
export type RequestFields<N extends RequestName> = Infer<Requests[N]>;

/** A validated request: `do` tells which, `id` is to be repeated in the reply. */
export type Request = {
  [N in RequestName]: RequestFields<N> & {
    readonly do: N;
    /** Absent when the client wants no reply. */
    readonly id?: number;
  };
}[RequestName];

/** An address as it stands in offers and answers. */
export type WireAddress = Infer<typeof address>;

/** What became of a line: a request, or the error to reply with. */
export type DecodedRequest =
  | { readonly request: Request }
  | { readonly error: WireError; readonly id?: number };

/** Turns a line from a client into a request, or says what is wrong with it. */
export function decodeRequest(line: string): DecodedRequest {
  const frame = parseFrame(line);
  if (frame === undefined) return { error: wireError("bad_frame") };
  const id = frame.id;
  if (id !== undefined && !(Number.isSafeInteger(id) && (id as number) >= 0)) {
    return { error: wireError("bad_request", '"id" must be a whole number') };
  }
  const reply = () => id === undefined ? {} : { id: id as number };
  const name = frame.do;
  if (typeof name !== "string" || !Object.hasOwn(requests, name)) {
    return { error: wireError("unknown_request"), ...reply() };
  }
  const check: Check<object> = requests[name as RequestName];
  try {
    const request = check(frame, "") as { do: string; id?: number };
    request.do = name;
    if (id !== undefined) request.id = id as number;
    return { request: request as Request };
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error;
    return { error: wireError("bad_request", error.message), ...reply() };
  }
}
