/** The commands about messages and what was said before. */
import { meantUser } from "./peer.ts";
import { formatTime } from "../../base/time.ts";
import { visible } from "../../base/text.ts";
import { limits } from "../../wire/limits.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import {
  asksWith,
  does,
  type Look,
  readChatName,
  type Settle,
} from "./command.ts";
import { historyCommands, positive } from "./history.ts";
import { sendMessages } from "./message_send.ts";

/** The commands of the topic. */
export const messageCommands = {
  msgto: does({
    aliases: ["msg", "w"],
    words: ["message"],
    usage: "/msgto USER[,USER…] TEXT",
    summary: "send a private message",
    details:
      "To N users it may also be written /msgto N USER1 … USERN TEXT. Who is offline gets it at the next login.",
    example: "/msgto leia do or do not",
    arguments: [{ kind: "user-list" }, { kind: "text" }],
    read: readMessage,
    run({ to, text }, host, settle: Settle<ReplyFields<"message">>) {
      sendMessages(
        to.map((user) => ({ to: [user], text, mid: host.messageId() })),
        (fields, onReply) =>
          host.request("message", fields, (reply) => {
            for (const { to } of reply.ok?.sent ?? []) {
              host.identities.handleSent(to);
            }
            onReply(reply);
          }),
        settle,
      );
    },
    show(answer, look) {
      const { at, sent } = answer;
      const numbers = sent.map((each) => each.number);
      const label = numbers.length === 1 ? "number" : "numbers";
      const kept = keptText(answer, look);
      return [
        `message sent at ${formatTime(at)}${
          kept === undefined ? "" : `, ${kept}`
        } (${label} ${numbers.join(", ")})`,
      ];
    },
    remark: keptText,
  }),
  broadcast: asksWith({
    words: ["BCM", "broadcast"],
    usage: "/broadcast TEXT",
    summary: "send a message to everybody online",
    example: "/broadcast the council meets at noon",
    arguments: [{ kind: "text" }],
    read: ([text = ""]) => ({ text }),
    request: "broadcast",
    fields: ({ text }, { messageId }) => ({ text, mid: messageId() }),
    show(answer) {
      const few = fewText(answer);
      const but = few === undefined ? "" : `, but ${few}`;
      return [
        `message sent at ${
          formatTime(answer.at)
        }${but} (number ${answer.number})`,
      ];
    },
    remark: fewText,
  }),
  chat: does({
    usage: "/chat [USER|GROUP]",
    summary: "lines without a slash go there; alone: ends it",
    details:
      "On a terminal it shows what was said there last. //TEXT sends /TEXT. " +
      "/chat =USER writes into the private session with USER.",
    example: "/chat luke",
    arguments: [{ kind: "chat", optional: true }],
    read: ([target]): { target?: string } =>
      target === undefined ? {} : { target },
    run({ target }, host, settle: Settle<ChatAnswer>) {
      const { chat, request, recall, offers } = host;
      if (target === undefined) {
        if (chat.target === undefined) {
          const message =
            "No chat is open; /chat USER or /chat GROUP opens one";
          return settle({ code: "no_chat", message });
        }
        chat.set(undefined);
        return settle({ ok: { kind: "none" } });
      }
      if (target.startsWith("=")) {
        const typed = meantUser(target.slice(1), host.self());
        const name = offers.openSessionWith(typed);
        if (name === undefined) return settle(noSession(typed));
        chat.set({ kind: "session", name });
        return settle({ ok: { kind: "session", name } });
      }
      request("find", readChatName(target), (reply) => {
        if (reply.ok === undefined) return settle(reply);
        const { kind, name } = reply.ok;
        chat.set({ kind, name });
        const isPrivate = kind === "user" &&
          offers.openSessionWith(name) !== undefined;
        const beside = isPrivate ? { session: true as const } : {};
        settle({ ok: { ...reply.ok, ...beside } });
        recall({ kind, name });
      });
    },
    show(answer, { name }) {
      // That it is closed is told by its event: it may also end by itself.
      if (answer.kind === "none") return [];
      const target = name(answer.name);
      const plain = visible(answer.name);
      if (answer.kind === "session") {
        return [
          `lines without a slash go to ${target} alone now, past the server; /chat stops that`,
        ];
      }
      const isUser = answer.kind === "user";
      const where = isUser ? target : `group chat ${target}`;
      const other = !answer.ambiguous
        ? ""
        : isUser
        ? ` (the user; /chat #${plain} is the group chat)`
        : ` (the group chat; /chat @${plain} is the user)`;
      const way = answer.session
        ? `, by way of the server; /chat =${plain} writes into the private session`
        : "";
      return [
        `lines without a slash go to ${where} now${other}${way}; /chat stops that`,
      ];
    },
  }),
  ...historyCommands,
  seen: asksWith({
    usage: "/seen USER|GROUP|all",
    summary: "what was said there counts as seen",
    details:
      "On all devices. What is read on the screen and what is answered does so by itself.",
    example: "/seen luke",
    arguments: [{ kind: "chat", choices: ["all"] }],
    read: ([name = ""]) => ({ name }),
    request: "seen",
    fields({ name }) {
      if (name.toLowerCase() === "all") return { all: true };
      const { kind, name: bare } = readChatName(name);
      if (kind === undefined) return { name };
      return kind === "user" ? { with: bare } : { group: bare };
    },
    show({ with: user, group }, { name }) {
      if (group !== undefined) {
        return [`all of ${name(group)} is marked as seen`];
      }
      if (user === undefined) return ["everything is marked as seen"];
      return [`all messages of ${name(user)} are marked as seen`];
    },
  }),
  deletemsg: asksWith({
    aliases: ["deletep2pmsg"],
    usage: "/deletemsg NUMBER",
    summary: "take back a message of mine",
    example: "/deletemsg 12",
    arguments: [{ kind: "number" }],
    read: ([number = ""]) =>
      positive.test(number)
        ? { number: Number(number) }
        : `"${number}" is no message number`,
    request: "delete",
    fields: (given, { messageId }) => ({ ...given, mid: messageId() }),
    // Of the message that is no more; `number` is of the log's line about it.
    answer: (ok, { number }) => ({ ...ok, deleted: number }),
    show: showDeletion,
  }),
  deletegroupmsg: asksWith({
    usage: "/deletegroupmsg GROUP NUMBER",
    summary: "take back a message of mine to a group chat",
    example: "/deletegroupmsg jedi 3",
    arguments: [{ kind: "group" }, { kind: "number" }],
    read: ([group = "", number = ""]) =>
      positive.test(number)
        ? { group, number: Number(number) }
        : `"${number}" is no message number`,
    request: "delete",
    fields: (given, { messageId }) => ({ ...given, mid: messageId() }),
    answer: (ok, { group, number }) => ({ ...ok, group, deleted: number }),
    show: showDeletion,
  }),
};

/** Where lines without a slash go now. */
type ChatAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "session"; readonly name: string }
  | ReplyFields<"find"> & {
    /** There is an open private session with the user, too. */
    readonly session?: true;
  };

function noSession(user: string) {
  const message =
    `No private session with ${user} is open; /startprivate ${user} asks for one`;
  return { code: "no_session", message };
}

/** For whom a private message waits. */
function keptText(
  { sent }: ReplyFields<"message">,
  { names }: Look,
): string | undefined {
  const kept = sent.filter((each) => each.kept).map((each) => each.to);
  if (kept.length === 0) return undefined;
  const verb = kept.length === 1 ? "is" : "are";
  return `kept for ${names(kept)}, who ${verb} offline`;
}

/** That a broadcast did not get to everybody, or to nobody. */
function fewText(
  { partial, alone }: ReplyFields<"broadcast">,
): string | undefined {
  const some = partial ? ["some could not get it"] : [];
  const none = alone ? ["nobody else is online"] : [];
  const few = [...some, ...none];
  return few.length === 0 ? undefined : few.join(", but ");
}

function showDeletion({ at, deleted }: { at: number; deleted: number }) {
  return [`message ${deleted} deleted at ${formatTime(at)}`];
}

interface Message {
  readonly to: readonly string[];
  readonly text: string;
}

/**
 * Reads `USER[,USER…] TEXT` or, as older clients have it, `N USER1 … USERN
 * TEXT`. A first word of digits is the count; a user whose name is a number is
 * written `@2026`.
 */
function readMessage(
  [first = "", rest = ""]: readonly string[],
): Message | string | undefined {
  if (!/^[0-9]+$/.test(first)) return messageTo(first.split(","), rest);
  const count = Number(first);
  if (count < 1 || count > limits.messageReceivers) {
    return `${first} is not a number of users from 1 to ${limits.messageReceivers}; ` +
      `a user of that name is @${first}`;
  }
  let text = rest;
  const users: string[] = [];
  while (users.length < count) {
    const [, user, after] = /^([^ \t]+)[ \t](.+)$/s.exec(text) ?? [];
    if (user === undefined || after === undefined) {
      const what = count === 1 ? "one user" : `${first} users`;
      return `after ${first} come ${what} and the text; ` +
        `a user of that name is @${first}`;
    }
    users.push(user);
    // More blanks are a slip of the finger; a text of nothing else is blank.
    text = after.trimStart() || after;
  }
  return messageTo(users, text);
}

function messageTo(
  users: readonly string[],
  text: string,
): Message | string | undefined {
  const to = new Set(users.map((user) => user.replace(/^@/, "")));
  if (to.has("")) return undefined;
  if (to.size > limits.messageReceivers) {
    return `${to.size} users are more than ${limits.messageReceivers}`;
  }
  return { to: [...to], text };
}
