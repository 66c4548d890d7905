/** The commands about group chats, and how news of groups reads. */
import type { Random } from "../../base/ports.ts";
import { visible } from "../../base/text.ts";
import { formatTime } from "../../base/time.ts";
import type { groupEvents } from "../../wire/groups.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { EventFields, ReplyFields } from "../../wire/server_frame.ts";
import {
  asks,
  asksWith,
  type CommandHost,
  does,
  type Look,
  type Settle,
} from "./command.ts";

/** The commands of the topic. */
export const groupCommands = {
  creategroup: asks({
    usage: "/creategroup GROUP USER…",
    summary: "make a group chat and invite users to it",
    example: "/creategroup jedi luke leia",
    arguments: [{ kind: "group" }, { kind: "user", repeated: true }],
    read: readNewGroup,
    request: "group-create",
    answer: withInvited,
    show: showCreated,
  }),
  createbroadcast: asksWith({
    usage: "/createbroadcast GROUP USER…",
    summary: "the same, but only its leader may post",
    example: "/createbroadcast news luke leia",
    arguments: [{ kind: "group" }, { kind: "user", repeated: true }],
    read: readNewGroup,
    request: "group-create",
    fields: (given: NewGroup) => ({ ...given, leaderOnly: true }),
    answer: withInvited,
    show: ({ group, invited }, { name, names }) => [
      `group chat ${name(group)} created, in which you alone may post; ` +
      `invited: ${names(invited)}`,
    ],
  }),
  joingroup: asks({
    aliases: ["join"],
    usage: "/joingroup GROUP",
    summary: "join a group chat you are invited to",
    example: "/joingroup jedi",
    arguments: [{ kind: "group" }],
    read: readGroup,
    request: "group-join",
    show: ({ group, members }, { name, names }) => [
      `you joined group chat ${name(group)}, members: ${names(members)}`,
    ],
  }),
  leavegroup: asks({
    aliases: ["part"],
    usage: "/leavegroup GROUP",
    summary: "leave a group chat, or decline its invitation",
    example: "/leavegroup jedi",
    arguments: [{ kind: "group" }],
    read: readGroup,
    request: "group-leave",
    show({ group, declined, leader, ended }, { name }) {
      const chat = `group chat ${name(group)}`;
      if (declined) return [`you declined the invitation to ${chat}`];
      const then = ended
        ? "; it has ended"
        : leader === undefined
        ? ""
        : `; ${name(leader)} leads it now`;
      return [`you left ${chat}${then}`];
    },
  }),
  groupmsg: asksWith({
    words: ["SRM"],
    usage: "/groupmsg GROUP TEXT",
    summary: "send a message to all who joined the group",
    example: "/groupmsg jedi the council meets at noon",
    arguments: [{ kind: "group" }, { kind: "text" }],
    read: ([group = "", text = ""]) => ({ group, text }),
    request: "group-message",
    fields: (given, { messageId }) => ({ ...given, mid: messageId() }),
    answer: (ok, { group }) => ({ ...ok, group }),
    show(answer, look) {
      const { at, number } = answer;
      const alone = aloneText(answer, look);
      const but = alone === undefined ? "" : `, but ${alone}`;
      return [`message sent at ${formatTime(at)} (number ${number})${but}`];
    },
    remark: aloneText,
  }),
  srb: does({
    words: ["SRB"],
    usage: "/SRB USER…",
    summary: "make a group chat with a made-up name",
    details: "It is made up from the names of the users.",
    example: "/SRB luke leia",
    arguments: [{ kind: "user" }, { kind: "user", repeated: true }],
    read: (users) => ({ users: [...new Set(users)] }),
    run: ({ users }, host, settle: Settle<Created>) =>
      makeRoom(users, host, settle, 0),
    show: showCreated,
  }),
  groups: asks({
    usage: "/groups",
    summary: "the group chats I am in or invited to",
    example: "/groups",
    request: "groups",
    show({ groups }, { name }) {
      if (groups.length === 0) return ["you are in no group chat"];
      return groups.map(({ group, leader, joined, leaderOnly, size }) => {
        const count = size === 1 ? "1 member" : `${size} members`;
        const members = leaderOnly ? `who alone may post, ${count}` : count;
        const open = joined ? "" : `; invited, /joingroup ${visible(group)}`;
        return `${name(group)}, led by ${name(leader)}, ${members}${open}`;
      });
    },
  }),
  members: asks({
    aliases: ["names"],
    usage: "/members GROUP",
    summary: "who is in a group chat and who leads it",
    example: "/members jedi",
    arguments: [{ kind: "group" }],
    read: readGroup,
    request: "group-members",
    show(answer, { name, names }) {
      const { group, leader, leaderOnly, joined, invited } = answer;
      const posts = leaderOnly ? ", who alone may post" : "";
      return [
        `group chat ${name(group)}, led by ${name(leader)}${posts}`,
        ...(answer.topic === undefined
          ? []
          : [`topic: ${visible(answer.topic)}`]),
        `joined: ${names(joined)}`,
        ...(invited.length === 0 ? [] : [`invited: ${names(invited)}`]),
        historyRule(answer.history ?? false, name(group)),
      ];
    },
  }),
  topic: does({
    usage: "/topic [GROUP [TEXT]]",
    summary: "what a group is about; leader: set it",
    details: "Alone, of the group chat that is open. - in the place of TEXT " +
      "clears it.",
    example: "/topic jedi the plans of the station",
    arguments: [
      { kind: "group", optional: true },
      { kind: "text", optional: true },
    ],
    read: ([group, text]): { group?: string; topic?: string } => ({
      ...(group !== undefined && { group }),
      ...(text !== undefined && { topic: readTopic(text) }),
    }),
    run({ group: named, topic }, { chat, request }, settle: Settle<Topic>) {
      const { target } = chat;
      const group = named ?? (target?.kind === "group" && target.name);
      if (!group) {
        const message =
          "No group chat is open; /topic GROUP tells the topic of one";
        return settle({ code: "no_chat", message });
      }
      if (topic === undefined) {
        request(
          "group-members",
          { group },
          (reply) =>
            settle(reply.ok === undefined ? reply : { ok: topicOf(reply.ok) }),
        );
      } else {
        request(
          "group-set",
          { group, topic },
          (reply) =>
            settle(reply.ok === undefined ? reply : { ok: topicOf(reply.ok) }),
        );
      }
    },
    show: (answer, look) => [topicText(answer, look)],
  }),
  setgroup: asks({
    usage: "/setgroup GROUP FIELD VALUE",
    summary: "leader: set history (on, off) or topic",
    details: "With history on, who joins later sees what was said before. " +
      "The topic is also set by /topic.",
    example: "/setgroup jedi history on",
    arguments: [
      { kind: "group" },
      { kind: "word", choices: ["history", "topic"] },
      { kind: "text" },
    ],
    read(
      [group = "", field = "", value = ""],
    ): RequestFields<"group-set"> | string {
      const what = field.toLowerCase();
      if (what === "topic") return { group, topic: readTopic(value) };
      if (what !== "history") {
        return `"${field}" is nothing that can be set about a group; history and topic are`;
      }
      const word = value.trim().toLowerCase();
      if (word !== "on" && word !== "off") return "history is on or off";
      return { group, history: word === "on" };
    },
    request: "group-set",
    // Only what was set.
    answer: (ok, { topic }): Topic | { group: string; history: boolean } =>
      topic === undefined
        ? { group: ok.group, history: ok.history }
        : topicOf(ok),
    show: (answer, look) => [
      "topic" in answer
        ? topicText(answer, look)
        : historyRule(answer.history, look.name(answer.group)),
    ],
  }),
  addmember: asks({
    usage: "/addmember GROUP USER",
    summary: "leader: invite another user to a group chat",
    example: "/addmember jedi ahsoka",
    arguments: [{ kind: "group" }, { kind: "user" }],
    read: readMember,
    request: "group-add",
    show: ({ group, user }, { name }) => [
      `${name(user)} is invited to group chat ${name(group)}`,
    ],
  }),
  removemember: asks({
    usage: "/removemember GROUP USER",
    summary: "leader: remove a member or an invitation",
    example: "/removemember jedi anakin",
    arguments: [{ kind: "group" }, { kind: "user" }],
    read: readMember,
    request: "group-remove",
    show({ group, user, invited }, { name }) {
      const what = invited ? "invited to" : "in";
      return [`${name(user)} is no longer ${what} group chat ${name(group)}`];
    },
  }),
  promote: asks({
    usage: "/promote GROUP USER",
    summary: "leader: make another member the leader",
    example: "/promote jedi luke",
    arguments: [{ kind: "group" }, { kind: "user" }],
    read: readMember,
    request: "group-promote",
    show: ({ group, leader }, { name }) => [
      `${name(leader)} leads group chat ${name(group)} now`,
    ],
  }),
};

/**
 * A group event of the server; `me`: it is this user who leads or is out now, or
 * who joined or left on another device.
 */
export type GroupEvent = {
  [N in keyof typeof groupEvents]:
    & { readonly event: N }
    & EventFields<N>
    & (N extends "removed" | "leader" ? { readonly me: boolean } : unknown)
    & (N extends "joined" | "left" ? { readonly me?: true } : unknown);
}[keyof typeof groupEvents];

/** How the events of groups read. */
export const groupNews: {
  [N in GroupEvent["event"]]: (
    event: Extract<GroupEvent, { event: N }>,
    look: Look,
  ) => string;
} = {
  invited: ({ group, by }, { name }) =>
    `${name(by)} invites you to group chat ${name(group)}; /joingroup ${
      visible(group)
    }`,
  joined: ({ group, user, me }, { name }) =>
    `${me ? "you" : name(user)} joined group chat ${name(group)}`,
  left({ group, user, why, me }, { name }) {
    const chat = `group chat ${name(group)}`;
    const how = {
      left: `left ${chat}`,
      declined: `declined the invitation to ${chat}`,
      "account-removed": `is no longer in ${chat}: the account was removed`,
    }[why];
    return `${me ? "you" : name(user)} ${how}`;
  },
  removed: ({ group, user, by, me }, { name }) =>
    `${name(by)} removed ${me ? "you" : name(user)} from group chat ${
      name(group)
    }`,
  leader({ group, leader, by, me }, { name }) {
    const leads = me ? "you lead" : `${name(leader)} leads`;
    const whose = by === undefined ? "" : ` (by ${name(by)})`;
    return `${leads} group chat ${name(group)} now${whose}`;
  },
  "group-set": ({ group, history, by }, { name }) =>
    `${historyRule(history, name(group))} (by ${name(by)})`,
  topic(event, look) {
    const by = event.by === undefined ? "" : ` (by ${look.name(event.by)})`;
    return topicText(event, look) + by;
  },
  "group-end": ({ group }, { name }) => `group chat ${name(group)} has ended`,
};

/** That a message to a group got to nobody. */
function aloneText(
  { group, alone, invited = [] }:
    & ReplyFields<"group-message">
    & { readonly group: string },
  { name, names }: Look,
): string | undefined {
  if (!alone) return undefined;
  const waits = invited.length === 0 ? "" : `; invited: ${names(invited)}`;
  return `nobody got it: nobody else has joined ${name(group)}${waits}`;
}

/**
 * Who may read what was said in a group before.
 *
 * @param group Its name, fit to be shown.
 */
function historyRule(history: boolean, group: string): string {
  return history
    ? `who joins ${group} later can read what was said before`
    : `who joins ${group} later reads only what is said from then on`;
}

/**
 * A name for a group whose maker gave none: the users' names joined, without
 * their dots, or `room` when nothing fit is left of them. Further attempts
 * end with 2, 3 and so on, late ones with random digits.
 *
 * @param attempt From 0.
 */
export function roomName(
  users: readonly string[],
  attempt: number,
  random: Random,
): string {
  const joined = users.join("").replace(/[^A-Za-z0-9_-]/g, "");
  const fits = joined !== "" && joined.length <= longestBase;
  const base = fits ? joined : "room";
  if (attempt === 0) return base;
  if (attempt < countedAttempts) return `${base}${attempt + 1}`;
  const digits = [...random.bytes(randomDigits)].map((byte) => byte % 10);
  return `${base}${digits.join("")}`;
}

/** What a group is about; empty when nothing is said. */
interface Topic {
  readonly group: string;
  readonly topic: string;
}

function topicOf(
  ok: { readonly group: string; readonly topic?: string },
): Topic {
  return { group: ok.group, topic: ok.topic ?? "" };
}

function topicText({ group, topic }: Topic, { name }: Look): string {
  return topic === ""
    ? `${name(group)} has no topic`
    : `the topic of ${name(group)} is: ${visible(topic)}`;
}

/** `-` stands for none. */
function readTopic(text: string): string {
  return text.trim() === "-" ? "" : text;
}

/** A new group; `invited` is everybody in `members` but this user. */
type Created = ReplyFields<"group-create"> & { invited: string[] };

/** Makes a group under the first made-up name that is free. */
function makeRoom(
  users: string[],
  host: CommandHost,
  settle: Settle<Created>,
  attempt: number,
): void {
  const group = roomName(users, attempt, host.random);
  host.request("group-create", { group, users }, (reply) => {
    if (reply.code === "group_exists" && attempt < mostRoomNames) {
      makeRoom(users, host, settle, attempt + 1);
    } else if (reply.ok === undefined) settle(reply);
    else settle({ ok: withInvited(reply.ok, undefined, host) });
  });
}

function withInvited(
  ok: ReplyFields<"group-create">,
  _: unknown,
  host: CommandHost,
): Created {
  const self = host.self();
  return { ...ok, invited: ok.members.filter((user) => user !== self) };
}

function showCreated(
  { group, invited }: Created,
  { name, names }: Look,
): string[] {
  return [`group chat ${name(group)} created; invited: ${names(invited)}`];
}

function readGroup([group = ""]: readonly string[]) {
  return { group };
}

interface NewGroup {
  group: string;
  users: string[];
}

function readNewGroup(
  [group = "", ...users]: readonly string[],
): NewGroup {
  return { group, users: [...new Set(users)] };
}

function readMember([group = "", user = ""]: readonly string[]) {
  return { group, user };
}

const countedAttempts = 8;
const randomDigits = 8;
/** Leaves room for the digits in a name of 32 characters. */
const longestBase = 32 - randomDigits;
/** Names tried for a room before giving up; the later ones are random. */
const mostRoomNames = 12;
