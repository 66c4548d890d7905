/**
 * What a person sees of a client, as the sum of its events: who they are and
 * whether there is a connection, what was said last and what of it they have
 * not seen, who is there, their groups, what is being sent, and which lines of
 * theirs are not done yet. The status row, completion and every interface read
 * it and keep nothing of their own beside it; one that comes later begins from
 * a {@link ClientView.snapshot}, and one elsewhere (a page in a browser) keeps a
 * view of its own by feeding the events that follow to another
 * {@link ClientView}. It is pure, costs a message a few map lookups, and is
 * bounded in everything that others decide: see the ends of
 * this file and of those beside it that it is made of.
 */
import { isUserName } from "../../wire/names.ts";
import type { CallInfo } from "../commands/call_info.ts";
import type { ChatTarget } from "../commands/command.ts";
import type { Command } from "../commands/table.ts";
import type {
  ClientEvent,
  CommandAnswers,
  CommandSuccess,
  PrivateSessionInfo,
  TransferInfo,
} from "./client_event.ts";
import type { DirectoryEvent, QuietEvent } from "./quiet_event.ts";
import {
  type Conversation,
  type ConversationKey,
  conversationNamed,
  Conversations,
  conversationWith,
  type Mark,
} from "./conversations.ts";
import { KnownCalls } from "./known_calls.ts";
import { KnownDevices } from "./known_devices.ts";
import { type KnownGroup, KnownGroups } from "./known_groups.ts";
import { KnownPeople, type Person } from "./known_people.ts";
import { KnownSessions } from "./known_sessions.ts";
import { KnownTransfers, type SeenTransfer } from "./known_transfers.ts";

/** Everything there is to see: plain data, fit for JSON. */
export interface ViewSnapshot {
  readonly me: Me;
  /** Where lines without a slash go; absent for nowhere. */
  readonly chat?: ChatTarget;
  /** The one with the latest news first. */
  readonly conversations: readonly Conversation[];
  /** Messages up to this id were counted by the server; see `Conversations`. */
  readonly counted: number;
  /** Whom this client has heard of, in the order in which it last did. */
  readonly people: readonly Person[];
  /** Those that this user is in or invited to, in the same order. */
  readonly groups: readonly KnownGroup[];
  /** Names of the user's own, as far as they are known. */
  readonly devices: readonly string[];
  /** Those that have not ended, and the last that have. */
  readonly transfers: readonly SeenTransfer[];
  /** The private sessions that have not ended. */
  readonly sessions: readonly PrivateSessionInfo[];
  /** The calls that have not ended. */
  readonly calls: readonly CallInfo[];
  /** This user's lines without an outcome, oldest first. */
  readonly pending: readonly PendingCommand[];
}

/** The user and the connection. */
export interface Me {
  /** Empty before the first login. */
  readonly user: string;
  /** `HOST:PORT`. */
  readonly server: string;
  /** `lost`: it tries to come back; `ended`: it does not. */
  readonly connection: "connecting" | "open" | "lost" | "ended";
  /** How many messages waited at the last login; absent when none did. */
  readonly waited?: number;
  /** Why it is lost or has ended. */
  readonly reason?: string;
  /** When it is tried next, ms since 1970 UTC; absent while it is. */
  readonly retryAt?: number;
}

/** A line of this user that is being done or waits for the connection. */
export interface PendingCommand {
  readonly n: number;
  /** When it was entered, ms since 1970 UTC. */
  readonly at: number;
  readonly command: Command;
}

/** The sum of a client's events. */
export class ClientView {
  readonly #conversations = new Conversations();
  readonly #people = new KnownPeople();
  readonly #groups = new KnownGroups();
  readonly #devices = new KnownDevices();
  readonly #transfers = new KnownTransfers();
  readonly #sessions = new KnownSessions();
  readonly #calls = new KnownCalls();
  readonly #pending = new Map<number, PendingCommand>();
  #me: Me;
  #chat: ChatTarget | undefined;

  /** @param server `HOST:PORT` of the server. */
  constructor(server: string) {
    this.#me = { user: "", server, connection: "connecting" };
  }

  /** One that goes on from what another one showed. */
  static from(snapshot: ViewSnapshot): ClientView {
    const { me, chat, people, groups, transfers } = snapshot;
    const view = new ClientView(me.server);
    view.#me = me;
    view.#conversations.restore(snapshot.conversations, snapshot.counted);
    view.#chat = chat;
    for (const each of people) view.#people.put(each);
    for (const each of groups) view.#groups.put(each);
    for (const name of snapshot.devices) view.#devices.hear(name);
    for (const each of transfers) view.#transfers.put(each);
    for (const each of snapshot.sessions) view.#sessions.put(each);
    for (const each of snapshot.calls) view.#calls.put(each);
    for (const each of snapshot.pending) view.#pending.set(each.n, each);
    return view;
  }

  /** The user and the connection. */
  get me(): Me {
    return this.#me;
  }

  /** Where lines without a slash go. */
  get chat(): ChatTarget | undefined {
    return this.#chat;
  }

  /** The one with the latest news first; good until the next event. */
  conversations(): readonly Conversation[] {
    return this.#conversations.all();
  }

  /** One of them; good until the next event. */
  conversation(key: ConversationKey): Conversation | undefined {
    return this.#conversations.find(key);
  }

  /** What to tell when the user has seen a conversation; see `Conversations`. */
  markOf(key: ConversationKey, upto?: number): Mark | undefined {
    return this.#conversations.markOf(key, upto);
  }

  /** Somebody by name; while the connection is lost nobody is known to be online. */
  person(name: string): Person | undefined {
    return this.#people.find(name, this.#isApart);
  }

  /** True for who talks with this user, one to one, or is in a group with them. */
  isCompany(name: string): boolean {
    const { chat } = this;
    return this.#people.find(name)?.talks === true ||
      chat?.kind === "user" && chat.name === name ||
      this.#groups.isShared(name);
  }

  /** A group by name. */
  group(name: string): KnownGroup | undefined {
    return this.#groups.find(name);
  }

  /** Names of known users who are not blocked, in alphabetical order. */
  users(): string[] {
    return this.#people.users();
  }

  /** Names of those whom the user is known to have blocked, in that order. */
  blocked(): string[] {
    return this.#people.blocked();
  }

  /** Names of known groups, in alphabetical order. */
  groups(): string[] {
    return this.#groups.names();
  }

  /** The groups that the user is in, in the order in which they were heard of. */
  joined(): KnownGroup[] {
    return this.#groups.all().filter(({ joined }) => joined);
  }

  /** Names of the others who are known to be online, sorted; see {@link person}. */
  online(): string[] {
    return this.#isApart ? [] : this.#people.online();
  }

  /** Names of the user's known devices, in alphabetical order. */
  devices(): string[] {
    return this.#devices.names();
  }

  /** The transfers that have not ended and do not wait, by their numbers. */
  running(): TransferInfo[] {
    return this.#transfers.running();
  }

  /** The same and the last that have ended. */
  transfers(): SeenTransfer[] {
    return this.#transfers.all();
  }

  /** The private sessions that have not ended. */
  sessions(): PrivateSessionInfo[] {
    return this.#sessions.all();
  }

  /** The calls that have not ended. */
  calls(): CallInfo[] {
    return this.#calls.all();
  }

  /** The lines that have no outcome yet, oldest first. */
  pending(): PendingCommand[] {
    return [...this.#pending.values()];
  }

  /** All of it, as data that does not change any more. */
  snapshot(): ViewSnapshot {
    return structuredClone({
      me: this.#me,
      ...(this.#chat && { chat: this.#chat }),
      conversations: this.#conversations.all(),
      counted: this.#conversations.counted,
      people: this.#people.all(),
      groups: this.#groups.all(),
      devices: this.#devices.names(),
      transfers: this.#transfers.all(),
      sessions: this.#sessions.all(),
      calls: this.#calls.all(),
      pending: this.pending(),
    });
  }

  /** Takes what happened. */
  handleEvent(event: ClientEvent | QuietEvent): void {
    switch (event.event) {
      case "message": {
        const { id, number, at, from, text, kept, mine } = event;
        const late = kept ? { kept: true as const } : {};
        const own = mine ? { own: mine } : {};
        const said = { id, number, at, from, text, ...late, ...own };
        this.#conversations.add(conversationWith(event), said);
        const other = event.to ?? from;
        if (!isUserName(other)) return;
        return this.#hear(other, event.kind === "private" ? talks : undefined);
      }
      case "private-message": {
        const { at, from, text } = event;
        this.#hear(from, talks);
        return this.#conversations.add(`=${from}`, { at, from, text });
      }
      case "deleted": {
        return this.#conversations.remove(
          conversationWith(event),
          event.number,
        );
      }
      case "seen":
        return this.#conversations.mark(conversationNamed(event), event);
      case "unseen":
        return this.#conversations.markAll(event.conversations, event.last);
      case "recalled": {
        const { conversation, messages } = event;
        return this.#conversations.recall(conversation, messages);
      }
      case "session-seen":
        return this.#conversations.see(`=${event.user}`);
      case "delivered":
        return this.#hear(event.to, { ...talks, delivered: event.number });
      case "server-set-back":
        this.#people.forgetDelivered();
        return this.#conversations.forgetMarks();
      case "welcome": {
        const { server } = this.#me;
        const { user, waiting } = event;
        const waited = waiting > 0 ? { waited: waiting } : {};
        this.#me = { user, server, connection: "open", ...waited };
        return;
      }
      case "disconnected": {
        const { retrying, message: reason } = event;
        const connection = retrying ? "lost" : "ended";
        this.#me = { ...this.#me, connection, reason };
        return;
      }
      case "reconnecting": {
        const { retryAt: _, ...me } = this.#me;
        const { at } = event;
        this.#me = at === undefined ? me : { ...me, retryAt: at };
        return;
      }
      case "goodbye":
        this.#me = { ...this.#me, connection: "ended" };
        return;
      case "chat": {
        const { kind, name = "" } = event;
        this.#chat = kind === "none" ? undefined : { kind, name };
        return;
      }
      case "presence":
      case "whereabouts": {
        const { user, online, at } = event;
        // Who leaves without having been heard of is nobody to this user.
        if (!online && this.#people.find(user) === undefined) return;
        return this.#hear(user, { online, since: at });
      }
      case "trust":
        return this.#people.change(event.user, { trust: event.trust });
      case "peer-key":
        return this.#hear(event.user, { trust: "first" });
      case "key-changed":
        return this.#people.change(event.user, { trust: "changed" });
      case "device-login":
        return this.#devices.hear(event.device);
      case "renamed":
        if (event.me) return this.#renameMe(event.from, event.to);
        return this.#rename(event.from, event.to);
      case "directory":
        return this.#learnDirectory(event);
      case "offer-refused":
        return this.#hear(event.user);
      case "transfer": {
        const { info, summary, message, resumable } = event;
        if (info.direction === "incoming") this.#hear(info.user);
        return this.#transfers.put({
          info,
          ...(summary && { summary }),
          ...(message !== undefined && { message }),
          ...(resumable && { resumable }),
        });
      }
      case "path":
      case "paused":
      case "progress":
        return this.#transfers.put({ info: event.info });
      case "session": {
        const { info } = event;
        if (info.direction === "incoming") this.#hear(info.user);
        this.#sessions.put(info);
        // Whoever ends it wants no more of it.
        if (event.own) this.#conversations.see(`=${info.user}`);
        return;
      }
      case "call": {
        const { info } = event;
        this.#hear(info.from);
        return this.#calls.put(info);
      }
      case "begun": {
        const { n, at, command } = event;
        this.#pending.set(n, { n, at, command });
        return;
      }
      case "result": {
        const asked = this.#pending.get(event.n);
        this.#pending.delete(event.n);
        const { outcome } = event;
        if (outcome.ok && asked !== undefined) this.#learn(outcome, asked);
        return;
      }
      default:
        return this.#handleGroupEvent(event);
    }
  }

  /** True where nothing of what others do is heard any more. */
  get #isApart(): boolean {
    return ["lost", "ended"].includes(this.#me.connection);
  }

  #handleGroupEvent(event: ClientEvent | QuietEvent): void {
    switch (event.event) {
      case "invited": {
        const { group, leaderOnly } = event;
        const { joined = false } = this.#groups.find(group) ?? {};
        return this.#groups.learn(group, { joined, leaderOnly });
      }
      case "joined":
        if (event.me) this.#groups.learn(event.group, { joined: true });
        this.#hear(event.user);
        return this.#groups.addMember(event.group, event.user);
      case "left":
        if (event.me) return this.#forgetGroup(event.group);
        return this.#groups.removeMember(event.group, event.user);
      case "removed":
        if (event.me) return this.#forgetGroup(event.group);
        return this.#groups.removeMember(event.group, event.user);
      case "leader": {
        const { group, leader } = event;
        return this.#groups.change(group, { leader });
      }
      case "group-set": {
        const { group, history } = event;
        return this.#groups.change(group, { history });
      }
      case "topic":
        return this.#groups.change(event.group, { topic: event.topic });
      case "group-end":
        return this.#forgetGroup(event.group);
    }
  }

  /** What a command's answer tells. */
  #learn(outcome: CommandSuccess, asked: PendingCommand): void {
    switch (outcome.command) {
      case "msgto": {
        const { at, sent } = outcome.answer;
        for (const { to, number, kept } of sent) {
          this.#hear(to, talks);
          const late = kept ? { kept: true as const } : {};
          this.#say(`@${to}`, asked, { number, at, ...late });
        }
        return;
      }
      case "groupmsg": {
        const { at, number, group } = outcome.answer;
        return this.#say(`#${this.#groups.nameOf(group)}`, asked, {
          number,
          at,
        });
      }
      case "broadcast": {
        const { at, number } = outcome.answer;
        return this.#say("*", asked, { number, at });
      }
      case "seen": {
        const { answer } = outcome;
        const mark = { upto: answer.upto, unread: 0, last: answer.upto };
        if (answer.all) return this.#conversations.markAll([], answer.upto);
        return this.#conversations.mark(conversationNamed(answer), mark);
      }
      case "private": {
        const { at } = asked;
        this.#hear(outcome.answer.user, talks);
        return this.#say(`=${outcome.answer.user}`, asked, { at });
      }
      case "deletemsg":
        return this.#conversations.removeOwn(outcome.answer.deleted);
      case "deletegroupmsg": {
        const { command } = asked;
        if (command.command !== "deletegroupmsg") return;
        const { group, number } = command;
        return this.#conversations.remove(
          `#${this.#groups.nameOf(group)}`,
          number,
        );
      }
      case "activeuser":
        return this.#learnDirectory({ users: outcome.answer.users });
      case "whoelsesince":
        for (const { user, online, at } of outcome.answer.users) {
          this.#hear(user, { online, since: at });
        }
        return;
      case "profile": {
        const { user, online, since, lastSeen } = outcome.answer;
        if (online === undefined || user === this.#me.user) return;
        const at = online ? since : lastSeen;
        return this.#people.change(user, {
          online,
          ...(at !== undefined && { since: at }),
        });
      }
      case "verify": {
        const { user, trust } = outcome.answer;
        return this.#hear(user, { trust });
      }
      case "block":
        return this.#hear(outcome.answer.user, { blocked: true });
      case "unblock":
        return this.#people.unblock(outcome.answer.user);
      case "blocked":
        return this.#learnDirectory({ blocked: outcome.answer.users });
      case "rename":
        return this.#renameMe(outcome.answer.from, outcome.answer.to);
      case "devices":
        return this.#devices.learnAll(outcome.answer.devices);
      case "logoutdevice":
        return this.#devices.forget(outcome.answer.device);
      case "renamedevice":
        return this.#devices.rename(outcome.answer.from, outcome.answer.to);
      default:
        return this.#learnOfGroups(outcome);
    }
  }

  #learnOfGroups(outcome: CommandSuccess): void {
    switch (outcome.command) {
      case "creategroup":
      case "createbroadcast":
      case "srb": {
        const { group, members } = outcome.answer;
        for (const user of members) this.#hear(user);
        const { user: leader } = this.#me;
        const leaderOnly = outcome.command === "createbroadcast";
        const mine = { leader, leaderOnly, size: 1, members: [leader] };
        return this.#groups.learn(group, { joined: true, ...mine });
      }
      case "joingroup": {
        const { group, members } = outcome.answer;
        for (const user of members) this.#hear(user);
        const size = members.length;
        return this.#groups.learn(group, { joined: true, size, members });
      }
      case "members":
        return this.#learnMembers(outcome.answer);
      case "addmember":
        return this.#hear(outcome.answer.user);
      case "promote": {
        const { group, leader } = outcome.answer;
        return this.#groups.learn(group, { joined: true, leader });
      }
      case "removemember": {
        const { group, user } = outcome.answer;
        return this.#groups.removeMember(group, user);
      }
      case "topic": {
        const { group, topic } = outcome.answer;
        return this.#groups.change(group, { topic });
      }
      case "setgroup": {
        const { group, ...news } = outcome.answer;
        return this.#groups.learn(group, { joined: true, ...news });
      }
      case "groups":
        return this.#learnDirectory({ groups: outcome.answer.groups });
      case "leavegroup":
        return this.#forgetGroup(outcome.answer.group);
    }
  }

  #learnDirectory(known: Omit<DirectoryEvent, "event">): void {
    const { users, blocked, groups, group, devices, recent } = known;
    if (devices !== undefined) this.#devices.learnAll(devices);
    if (groups !== undefined) this.#groups.learnAll(groups);
    if (group !== undefined) this.#learnMembers(group);
    for (const { conversation: key } of recent ?? []) {
      if (key.startsWith("@")) this.#hear(key.slice(1), talks);
    }
    if (recent !== undefined) this.#conversations.recallAll(recent);
    if (blocked !== undefined) this.#people.learnBlocked(blocked);
    if (users !== undefined) this.#people.learnOnline(users);
  }

  #learnMembers(
    { group, leader, leaderOnly, history, joined: members, topic }:
      CommandAnswers["members"],
  ): void {
    for (const user of members) this.#hear(user);
    this.#groups.learn(group, {
      joined: members.includes(this.#me.user),
      ...{ leader, leaderOnly, size: members.length, members },
      topic: topic ?? "",
      ...(history !== undefined && { history }),
    });
  }

  /** This user said something. */
  #say(
    key: ConversationKey,
    asked: PendingCommand,
    message: { number?: number; at: number; kept?: true },
  ): void {
    const { command } = asked;
    const text = "text" in command ? command.text : "";
    const from = this.#me.user;
    this.#conversations.add(key, { ...message, from, text, own: true });
  }

  /** Somebody is there, perhaps with news; this user is nobody else. */
  #hear(name: string, news?: Partial<Person>): void {
    if (name !== this.#me.user) this.#people.hear(name, news);
  }

  #renameMe(from: string, to: string): void {
    this.#conversations.rename(from, to);
    this.#groups.rename(from, to);
    this.#me = { ...this.#me, user: to };
  }

  #rename(from: string, to: string): void {
    this.#people.rename(from, to);
    this.#conversations.rename(from, to);
    this.#groups.rename(from, to);
    this.#sessions.rename(from, to);
    this.#calls.rename(from, to);
  }

  #forgetGroup(name: string): void {
    this.#groups.forget(name);
    this.#conversations.see(`#${name}`);
  }
}

const talks: Partial<Person> = { talks: true };
