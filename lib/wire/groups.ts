/** Group chats: requests with their replies, and events. */
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
  askedName,
  askedText,
  name,
  names,
  type RequestRow,
  time,
} from "./fields.ts";
import { limits } from "./limits.ts";

/** What a group is about; absent when nothing is said. */
const topic = optional(string(1, 1024));

/** Requests about groups. */
export const groupRequests = {
  "group-create": {
    fields: object({
      group: askedName,
      users: list(askedName, 0, limits.groupUsers),
      leaderOnly: optional(boolean),
    }),
    ok: object({ group: name, members: names }),
    once: true,
  },
  "group-join": {
    fields: object({ group: askedName }),
    ok: object({ group: name, members: names }),
    once: true,
  },
  "group-leave": {
    fields: object({ group: askedName }),
    ok: object({
      group: name,
      /** True when the user was invited and had not joined. */
      declined: boolean,
      /** Who leads now, when the user did. */
      leader: optional(name),
      /** True when the user was the last one. */
      ended: boolean,
    }),
    once: true,
  },
  "group-add": {
    fields: object({ group: askedName, user: askedName }),
    ok: object({ group: name, user: name }),
    once: true,
  },
  "group-remove": {
    fields: object({ group: askedName, user: askedName }),
    ok: object({
      group: name,
      user: name,
      /** True when it was an invitation that was withdrawn. */
      invited: boolean,
    }),
    once: true,
  },
  "group-promote": {
    fields: object({ group: askedName, user: askedName }),
    ok: object({ group: name, leader: name }),
    once: true,
  },
  "group-set": {
    /** What is absent stays as it is. */
    fields: object({
      group: askedName,
      history: optional(boolean),
      topic: optional(askedText),
    }),
    ok: object({ group: name, history: boolean, topic }),
  },
  groups: {
    fields: object({ digests: optional(boolean) }),
    ok: object({
      groups: list(
        object({
          group: name,
          leader: name,
          joined: boolean,
          leaderOnly: boolean,
          /** How many have joined. */
          size: integer(0),
          /** See `groupDigest`; when it was asked for. */
          digest: optional(string(1, 64)),
        }),
        0,
        1e5,
      ),
    }),
  },
  "group-members": {
    fields: object({ group: askedName }),
    ok: object({
      group: name,
      leader: name,
      leaderOnly: boolean,
      /** True when who joins may see what was said before. */
      history: optional(boolean),
      topic,
      joined: names,
      invited: names,
    }),
  },
} as const satisfies Record<string, RequestRow>;

/** Events about groups. */
export const groupEvents = {
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
  /** What a group is about now, or nothing; `by` is absent for who was away. */
  topic: object({
    group: name,
    topic: string(0, 1024),
    by: optional(name),
    at: time,
  }),
  "group-end": object({ group: name, at: time }),
} as const satisfies Record<string, Check<object>>;
