/**
 * Carries out commands: each becomes a request, a transfer or an answer of the
 * client itself, and is settled exactly once with its outcome.
 */
import { encodeBase64Url } from "@std/encoding/base64url";
import {
  type ChatTarget,
  type Command,
  readChatName,
} from "../commands/command.ts";
import { help } from "../commands/help.ts";
import type { Random } from "../../base/ports.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import type { OnReply, Reply, ReplyFields } from "../../wire/server_frame.ts";
import type { ClientEffect } from "../events/client_effect.ts";
import type {
  ClientEvent,
  CommandAnswers,
  CommandOutcome,
} from "../events/client_event.ts";
import type { PasswordChange } from "./password_change.ts";
import type { Offers } from "./offers.ts";
import type { PeerIdentities } from "../trust/peer_identities.ts";
import type { GroupSend } from "../offers/group_send.ts";
import { sendMessages } from "./message_send.ts";
import { verify } from "./verify.ts";
import { limits } from "../../wire/limits.ts";

/** What the runner needs from the session it belongs to. */
export interface CommandHost {
  readonly random: Random;
  readonly offers: Offers;
  readonly passwords: PasswordChange;
  readonly chat: Chat;
  readonly groupSend: GroupSend;
  readonly identities: PeerIdentities;
  /** This user's name, as the server has it. */
  self(): string;
  effect(effect: ClientEffect): void;
  /** This user has another name. */
  renamed(from: string, to: string): void;
  request<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void;
  /** Tells what became of command number `n`. */
  settle(n: number, outcome: CommandOutcome): void;
  /** Starts the clean end; command `n` is settled when it is reached. */
  logout(n: number): void;
}

/** Runs the commands of one session. */
export class CommandRunner {
  readonly #host: CommandHost;
  /** Makes message ids of this run differ from those of every other run. */
  readonly #run: string;
  #nextMessage = 1;
  #limit: number;

  /** @param limit Bytes a second that are sent at most; 0 for no limit. */
  constructor(host: CommandHost, limit: number) {
    this.#host = host;
    this.#limit = limit;
    this.#run = encodeBase64Url(host.random.bytes(9));
  }

  /** Starts command number `n`. */
  run(command: Command, n: number): void {
    const { offers } = this.#host;
    switch (command.command) {
      case "msgto":
        return this.#message(n, command.to, command.text);
      case "groupmsg": {
        const { group, text } = command;
        const fields = { group, text, mid: this.#messageId() };
        return this.#ask(
          "groupmsg",
          n,
          "group-message",
          fields,
          (answer) => ({ ...answer, group }),
        );
      }
      case "broadcast": {
        const fields = { text: command.text, mid: this.#messageId() };
        return this.#ask("broadcast", n, "broadcast", fields, (a) => a);
      }
      case "whoelsesince": {
        const { seconds } = command;
        return this.#ask("whoelsesince", n, "who-since", { seconds }, (a) => a);
      }
      case "history":
      case "rdm":
        return readHistory(
          command,
          (fields, onReply) => this.#host.request("history", fields, onReply),
          (answer) => this.#settleHistory(command.command, n, answer),
        );
      case "deletemsg": {
        const { number } = command;
        const fields = { number, mid: this.#messageId() };
        const answerOf = (a: Deletion) => ({ ...a, deleted: number });
        return this.#ask("deletemsg", n, "delete", fields, answerOf);
      }
      case "deletegroupmsg": {
        const { number, group } = command;
        const fields = { number, group, mid: this.#messageId() };
        const answerOf = (a: Deletion) => ({ ...a, group, deleted: number });
        return this.#ask("deletegroupmsg", n, "delete", fields, answerOf);
      }
      case "activeuser":
        return this.#ask("activeuser", n, "who", {}, (answer) => answer);
      case "block":
        return this.#ask(
          "block",
          n,
          "block",
          { user: command.user },
          (answer) => {
            offers.sessions.handleBlocked(answer.user);
            return answer;
          },
        );
      case "unblock": {
        const { user } = command;
        return this.#ask("unblock", n, "unblock", { user }, (answer) => answer);
      }
      case "blocked":
        return this.#ask("blocked", n, "blocked", {}, (answer) => answer);
      case "profile": {
        const { command: name, user } = command;
        const fields = user === undefined ? {} : { user };
        return this.#ask(name, n, name, fields, (answer) => answer);
      }
      case "setprofile": {
        const { command: name, field, value } = command;
        const fields = { field, value };
        return this.#ask(name, n, "profile-set", fields, (answer) => answer);
      }
      case "changepassword":
        return this.#host.passwords.start(n);
      case "rename": {
        const fields = { name: command.to };
        return this.#ask("rename", n, "rename", fields, (answer) => {
          this.#host.renamed(answer.from, answer.to);
          return answer;
        });
      }
      case "verify":
        return verify(command, n, this.#host);
      case "creategroup": {
        const { group, users } = command;
        const fields = { group, users: [...users] };
        return this.#ask(
          "creategroup",
          n,
          "group-create",
          fields,
          (answer) => this.#withInvited(answer),
        );
      }
      case "createbroadcast": {
        const { group, users } = command;
        const fields = { group, users: [...users], leaderOnly: true };
        return this.#ask(
          "createbroadcast",
          n,
          "group-create",
          fields,
          (answer) => this.#withInvited(answer),
        );
      }
      case "setgroup": {
        const { group, history } = command;
        const fields = { group, history };
        return this.#ask("setgroup", n, "group-set", fields, (a) => a);
      }
      case "leavegroup": {
        const { group } = command;
        return this.#ask("leavegroup", n, "group-leave", { group }, (a) => a);
      }
      case "addmember": {
        const { group, user } = command;
        const fields = { group, user };
        return this.#ask("addmember", n, "group-add", fields, (a) => a);
      }
      case "removemember": {
        const { group, user } = command;
        const fields = { group, user };
        return this.#ask("removemember", n, "group-remove", fields, (a) => a);
      }
      case "promote": {
        const { group, user } = command;
        const fields = { group, user };
        return this.#ask("promote", n, "group-promote", fields, (a) => a);
      }
      case "joingroup": {
        const { group } = command;
        return this.#ask("joingroup", n, "group-join", { group }, (a) => a);
      }
      case "groups":
        return this.#ask("groups", n, "groups", {}, (answer) => answer);
      case "members": {
        const { group } = command;
        return this.#ask("members", n, "group-members", { group }, (a) => a);
      }
      case "startprivate":
        return offers.sessions.start(command.user, n);
      case "private":
        return offers.sendPrivate(command.user, command.text, n);
      case "stopprivate":
        return offers.sessions.stop(command.user, n);
      case "srb":
        return this.#makeRoom(n, command.users, 0);
      case "chat":
        return this.#chat(n, command.target);
      case "p2pvideo":
        return offers.transfers.send(command.to, command.file, n);
      case "groupvideo":
        return this.#host.groupSend.send(command.group, command.file, n);
      case "limit":
        return this.#setLimit(n, command.rate);
      case "accept":
        return offers.accept(command.transfer, n);
      case "reject":
        return offers.reject(command.transfer, n);
      case "cancel":
        return offers.cancel(command.transfer, n);
      case "transfers": {
        const answer = offers.list();
        return this.#host.settle(n, { command: "transfers", ok: true, answer });
      }
      case "notify": {
        // Whoever shows the events takes it from there.
        const answer = { notify: command.notify };
        return this.#host.settle(n, { command: "notify", ok: true, answer });
      }
      case "help":
        return this.#help(n, command.topic);
      case "logout":
        return this.#host.logout(n);
    }
  }

  #withInvited(answer: ReplyFields<"group-create">) {
    const self = this.#host.self();
    const invited = answer.members.filter((user) => user !== self);
    return { ...answer, invited };
  }

  #message(n: number, users: readonly string[], text: string): void {
    const fieldsFor = (user: string) => ({
      to: [user],
      text,
      mid: this.#messageId(),
    });
    const noted = (answer: ReplyFields<"message">) => {
      const { identities } = this.#host;
      for (const { to } of answer.sent) identities.handleSent(to);
      return answer;
    };
    const [only = "", ...more] = users;
    if (more.length === 0) {
      return this.#ask("msgto", n, "message", fieldsFor(only), noted);
    }
    const { request, settle } = this.#host;
    sendMessages(
      users.map(fieldsFor),
      (fields, onReply) =>
        request("message", fields, (reply) => {
          if (reply.ok !== undefined) noted(reply.ok);
          onReply(reply);
        }),
      (outcome) => settle(n, outcome),
    );
  }

  /** Sets the limit, or only tells it. */
  #setLimit(n: number, rate = this.#limit): void {
    this.#limit = rate;
    this.#host.effect({ effect: "limit", rate });
    const answer = { limit: rate };
    this.#host.settle(n, { command: "limit", ok: true, answer });
  }

  #settleHistory(
    command: "history" | "rdm",
    n: number,
    answer: Parameters<Parameters<typeof readHistory>[2]>[0],
  ): void {
    if ("code" in answer) {
      const { code, message } = answer;
      this.#host.settle(n, { command, ok: false, code, message });
    } else this.#host.settle(n, { command, ok: true, answer });
  }

  /** Makes a group under the first made-up name that is free. */
  #makeRoom(n: number, users: readonly string[], attempt: number): void {
    const group = roomName(users, attempt, this.#host.random);
    this.#host.request(
      "group-create",
      { group, users: [...users] },
      (reply) => {
        if (reply.code === "group_exists" && attempt < mostRoomNames) {
          this.#makeRoom(n, users, attempt + 1);
        } else this.#settle("srb", n, reply, (a) => this.#withInvited(a));
      },
    );
  }

  /** Opens a chat, or closes the one that is open. */
  #chat(n: number, target: string | undefined): void {
    const { chat, settle, request } = this.#host;
    const command = "chat";
    if (target === undefined) {
      if (chat.target === undefined) {
        const message = "no chat is open; /chat USER or /chat GROUP opens one";
        return settle(n, { command, ok: false, code: "no_chat", message });
      }
      chat.set(undefined);
      return settle(n, { command, ok: true, answer: { kind: "none" } });
    }
    request("find", readChatName(target), (reply) => {
      if (reply.ok !== undefined) {
        const { kind, name } = reply.ok;
        chat.set({ kind, name });
      }
      this.#settle(command, n, reply, (answer) => answer);
    });
  }

  #help(n: number, topic: string | undefined): void {
    const answer = help(topic);
    if ("message" in answer) {
      const { message } = answer;
      const code = "unknown_command";
      this.#host.settle(n, { command: "help", ok: false, code, message });
    } else this.#host.settle(n, { command: "help", ok: true, answer });
  }

  /** Sends a request whose reply settles the command. */
  #ask<C extends AskingCommand, N extends RequestName>(
    command: C,
    n: number,
    name: N,
    fields: RequestFields<N>,
    answerOf: (ok: ReplyFields<N>) => Answer<C>,
  ): void {
    this.#host.request(
      name,
      fields,
      (reply) => this.#settle(command, n, reply, answerOf),
    );
  }

  #settle<C extends AskingCommand, N extends RequestName>(
    command: C,
    n: number,
    reply: Reply<N>,
    answerOf: (ok: ReplyFields<N>) => Answer<C>,
  ): void {
    if (reply.code !== undefined) {
      const { code, message } = reply;
      return this.#host.settle(n, { command, ok: false, code, message });
    }
    const answer = answerOf(reply.ok);
    this.#host.settle(n, { command, ok: true, answer } as CommandOutcome);
  }

  #messageId(): string {
    return `${this.#run}-${this.#nextMessage++}`;
  }
}

type Deletion = ReplyFields<"delete">;
type AskingCommand = Command["command"];
type Answer<C extends AskingCommand> = Extract<
  CommandOutcome,
  { command: C; ok: true }
>["answer"];

/** Names tried for a room before giving up; the later ones are random. */
const mostRoomNames = 12;

// Reads the past for `/history` and `/RDM`: the server answers in pages of so many bytes,
// and what a user asks for may be on several.

type Ask = (
  fields: RequestFields<"history">,
  onReply: (reply: Reply<"history">) => void,
) => void;
type HistoryCommand = Extract<Command, { command: "history" | "rdm" }>;
type Refused = { readonly code: string; readonly message: string };

/**
 * Asks for page after page until there are as many messages as wanted.
 *
 * @param ask Sends one request.
 * @param done Called once, with the answer or why there is none.
 */
export function readHistory(
  command: HistoryCommand,
  ask: Ask,
  done: (answer: CommandAnswers["history"] | Refused) => void,
): void {
  const wanted = countOf(command);
  const scope = command.command === "rdm"
    ? { kind: command.kind, since: command.since }
    : scopeOf(command.name);
  let messages: ReplyFields<"history">["messages"] = [];
  let pages = 0;
  const next = (before: number | undefined) => {
    const place = before === undefined ? {} : { before };
    const limit = wanted - messages.length;
    ask({ ...scope, ...place, limit }, (reply) => {
      if (reply.code !== undefined) return done(reply);
      const { messages: page, before: rest } = reply.ok;
      messages = [...page, ...messages];
      if (rest === undefined) return done({ messages });
      const enough = messages.length >= wanted || ++pages >= mostPages;
      if (!enough) return next(rest);
      done({ messages, before: rest, earlier: earlier(command, rest) });
    });
  };
  next(command.before);
}

/** `@USER` and `#GROUP` say which is meant; the server finds out otherwise. */
function scopeOf(name: string | undefined): RequestFields<"history"> {
  if (name === undefined) return {};
  if (name.startsWith("@")) return { with: name.slice(1) };
  if (name.startsWith("#")) return { group: name.slice(1) };
  return { name };
}

function countOf(command: HistoryCommand): number {
  if (command.command === "rdm") return limits.historyMessages;
  return command.count ?? defaultCount;
}

/** What a user types to go on. */
function earlier(command: HistoryCommand, before: number): string {
  if (command.command === "rdm") {
    const letter = command.kind === "broadcast" ? "b" : "s";
    const time = new Date(command.since).toISOString();
    return `/RDM ${letter} ${time} before ${before}`;
  }
  const name = command.name === undefined ? "" : ` ${command.name}`;
  const count = command.count === undefined ? "" : ` ${command.count}`;
  return `/history${name}${count} before ${before}`;
}

const defaultCount = 20;
/** Pages may be without anything to show; somewhere there is an end. */
const mostPages = 1000;

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

const countedAttempts = 8;
const randomDigits = 8;
/** Leaves room for the digits in a name of 32 characters. */
const longestBase = 32 - randomDigits;

/** The chat that lines without a slash go to; tells the user when it changes. */
export class Chat {
  readonly #emit: (event: ClientEvent) => void;
  #target: ChatTarget | undefined;

  constructor(emit: (event: ClientEvent) => void) {
    this.#emit = emit;
  }

  /** Where lines go; `undefined` when nowhere. */
  get target(): ChatTarget | undefined {
    return this.#target;
  }

  /** Lines go there from now on, or nowhere. */
  set(target: ChatTarget | undefined): void {
    this.#target = target;
    this.#emit({ event: "chat", ...(target ?? { kind: "none" }) });
  }

  /** Somebody has another name: lines go on to the same person. */
  handleRenamed(from: string, to: string): void {
    const target = this.#target;
    if (target?.kind === "user" && target.name === from) {
      this.set({ ...target, name: to });
    }
  }

  /** The user is in this group no more. */
  handleGroupGone(name: string): void {
    const target = this.#target;
    if (target?.kind === "group" && target.name === name) this.set(undefined);
  }
}
