/** Checks of the fields that several frames have; see the topics beside this. */
import {
  type Check,
  integer,
  list,
  object,
  string,
  told,
} from "../base/schema.ts";
import { limits } from "./limits.ts";

/** One request and what answers it. */
export interface RequestRow {
  /** What the client sends. */
  readonly fields: Check<object>;
  /** `ok` of the reply. */
  readonly ok: Check<object>;
  /**
   * Doing it twice is not the same as doing it once: it is not sent again when
   * the answer was lost with the connection.
   */
  readonly once?: true;
}

/**
 * A name in a request. It is only bounded here: whether it is well formed, and
 * what to say when it is not, is for the handler.
 */
export const askedName = told(
  string(0, 256),
  "A name has at most 32 characters",
);
/** Longer than any legal text, so that the handler can say "too long". */
export const askedText = string(0, limits.frameBytes);
/** A client's own id of a message. */
export const messageId = string(
  1,
  limits.messageIdCharacters,
  /^[\x21-\x7e]+$/,
);
/** A user's or group's name, as the server has it. */
export const name = string(1, 32);
/** Some of them. */
export const names = list(name, 0, 100_000);
/** A name, or ` (removed)` after the name of an account that is no more. */
export const shownName = string(1, 48);
/** What somebody said, or the server says. */
export const text = string(0, 64 * 1024);
/** ms since 1970 UTC. */
export const time = integer(0);
/** A TCP or UDP port; 0 for none. */
export const port = integer(0, 65535);
/** 64-bit identifier as 16 hexadecimal digits. */
export const offerId = string(16, 16, /^[0-9a-f]{16}$/);
/** Of a user; the next one of the name has another. */
export const accountId = offerId;
/** Of an installation of the client, which chose it. */
export const deviceId = offerId;
/** What a user calls a device, as the server has it. */
export const deviceName = string(1, 128);
/** 32 bytes in base64url: a public key. */
export const publicKey = string(43, 43, /^[A-Za-z0-9_-]{43}$/);
/** An address a peer can be reached at, as a client says it. */
export const ownAddress = object({
  ip: string(2, 45, /^[0-9a-fA-F:.]+$/),
  port,
});
/** The same as the server says it. */
export const address = object({ ip: string(2, 64), port });
/** No field at all. */
export const nothing = object({});
