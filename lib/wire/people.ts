/** Who is there and what is told about them: requests with replies, and events. */
import {
  boolean,
  type Check,
  integer,
  list,
  object,
  oneOf,
  optional,
  string,
} from "../base/schema.ts";
import {
  accountId,
  askedName,
  askedText,
  deviceName,
  name,
  nothing,
  port,
  publicKey,
  type RequestRow,
  text,
  time,
} from "./fields.ts";

const profileValue = optional(string(1, 1024));

/** Requests about people. */
export const peopleRequests = {
  who: {
    fields: nothing,
    ok: object({
      users: list(
        object({ user: name, since: time, ip: string(2, 64), udpPort: port }),
        0,
        1e5,
      ),
    }),
  },
  "who-since": {
    fields: object({ seconds: integer() }),
    ok: object({
      /** Last seen first. */
      users: list(object({ user: name, online: boolean, at: time }), 0, 1e5),
      /** How many there are; more than are listed when they are very many. */
      total: integer(0),
    }),
  },
  block: {
    fields: object({ user: askedName }),
    ok: object({ user: name }),
    once: true,
  },
  unblock: {
    fields: object({ user: askedName }),
    ok: object({ user: name }),
    once: true,
  },
  blocked: {
    fields: nothing,
    ok: object({ users: list(object({ user: name, since: time }), 0, 1e5) }),
  },
  profile: {
    /** One's own without `user`. */
    fields: object({ user: optional(askedName) }),
    ok: object({
      user: name,
      fields: object({
        name: profileValue,
        hometown: profileValue,
        email: profileValue,
        status: profileValue,
      }),
      /** Absent, as the other two, when that may not be seen. */
      online: optional(boolean),
      /** Of the session, when online. */
      since: optional(time),
      /** When last online, for who is not and has been. */
      lastSeen: optional(time),
    }),
  },
  "profile-set": {
    fields: object({ field: string(0, 64), value: askedText }),
    ok: object({ field: string(1, 64), value: text }),
  },
  rename: {
    fields: object({ name: askedName }),
    ok: object({ from: name, to: name }),
    once: true,
  },
  find: {
    fields: object({
      name: askedName,
      kind: optional(oneOf("user", "group")),
    }),
    ok: object({
      kind: oneOf("user", "group"),
      name,
      /** True when there is both a user and a group of this name. */
      ambiguous: boolean,
    }),
  },
} as const satisfies Record<string, RequestRow>;

/** Events about people. */
export const peopleEvents = {
  presence: object({
    user: name,
    online: boolean,
    at: time,
    /** Ed25519 public key of who came online, if the client has one. */
    identity: optional(publicKey),
    /** Of who came online: another one is another person. */
    account: optional(accountId),
  }),
  renamed: object({ from: name, to: name }),
  /** From another device the user changed the profile, blocks, or devices. */
  changed: object({
    what: string(1, 32),
    /** What a device that has another name now was called. */
    from: optional(deviceName),
    /** Its name now. */
    to: optional(deviceName),
  }),
} as const satisfies Record<string, Check<object>>;
