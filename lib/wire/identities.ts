/** The keys of users, and how one comes to another device of its user. */
import {
  boolean,
  type Check,
  integer,
  object,
  oneOf,
  optional,
  string,
} from "../base/schema.ts";
import {
  accountId,
  askedName,
  deviceName,
  name,
  nothing,
  publicKey,
  type RequestRow,
} from "./fields.ts";

/** 32 bytes in base64url, in their one spelling: an Ed25519 public key. */
export const identityKey = string(43, 43, /^[\w-]{42}[AEIMQUYcgkosw048]$/);

const linkStep = oneOf("ask", "offer", "reveal", "confirm", "key", "stop");
/** Nothing that the server looks at. */
const linkData = string(1, 60 * 1024, /^[\w-]+$/);

/** Requests about keys. */
export const identityRequests = {
  /** The key that a user's client signs with, or last signed with. */
  identity: {
    fields: object({
      user: askedName,
      /** Whose name that was: tells the one of today. */
      account: optional(accountId),
    }),
    ok: object({
      user: name,
      /** Another one than before is another person of the same name. */
      account: optional(accountId),
      /** Absent when the user's client has none. */
      identity: optional(publicKey),
    }),
  },
  /** The key that this device has from now on. */
  "identity-set": {
    fields: object({
      identity: identityKey,
      /** It takes the place of the user's key, which is another one. */
      replace: optional(boolean),
    }),
    ok: nothing,
  },
  /** Is passed on to the user's other sessions, or to that of one device. */
  link: {
    fields: object({
      device: optional(askedName),
      step: linkStep,
      data: linkData,
    }),
    ok: object({
      /** What the others know this device as. */
      device: deviceName,
      /** How many sessions it was passed on to. */
      sent: integer(0),
    }),
    once: true,
  },
} as const satisfies Record<string, RequestRow>;

/** Events about keys. */
export const identityEvents = {
  /** The user's key is this one from now on, as another device said. */
  identity: object({ identity: publicKey }),
  /** Another device of the user says something of linking. */
  link: object({ device: deviceName, step: linkStep, data: linkData }),
} as const satisfies Record<string, Check<object>>;
