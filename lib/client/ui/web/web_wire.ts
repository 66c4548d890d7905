/**
 * What the page in the browser and the client beside it say to each other: JSON
 * texts over one WebSocket for each tab, at `/socket`. The page's are
 * decoded here, with everything in them bounded; those of the client are types
 * only, as the page trusts the client that it was loaded from.
 *
 * Besides, there is over HTTP, all but the page itself and `/token` for who has
 * a token (`Authorization: Bearer TOKEN`):
 *
 * - `GET /`: the page; and its own files
 * - `POST /token` with a {@link TokenRequest} gives a {@link TokenReply} for the
 *   secret behind the `#` of the page's address, once. 403: it is wrong, old or
 *   was used; 429: there were too many wrong ones
 * - `POST /upload?batch=BATCH&name=NAME&path=PATH`, the file as its body: one file
 *   of what message `send` sends. `batch` is {@link idCharacters} of base64url that the page
 *   makes up; `name` is the file's; `path`, which may be absent, the folders that
 *   it is in, such as `photos/2026`; `modified`, which may be, too, when it was
 *   last modified, ms since 1970 UTC. 204 when it is all there, otherwise a
 *   sentence for people. It is gone when the page is that has the token
 * - `GET` of a capability's URL, which needs no token: a verified file, with
 *   `Range`; for `<img>`, `<video>`, `<audio>`, or `<a download>`
 */
import {
  boolean,
  type Check,
  integer,
  object,
  oneOf,
  optional,
  SchemaError,
  string,
} from "../../../base/schema.ts";
import {
  type CallDescription,
  callDescription,
} from "../../events/call_description.ts";
import {
  type BrowserLink,
  browserLinks,
  type CallTold,
} from "../../events/call_port.ts";
import type { CallMedia } from "../../commands/call_info.ts";
import type { ClientEvent, CommandOutcome } from "../../events/client_event.ts";
import type { QuietEvent } from "../../events/quiet_event.ts";
import type { ConversationKey } from "../../events/conversations.ts";
import type { ViewSnapshot } from "../../events/client_view.ts";
import type { ChatTarget } from "../../commands/command.ts";
import type { ServerChoice } from "../../settings/gui_options.ts";
import { isDeviceName, isGroupName, isUserName } from "../../../wire/names.ts";

export type { ServerChoice } from "../../settings/gui_options.ts";

/** Length of secrets, tokens, batches and capabilities: 128 bits in base64url. */
export const idCharacters = 22;
/** Most bytes of a message of the page. */
export const mostMessageBytes = 256 * 1024;
/** How long the page has for its first message, ms. */
export const helloMs = 5000;

/** What the page says. */
export type PageMessage =
  /**
   * Asks the client, before anything is said that it alone may know, to prove who
   * it is; `nonce` is {@link idCharacters} of base64url that the page makes up.
   */
  | { readonly do: "prove"; readonly nonce: string }
  /** Lets the page in; within {@link helloMs}. */
  | { readonly do: "hello"; readonly token: string }
  /**
   * Logs in, in phase `form`.
   *
   * `server` is as on the command line: a saved server's name, `HOST` or
   * `HOST:PORT`. With `plain` there is no TLS.
   */
  | {
    readonly do: "login";
    readonly server: string;
    readonly user: string;
    readonly password: string;
    readonly plain?: boolean;
  }
  /** Answers a question; `null` is no answer. */
  | {
    readonly do: "answer";
    readonly question: number;
    readonly value: GivenAnswer | null;
  }
  /**
   * Hands in a line, as in the terminal. `ref` counts up in the tab: `outcome`
   * has the same. `to` is where it goes if it is no command; the open chat by
   * default.
   */
  | {
    readonly do: "submit";
    readonly ref: number;
    readonly line: string;
    readonly to?: ChatTarget;
  }
  /** Says something in a chat, whatever it looks like. */
  | {
    readonly do: "say";
    readonly ref: number;
    readonly text: string;
    readonly to: ChatTarget;
  }
  /**
   * Offers what was uploaded as `batch`: to a user, or to all in a group. With
   * `later` it waits for those who are not online.
   */
  | {
    readonly do: "send";
    readonly ref: number;
    readonly to: ChatTarget;
    readonly batch: string;
    readonly later?: boolean;
  }
  /** What was uploaded as `batch` is not to be sent after all. */
  | { readonly do: "drop"; readonly batch: string }
  /** The user has seen a conversation, up to a message; all of them without. */
  | {
    readonly do: "see";
    readonly conversation?: ConversationKey;
    readonly upto?: number;
  }
  /** Tries a lost connection again, now. */
  | { readonly do: "reconnect" }
  /** Asks what could stand at the cursor of a line, as Tab in the terminal does. */
  | {
    readonly do: "suggest";
    readonly ref: number;
    readonly line: string;
    /** UTF-16 units before it; the end by default. */
    readonly cursor?: number;
  }
  /** Asks for a URL of the file that arrived as transfer number `transfer`. */
  | {
    readonly do: "capability";
    readonly transfer: number;
    /** Of one below the folder that arrived. */
    readonly path?: string | undefined;
  }
  /** This tab can, or can no longer, take calls: it has what they need. */
  | { readonly do: "call-ready"; readonly ready: boolean }
  /** Calls a user, or everybody in a group; this tab takes the call. */
  | {
    readonly do: "call";
    readonly ref: number;
    readonly to: CallTarget;
    readonly media: CallMedia;
  }
  /** Answers a call that rings; this tab takes it. */
  | {
    readonly do: "call-answer";
    readonly ref: number;
    readonly call: number;
    readonly media: CallMedia;
  }
  /** Declines it, takes it back, or hangs up. */
  | {
    readonly do: "call-end";
    readonly ref: number;
    readonly call: number;
  }
  /** The end of the connection with `peer`, as this tab's browser has it. */
  | {
    readonly do: "call-description";
    readonly call: number;
    readonly peer: string;
    readonly description: CallDescription;
  }
  /**
   * The connection with `peer` is up, and the certificate is the one that was
   * described; or it is down.
   */
  | {
    readonly do: "call-connected";
    readonly call: number;
    readonly peer: string;
    readonly link: BrowserLink;
  }
  /** Logs out: the form comes again. Not where the client has a terminal. */
  | { readonly do: "leave" }
  /** Ends the client. Not where it has a terminal. */
  | { readonly do: "quit" };

/** A password, a yes or no, or the old password and a new one. */
export type GivenAnswer = string | boolean | {
  readonly old: string;
  readonly new: string;
};

/** Who is called. */
export type CallTarget = ChatTarget & { readonly kind: "user" | "group" };

/** What the client says. */
export type ClientMessage =
  /** To `prove`: HMAC-SHA-256 of its nonce by {@link TokenReply.key}, base64url. */
  | { readonly tell: "proof"; readonly proof: string }
  /** After `hello`, and when it changes. */
  | { readonly tell: "phase" } & Phase
  /** All there is to see; first, and again after events that came too fast. */
  | { readonly tell: "snapshot"; readonly view: ViewSnapshot }
  /**
   * Something happened.
   *
   * `text`: the lines that people read of it, where it has any. `own`: it is the
   * result of a line that was entered in this tab.
   */
  | {
    readonly tell: "event";
    readonly event: ClientEvent | QuietEvent;
    readonly text?: readonly string[];
    readonly own?: true;
  }
  /**
   * What became of `submit`, `say` or `send` number `ref`. `n` is its number in
   * the client, which the event `result` has, too; absent if it never got one.
   */
  | {
    readonly tell: "outcome";
    readonly ref: number;
    readonly n?: number;
    readonly outcome: CommandOutcome;
    /** The lines that people read of it. */
    readonly text: readonly string[];
  }
  /** Asks the user; in all tabs, but `new-password` only where it was wanted. */
  | { readonly tell: "question" } & AskedQuestion
  /** Answered in another tab, or not to be answered any more. */
  | { readonly tell: "question-gone"; readonly question: number }
  /** What could stand in place of the text from `start` to the cursor. */
  | {
    readonly tell: "suggestions";
    readonly ref: number;
    readonly start: number;
    readonly items: readonly string[];
  }
  /** Where the file of a transfer is; `url` is absent when it is gone. */
  | {
    readonly tell: "capability";
    readonly transfer: number;
    /** As asked for. */
    readonly path?: string | undefined;
    readonly url?: string;
    /** Shows in the page as this; absent for what can only be saved. */
    readonly shows?: "image" | "video" | "audio";
  }
  /** Of a call that this tab takes; what all tabs are told is event `call`. */
  | CallTold
  /**
   * What cannot be done; the socket is closed after it when `closed` is set.
   *
   * `why`: the page's token is none, or it is one page too many.
   */
  | {
    readonly tell: "error";
    readonly message: string;
    readonly closed?: true;
    readonly why?: "token" | "full";
  };

/** Where the client stands. */
export interface Phase {
  /**
   * `form`: nobody is logged in, `login` does it. `connecting`: until the first
   * welcome. `open`: from then on, also while the connection is lost. `ended`:
   * the client ends, and the page with it.
   */
  readonly phase: "form" | "connecting" | "open" | "ended";
  /** Another one for each login; absent while nobody logs in. */
  readonly login?: string;
  /** The client has a terminal besides, whose user decides when it ends. */
  readonly attached?: true;
  /** Where somebody logged in before, newest first, then saved ones. */
  readonly servers: readonly ServerChoice[];
  /** As given at the start, or tried last. */
  readonly server?: string;
  readonly user?: string;
  /** Why the last login failed or the session ended, for people. */
  readonly message?: string;
  /** Its code. */
  readonly code?: string;
}

/** Something that only the user knows. */
export interface AskedQuestion {
  /** Its number. */
  readonly question: number;
  readonly kind: "password" | "confirm" | "new-password";
  /** Why it is asked; stands before it. */
  readonly reason?: string;
  /** The question itself, a sentence. */
  readonly ask: string;
}

/** Body of `POST /token`. */
export interface TokenRequest {
  readonly secret: string;
}

/** What it gives. */
export interface TokenReply {
  readonly token: string;
  /** What the client proves by that it is this one. */
  readonly key: string;
  /** Where it stands, so that nobody has to wait for the form. */
  readonly phase: Phase;
}

/**
 * A message of the page.
 *
 * @throws {SchemaError} when it is none.
 */
export function decodePageMessage(text: string): PageMessage {
  const value = parse(text);
  const { do: name } = object({ do: string(1, 32) })(value, "");
  const check = Object.hasOwn(checks, name)
    ? checks[name as keyof typeof checks]
    : undefined;
  if (check === undefined) throw new SchemaError("do", "the name of a message");
  return { do: name, ...check(value, "") } as PageMessage;
}

/**
 * The body of `POST /token`.
 *
 * @throws {SchemaError} when it is none.
 */
export function decodeTokenRequest(text: string): TokenRequest {
  return object({ secret: id })(parse(text), "");
}

/** True for what may be a secret, a token, a batch or a capability. */
export function isId(text: string): boolean {
  return idForm.test(text);
}

function parse(text: string): unknown {
  if (text.length > mostMessageBytes) throw new SchemaError("", "shorter");
  try {
    return JSON.parse(text);
  } catch {
    throw new SchemaError("", "JSON");
  }
}

function target(value: unknown, path: string): ChatTarget {
  const { kind, name } = object({
    kind: oneOf("user", "group", "session"),
    name: string(1, mostNameLength),
  })(value, path);
  if (isNameOf(kind, name)) return { kind, name };
  throw new SchemaError(path, "a chat");
}

function callTarget(value: unknown, path: string): CallTarget {
  const { kind, name } = target(value, path);
  if (kind !== "session") return { kind, name };
  throw new SchemaError(path, "a user or a group");
}

function userName(value: unknown, path: string): string {
  const name = string(1, mostNameLength)(value, path);
  if (isUserName(name)) return name;
  throw new SchemaError(path, "the name of a user");
}

function conversation(value: unknown, path: string): ConversationKey {
  const key = string(1, mostNameLength)(value, path);
  const kind = kinds[key.slice(0, 1)];
  const isOne = key === "*" ||
    kind !== undefined && isNameOf(kind, key.slice(1));
  if (isOne) return key as ConversationKey;
  throw new SchemaError(path, "a conversation");
}

const kinds: Record<string, ChatTarget["kind"] | undefined> = {
  "@": "user",
  "=": "session",
  "#": "group",
};

function isNameOf(kind: ChatTarget["kind"], name: string): boolean {
  if (kind === "group") return isGroupName(name);
  const [user = "", device] = name.split(/@(.*)/s, 2);
  return isUserName(user) && (device === undefined || isDeviceName(device));
}

function answer(value: unknown, path: string): GivenAnswer | null {
  if (value === null) return null;
  if (typeof value === "boolean") return value;
  if (typeof value === "string") return secretText(value, path);
  return object({ old: secretText, new: secretText })(value, path);
}

const idForm = /^[A-Za-z0-9_-]{22}$/;
const id: Check<string> = string(idCharacters, idCharacters, idForm);
const ref = integer(0);
/** Longer than any name with a sign, or a user's with a device's. */
const mostNameLength = 100;
/** Longer than a message may be; what is too long is refused as in a terminal. */
const line = string(1, 32 * 1024, /\S/);
const secretText = string(0, 1024);
const media = oneOf("voice", "video");

/** The fields of each message, besides its name. */
const checks = {
  prove: object({ nonce: id }),
  hello: object({ token: id }),
  login: object({
    server: string(1, 300),
    user: string(1, 100),
    password: secretText,
    plain: optional(boolean),
  }),
  answer: object({ question: integer(1), value: answer }),
  submit: object({ ref, line, to: optional(target) }),
  say: object({ ref, text: line, to: target }),
  send: object({ ref, to: target, batch: id, later: optional(boolean) }),
  drop: object({ batch: id }),
  see: object({
    conversation: optional(conversation),
    upto: optional(integer(0)),
  }),
  reconnect: object({}),
  suggest: object({
    ref,
    line: string(0, 32 * 1024),
    cursor: optional(integer(0, 32 * 1024)),
  }),
  capability: object({ transfer: integer(1), path: optional(string(1, 4096)) }),
  "call-ready": object({ ready: boolean }),
  call: object({ ref, to: callTarget, media }),
  "call-answer": object({ ref, call: integer(1), media }),
  "call-end": object({ ref, call: integer(1) }),
  "call-description": object({
    call: integer(1),
    peer: userName,
    description: callDescription,
  }),
  "call-connected": object({
    call: integer(1),
    peer: userName,
    link: oneOf(...browserLinks),
  }),
  leave: object({}),
  quit: object({}),
} satisfies { [K in PageMessage["do"]]: Check<Omit<MessageOf<K>, "do">> };

type MessageOf<K> = Extract<PageMessage, { do: K }>;
