/** Messages and what was said before: requests with their replies, and events. */
import {
  boolean,
  type Check,
  integer,
  list,
  object,
  oneOf,
  optional,
} from "../base/schema.ts";
import {
  askedName,
  askedText,
  messageId,
  name,
  names,
  type RequestRow,
  shownName,
  text,
  time,
} from "./fields.ts";
import { limits } from "./limits.ts";

/** Rises with every message of the server; old servers do not tell it. */
const sentId = optional(integer(1));

const kind = oneOf("private", "group", "broadcast");

/** How it is with one conversation: that of `with`, a `group` or the broadcasts. */
const readState = object({
  with: optional(name),
  group: optional(name),
  broadcast: optional(boolean),
  /** Messages up to this id were seen. */
  upto: integer(),
  /** How many are not. */
  unread: integer(),
});

/** A page of what was said before. */
const past = object({
  /** Oldest first. */
  messages: list(
    object({
      id: integer(1),
      kind,
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
});

/** Requests about messages. */
export const messageRequests = {
  message: {
    fields: object({
      to: list(askedName, 1, limits.messageReceivers),
      text: askedText,
      mid: messageId,
    }),
    ok: object({
      at: time,
      /** One for each receiver, in the order of the request. */
      sent: list(
        object({
          to: name,
          id: sentId,
          /** Global number in messagelog.txt. */
          number: integer(1),
          /** True when the receiver is offline and gets it at the next login. */
          kept: boolean,
        }),
        0,
        1024,
      ),
    }),
  },
  broadcast: {
    fields: object({ text: askedText, mid: messageId }),
    ok: object({
      at: time,
      id: sentId,
      number: integer(1),
      /** True when it was not for everybody online. */
      partial: boolean,
      /** True when nobody else was online. */
      alone: optional(boolean),
    }),
  },
  "group-message": {
    fields: object({ group: askedName, text: askedText, mid: messageId }),
    ok: object({
      at: time,
      id: sentId,
      number: integer(1),
      /** True when nobody else has joined the group. */
      alone: optional(boolean),
      /** Then: who is invited, a few of them. */
      invited: optional(names),
    }),
  },
  history: {
    /**
     * `name` is a user's or else a group's; at most one of `with`, `group`,
     * `name` and `kind`.
     */
    fields: object({
      with: optional(askedName),
      group: optional(askedName),
      name: optional(askedName),
      kind: optional(oneOf("broadcast", "group")),
      since: optional(integer()),
      before: optional(integer(1)),
      limit: optional(integer(1, limits.historyMessages)),
    }),
    ok: past,
  },
  search: {
    /** `name` is as in `history`; at most one of `with`, `group` and `name`. */
    fields: object({
      words: askedText,
      with: optional(askedName),
      group: optional(askedName),
      name: optional(askedName),
      before: optional(integer(1)),
      limit: optional(integer(1, limits.historyMessages)),
    }),
    ok: past,
  },
  /** The user has seen a conversation, or `all`, on this device. */
  seen: {
    /** `name` is a user's or else a group's. */
    fields: object({
      with: optional(askedName),
      group: optional(askedName),
      name: optional(askedName),
      broadcast: optional(boolean),
      all: optional(boolean),
      /** Everything that there is now when absent. */
      upto: optional(integer()),
    }),
    ok: object({
      with: optional(name),
      group: optional(name),
      broadcast: optional(boolean),
      all: optional(boolean),
      /** Where the mark is now, which never goes back. */
      upto: integer(),
    }),
  },
  delete: {
    /** `group`: the number is of the group's log, not of messagelog.txt. */
    fields: object({
      number: integer(1),
      group: optional(askedName),
      mid: messageId,
    }),
    ok: object({
      at: time,
      /** Of the log's line that tells it. */
      number: integer(1),
    }),
  },
} as const satisfies Record<string, RequestRow>;

/** True when the user did it, from another device. */
const mine = optional(boolean);
/** Then: whom a private message is to. */
const to = optional(shownName);

/** Events about messages. */
export const messageEvents = {
  message: object({
    /** Rises with every message; acknowledge with `ack {upto}`. */
    id: integer(1),
    kind,
    /** messagelog.txt's number, or the group log's. */
    number: integer(1),
    at: time,
    from: shownName,
    group: optional(name),
    text,
    /** True when it was sent while the receiver was offline. */
    kept: optional(boolean),
    mine,
    to,
  }),
  /** A message was taken back by its sender; in order with the messages. */
  deleted: object({
    id: integer(1),
    kind,
    /** Of the message that is no more. */
    number: integer(1),
    at: time,
    from: shownName,
    group: optional(name),
    mine,
    to,
  }),
  /** What the user wrote to somebody is on a device of theirs. */
  delivered: object({
    to: name,
    /** Of the last private message to them that is. */
    number: integer(1),
    /** True when one of those that this tells of was sent while they were offline. */
    kept: optional(boolean),
  }),
  /** The user has seen a conversation, on another device. */
  seen: object({
    with: optional(name),
    group: optional(name),
    broadcast: optional(boolean),
    /** Messages up to this id were seen. */
    upto: integer(),
    /** How many were not, of those up to `last`. */
    unread: integer(),
    /** Messages up to this id were counted. */
    last: integer(),
  }),
  /** What the user has not seen, the conversation with the newest first. */
  unseen: object({
    conversations: list(readState, 0, limits.unseenConversations),
    /** Messages up to this id were counted: what is not listed was seen. */
    last: integer(),
  }),
} as const satisfies Record<string, Check<object>>;
