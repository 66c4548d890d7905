import type { ChatTarget } from "../commands/command.ts";
import type { HistoryAnswer } from "../commands/history.ts";
import type { Command } from "../commands/table.ts";
import type { Instant, Random } from "../../base/ports.ts";
import {
  isRepeatable,
  type RequestFields,
  type RequestName,
} from "../../wire/request.ts";
import { Chat, CommandRunner } from "./command_runner.ts";
import type { ClientEffect, DerivePurpose } from "../events/client_effect.ts";
import type { ClientView } from "../events/client_view.ts";
import type { ClientEvent, CommandOutcome } from "../events/client_event.ts";
import { ConfirmedMessages, type Loss } from "../events/confirmed_messages.ts";
import {
  conversationOf,
  conversationWith,
  recalledMessages,
  type RecentlySaid,
  type SaidMessage,
} from "../events/conversations.ts";
import type { KnownGroup } from "../events/known_groups.ts";
import { ownMessages } from "../events/own_messages.ts";
import type { DirectoryEvent, QuietEvent } from "../events/quiet_event.ts";
import { type EventRouterHost, routeEvent } from "./event_router.ts";
import { GroupSend } from "../offers/group_send.ts";
import type { Identity } from "../trust/identity.ts";
import { Inbox, type InboxOwner, type SeenMemory } from "./inbox.ts";
import {
  Login,
  type OpenedSession,
  type OwnDevice,
  type TakeOver,
} from "./login.ts";
import { PasswordChange } from "./password_change.ts";
import { Offers } from "./offers.ts";
import { Linking } from "../trust/linking.ts";
import { type GivenKeys, OwnIdentity } from "../trust/own_identity.ts";
import { PeerIdentities } from "../trust/peer_identities.ts";
import type { PeerMemory } from "../trust/known_peers.ts";
import { PresenceNews } from "./presence_news.ts";
import type { PresenceChoice } from "../commands/program.ts";
import { groupDigest } from "../../wire/group_digest.ts";
import { isUserName, userKey } from "../../wire/names.ts";
import { NameHints } from "./name_hints.ts";
import { ReadMarker } from "./read_marker.ts";
import { RequestQueue } from "./request_queue.ts";
import { ShownTexts } from "./shown_texts.ts";
import { SignedOffers } from "../trust/signed_offers.ts";
import type { KeptOfferMemory } from "../offers/kept_offer.ts";
import type { AcceptRule } from "../offers/peer_host.ts";
import type { OnReply } from "../../wire/server_frame.ts";

/** What a session is made of. */
export interface ClientSessionOptions {
  /** User name, when it is known before the user is asked. */
  readonly user?: string | undefined;
  /** Where this client receives transfers. */
  readonly udpPort: number;
  readonly accept: AcceptRule;
  /** Why nothing can be received into standard output, if so. */
  readonly outputFault?: string | undefined;
  /** Bytes a second that are sent at most; 0, the default, for no limit. */
  readonly limit?: number;
  /**
   * Somebody watches: asks the server at login for users and groups, tells of a
   * going when it lasts, and shows what was said last in a chat that is opened.
   */
  readonly learnNames: boolean;
  /** Of whose coming and going the user is told; of everybody's by default. */
  readonly presence?: PresenceChoice;
  /** Names program and version to the server. */
  readonly agent: string;
  readonly random: Random;
  /** Signs offers and answers; without it there are none. */
  readonly identity: Identity | undefined;
  /** Remembers the keys that another device gave to this one. */
  readonly keys: GivenKeys;
  /** Remembers the keys of others. */
  readonly peers: PeerMemory;
  /** Sums up what happens; the session feeds and reads it. */
  readonly view: ClientView;
  /** Remembers which device this is and what was shown, for the next run. */
  readonly devices: DeviceMemory;
  /** Remembers what waits for others, for the next run. */
  readonly kept: KeptOfferMemory;
  /** It does something and leaves, beside whoever is there; no by default. */
  readonly isVisit?: boolean;
  /** When another session is in the way; `no` by default. */
  readonly takeOver?: TakeOver;
}

/** What outlives the program. */
export interface DeviceMemory extends SeenMemory {
  /** The device that this client is, the same for as long as it runs. */
  device(owner: InboxOwner): OwnDevice;
  /** What the server calls it, and the id of {@link OwnDevice.also} that it has. */
  learnName(owner: InboxOwner, name: string, id?: string): void;
}

/** What the parts of a session ask of the whole. */
export interface SessionHooks {
  now(): Instant;
  effect(effect: ClientEffect): void;
  emit(event: ClientEvent | QuietEvent): void;
  /** Sends a frame at once. */
  send(frame: object): void;
  /** @param loss What went, when the server's database was set back. */
  opened(session: OpenedSession, resumed: boolean, loss?: Loss): void;
  refused(
    code: string,
    message: string,
    retry: "ask" | "later" | "never",
  ): void;
  logout(n: number): void;
  bye(code: string, message: string): void;
  restart(number: number): void;
}

/** The parts, wired to each other and to the whole. */
export class SessionParts {
  readonly requests = new RequestQueue();
  readonly inbox: Inbox;
  readonly marks: ReadMarker;
  readonly chat: Chat;
  readonly commands: OpenCommands;
  readonly login: Login;
  readonly offers: Offers;
  readonly passwords: PasswordChange;
  readonly presence: PresenceNews;
  readonly linking: Linking;
  readonly runner: CommandRunner;
  readonly router: EventRouterHost;
  /** Who waits for the names that were asked for; absent before they were. */
  #onNames: (() => void)[] | undefined;
  #unknownNames = 0;
  /** It is known with whom the user has talked. */
  #hasPartners = false;
  /** Of the user's groups, as the server told them last. */
  #groupDigests = new Map<string, string | undefined>();
  /** Says what the server calls this device. */
  readonly #learnDeviceName: (name: string, id?: string) => void;
  readonly #emit: SessionHooks["emit"];
  readonly #view: ClientView;

  constructor(options: ClientSessionOptions, hooks: SessionHooks) {
    this.#emit = hooks.emit;
    const { random, udpPort, agent, accept } = options;
    const own = new OwnIdentity(options.identity, options.keys);
    const inbox = this.inbox = new Inbox(options.devices);
    const { requests } = this;
    const view = this.#view = options.view;
    const shown = new ShownTexts();
    const confirmed = new ConfirmedMessages();
    const { effect, emit, now, opened, refused, logout, send } = hooks;
    const { bye, restart } = hooks;
    const marks = this.marks = new ReadMarker({
      view,
      emit,
      tell: (fields) => {
        if (this.login.hasDevices) {
          send(requests.urgent("seen", fields, () => {}));
        }
      },
    });
    const chat = this.chat = new Chat(emit);
    let owner: InboxOwner | undefined;
    let deviceName: string | undefined;
    const learnDeviceName = this.#learnDeviceName = (name, id?: string) => {
      if (owner === undefined) return;
      deviceName = name;
      options.devices.learnName(owner, name, id);
    };
    const commands = this.commands = new OpenCommands((n, outcome) => {
      if (outcome.ok) shown.learn(outcome);
      if (outcome.ok && outcome.command === "renamedevice") {
        const { from, to } = outcome.answer;
        if (from === deviceName) learnDeviceName(to);
      }
      emit({ event: "result", n, outcome });
      if (outcome.ok && outcome.command === "leavegroup") {
        chat.handleGroupGone(outcome.answer.group);
      }
    });
    this.login = new Login({
      random,
      udpPort,
      agent,
      own,
      isVisit: options.isVisit ?? false,
      takeOver: options.takeOver ?? "no",
      now,
      device: (store, user) => {
        owner = { store, user };
        return options.devices.device(owner);
      },
      effect,
      opened: (session, resumed) => {
        this.#bind(hooks);
        own.handleOpened(this.login.store, session.single);
        options.peers.handleOpened?.(this.login.store);
        identities.handleOpened();
        const { user, device, common = Infinity, setBack } = session;
        // Renamed from another device, while this one was away.
        if (owner && userKey(owner.user) !== userKey(user)) renamed(user);
        inbox.handleOpened(session);
        if (device !== undefined) learnDeviceName(device.name, device.id);
        const loss = confirmed.takeLost(common);
        const isSetBack = setBack || loss.messages.length > 0 || loss.isMore;
        if (isSetBack) {
          requests.handleSetBack();
          shown.handleSetBack();
        }
        this.#askPartners(hooks);
        opened(session, resumed, isSetBack ? loss : undefined);
        identities.handleUserKey(session.identity, !this.login.isVisit);
      },
      refused,
      seen: (store, user) => {
        shown.open(store);
        confirmed.open(store);
        return inbox.open({ store, user });
      },
      send: (name, fields, onReply) =>
        hooks.send(requests.urgent(name, fields, onReply)),
    }, options.user);
    const self = () => this.login.user ?? "";
    const hints = new NameHints({
      names: view,
      self,
      askNames: (done) => this.askNames(done),
    });
    const host = {
      random,
      effect,
      emit,
      logout,
      send,
      self,
      request: <N extends RequestName>(
        name: N,
        fields: RequestFields<N>,
        onReply: OnReply<N>,
      ) => {
        const hinting = hints.hinting(fields, onReply);
        const noting = confirmed.noting(name, fields, hinting);
        requests.add(name, fields, noting, isRepeatable(name));
      },
      settle: commands.settle.bind(commands),
    };
    const presence = this.presence = new PresenceNews(
      { view, emit },
      options.presence ?? "all",
      options.learnNames ? undefined : 0,
    );
    const identities = new PeerIdentities(host, own, options.peers);
    const linkingHost = {
      ...host,
      now: () => now().mono,
      store: () => this.login.store,
    };
    const linking = new Linking(linkingHost, own, identities);
    this.linking = linking;
    const signed = new SignedOffers(host, identities);
    const hasDevices = () => this.login.hasDevices;
    const hasTrees = () => this.login.hasTrees;
    const hasStreams = () => this.login.hasStreams;
    const features = { hasDevices, hasTrees, hasStreams };
    const peerHost = { ...host, signed, ...features };
    const hasCalls = () => this.login.hasCalls;
    const isCompared = (user: string) => identities.isVerified(user);
    const leaveNote = (to: ChatTarget, text: string) => {
      // In the conversation, as if this user had said it.
      const command: Command = to.kind === "group"
        ? { command: "groupmsg", group: to.name, text }
        : { command: "msgto", to: [to.name], text };
      const n = commands.takeNumber();
      this.begin(command, n);
      this.runner.run(command, n);
    };
    const identity = () => identities.own;
    const isAway = (user: string) => view.person(user)?.online === false;
    const ofCalls = { hasCalls, isCompared, isAway, leaveNote, identity, now };
    const offersHost = { ...peerHost, ...ofCalls };
    const offers = this.offers = new Offers(offersHost, accept, {
      memory: options.kept,
      now,
      hasLater: () => this.login.hasLater,
    }, options.outputFault);
    const passwords = this.passwords = new PasswordChange({
      ...host,
      user: () => this.login.user ?? "",
      binding: () => this.login.binding,
      changed: (password, token) =>
        this.login.handlePasswordChanged(password, token),
    });
    const renamed = (to: string) => {
      this.login.handleRenamed(to);
      inbox.handleRenamed(to);
      if (owner !== undefined) owner = { ...owner, user: to };
    };
    const user = () => this.login.user;
    const groupSend = new GroupSend(peerHost, offers.transfers, offers.later);
    const said = () => ownMessages(view);
    const parts = { offers, passwords, chat, groupSend, said };
    const choosePresence = (choice?: PresenceChoice) => {
      if (choice !== undefined) presence.choice = choice;
      if (choice === "known" && !options.learnNames) this.learnNames();
      return presence.choice;
    };
    const runnerHost = {
      ...{ ...host, ...parts, identities, linking, renamed },
      presence: choosePresence,
      openWindow: (n: number) => host.effect({ effect: "open-window", n }),
      recall: (target: ChatTarget) => {
        if (options.learnNames) this.#recall(target);
      },
    };
    this.runner = new CommandRunner(runnerHost, options.limit ?? 0);
    const places = {
      ...{ inbox, shown, offers, chat, presence, identities, linking, marks },
    };
    const changed = (what: string) => {
      // Who knows no names needs no news of them.
      if (this.#onNames === undefined) return;
      if (what === "blocks") this.#askBlocked();
      if (what === "devices") this.#askDevices();
    };
    const topic = (group: string) => view.group(group)?.topic;
    this.router = {
      ...{ ...places, now, user, topic, emit, effect, bye },
      ...{ renamed, changed, restart },
    };
  }

  /** Tells that command number `n` begins. */
  begin(command: Command, n: number): void {
    const at = this.router.now().wall;
    this.commands.begin(command.command, n);
    this.#emit({ event: "begun", n, at, command });
  }

  /** Requests without an answer; a change of password counts as one. */
  get unanswered(): number {
    return this.requests.size + (this.passwords.isUnderWay ? 1 : 0);
  }

  /** When something is due while the session is open, monotonic ms. */
  openTimeouts(): (number | undefined)[] {
    const { inbox, requests, presence, marks, linking } = this;
    const parts = [inbox, requests, presence, marks, linking];
    return parts.map((each) => each.pollTimeout());
  }

  /** Hands a key to the part that it was derived for. */
  handleDerived(key: Uint8Array, purpose: DerivePurpose = "login"): void {
    if (purpose === "login") this.login.handleDerived(key);
    else this.passwords.handleDerived(key, purpose);
  }

  /**
   * Asks what those are called now whom the user is talking to: their names may
   * be others since this client was there last, and be other people's by now.
   */
  #askPartners({ send }: SessionHooks): void {
    const { router, requests, offers } = this;
    const { chat } = this.#view;
    const users = offers.list().sessions.map(({ user }) => user);
    if (chat?.kind === "user") users.push(chat.name);
    for (const from of new Set(users)) {
      const account = router.identities.accountOf(from);
      if (account === undefined) continue;
      const fields = { user: from, account };
      send(requests.urgent("identity", fields, ({ ok }) => {
        if (ok?.account !== account || ok.user === from) return;
        routeEvent({ ev: "renamed", from, to: ok.user }, router);
      }));
    }
  }

  /** Asks for what is needed to talk to the server's UDP port. */
  #bind({ effect, send }: SessionHooks): void {
    const port = this.login.serverUdpPort;
    if (port === 0) return;
    send(this.requests.urgent("rendezvous", {}, (reply) => {
      if (reply.ok !== undefined) {
        effect({ effect: "bind", port, grant: reply.ok });
      }
    }));
  }

  /**
   * A session begins or goes on: what was known of names is of before. Asks
   * besides who is in the user's groups, and with whom the user has talked.
   *
   * @param done Called when all of it is known, or cannot be.
   */
  learnNames(done: () => void = () => {}): void {
    if (this.#unknownNames === 0) this.#onNames = undefined;
    this.askNames(() => this.#askCompany(done));
  }

  #askCompany(done: () => void): void {
    const { requests } = this;
    // Whoever comes back knows the others as they are.
    const groups = this.#view.joined().slice(-mostAskedGroups)
      .filter((group) => !isKnown(group, this.#groupDigests.get(group.name)));
    let open = groups.length + (this.#hasPartners ? 0 : 1);
    if (open === 0) done();
    const tell = (known?: Omit<DirectoryEvent, "event">) => {
      if (known !== undefined) this.#tell(known);
      if (--open === 0) done();
    };
    for (const { name: group } of groups) {
      requests.add(
        "group-members",
        { group },
        ({ ok }) => tell(ok && { group: ok }),
        true,
      );
    }
    // What is said from then on comes by itself, from other devices too.
    if (this.#hasPartners) return;
    requests.add("history", { limit: pastMessages }, ({ ok }) => {
      this.#hasPartners ||= ok !== undefined;
      tell({ recent: this.#byConversation(ok?.messages ?? []) });
    }, true);
  }

  /**
   * Asks the server, once, for the names that Tab and hints offer.
   *
   * @param done Called when they are known, or cannot be.
   */
  askNames(done: () => void = () => {}): void {
    const { requests } = this;
    if (this.#onNames !== undefined) {
      if (this.#unknownNames === 0) done();
      else this.#onNames.push(done);
      return;
    }
    this.#onNames = [done];
    this.#unknownNames = 3;
    const answered = () => {
      if (--this.#unknownNames > 0) return;
      for (const done of this.#onNames?.splice(0) ?? []) done();
    };
    requests.add("groups", { digests: true }, ({ ok }) => {
      if (ok !== undefined) {
        const rows = ok.groups.map(({ digest, ...row }) => ({ row, digest }));
        this.#groupDigests = new Map(
          rows.map(({ row, digest }) => [row.group, digest]),
        );
        this.#tell({ groups: rows.map(({ row }) => row) });
      }
      answered();
    }, true);
    this.#askBlocked(answered);
    requests.add("who", {}, ({ ok }) => {
      if (ok !== undefined) this.#tell({ users: ok.users });
      answered();
    }, true);
    this.#askDevices();
  }

  #recall({ kind, name }: ChatTarget): void {
    const where = kind === "group" ? { group: name } : { with: name };
    const limit = recalledMessages;
    // It is for who opens a chat now; nobody waits for it.
    this.requests.add("history", { ...where, limit }, ({ ok }) => {
      if (ok === undefined) return;
      const conversation = conversationOf({ kind, name });
      const messages = this.#saidIn(ok.messages);
      this.#emit({ event: "recalled", conversation, messages });
    }, false);
  }

  /** What was said before, as people see it; oldest first. */
  #saidIn(past: HistoryAnswer["messages"]): SaidMessage[] {
    const { user } = this.login;
    // What is on its way is told with what becomes of it.
    const sending = this.#view.pending().map(({ command }) =>
      "text" in command ? command.text : undefined
    );
    const messages = past.filter(({ from, text }) =>
      from !== user || !sending.includes(text)
    );
    return messages.map((message) => {
      const { id, number, at, from, group, text, deleted } = message;
      if (!deleted) this.router.shown.note(group, number, text);
      return {
        ...{ id, number, at, from, text },
        ...from === user && { own: true as const },
        ...deleted && { deleted: true as const },
      };
    });
  }

  /** The same, where it was said. */
  #byConversation(past: HistoryAnswer["messages"]): RecentlySaid[] {
    const self = this.login.user;
    const places = Map.groupBy(
      past,
      ({ kind, group, from, to }) =>
        conversationWith({
          ...{ kind, from },
          ...group !== undefined && { group },
          to: from === self ? to ?? from : from,
        }),
    );
    // Whose account was removed cannot be written to.
    const isOne = (key: string) =>
      !key.startsWith("@") || isUserName(key.slice(1));
    return [...places].filter(([key]) => isOne(key)).map(
      ([conversation, messages]) => ({
        conversation,
        messages: this.#saidIn(messages),
      }),
    );
  }

  #askDevices(): void {
    // No refusal is about one of these: nobody waits for them.
    if (!this.login.hasDevices) return;
    this.requests.add("devices", {}, ({ ok }) => {
      if (ok === undefined) return;
      const here = ok.devices.find(({ current }) => current);
      if (here !== undefined) this.#learnDeviceName(here.name);
      this.#tell(ok);
    }, true);
  }

  #askBlocked(answered: () => void = () => {}): void {
    this.requests.add("blocked", {}, ({ ok }) => {
      if (ok !== undefined) {
        this.#tell({ blocked: ok.users });
        this.offers.handleBlocked(ok.users.map(({ user }) => user));
      }
      answered();
    }, true);
  }

  #tell(known: Omit<DirectoryEvent, "event">): void {
    this.#emit({ event: "directory", ...known });
  }
}

/** Numbers a run's commands and sees to it that each has exactly one outcome. */
export class OpenCommands {
  readonly #onSettled: (n: number, outcome: CommandOutcome) => void;
  readonly #open = new Map<number, string>();
  #last = 0;

  constructor(onSettled: (n: number, outcome: CommandOutcome) => void) {
    this.#onSettled = onSettled;
  }

  /** Commands that have no outcome yet. */
  get size(): number {
    return this.#open.size;
  }

  /** The next number, from 1. */
  takeNumber(): number {
    return ++this.#last;
  }

  /** Command number `n` begins. */
  begin(command: string, n: number): void {
    this.#open.set(n, command);
  }

  /** A command has its outcome; a second one is ignored. */
  settle(n: number, outcome: CommandOutcome): void {
    if (this.#open.delete(n)) this.#onSettled(n, outcome);
  }

  /** Nothing will be done any more: what is open has failed. */
  close(): void {
    for (const [n, command] of [...this.#open]) {
      const code = "not_confirmed";
      this.settle(n, { command, ok: false, code, message: closedMessage });
    }
  }
}

/** True when a group is as this client knows it. */
function isKnown(
  { members, history, topic }: KnownGroup,
  digest: string | undefined,
): boolean {
  return members !== undefined && history !== undefined &&
    topic !== undefined && groupDigest({ members, history, topic }) === digest;
}

/** In how many of the user's groups the members are asked for at a login. */
const mostAskedGroups = 32;
/** How many of the last messages are looked at for whom the user talks to. */
const pastMessages = 100;
const closedMessage = "The session ended before this was done";
