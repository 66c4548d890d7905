/// <reference lib="dom" />
/**
 * What the page knows and does: a view of the client that follows its events,
 * what was said as far as it is shown, what is open, and the ways to ask for
 * something. Components read the signals and call what is here.
 */
import { type Signal, signal } from "@preact/signals";
import { offeredText } from "../../../commands/transfer_progress.ts";
import type { ChatTarget } from "../../../commands/command.ts";
import type { ClientEvent } from "../../../events/client_event.ts";
import { ClientView } from "../../../events/client_view.ts";
import {
  type Conversation,
  type ConversationKey,
  conversationOf,
  conversationOfMessage,
  mostMessages,
  type SaidMessage,
  unseenOf,
} from "../../../events/conversations.ts";
import type { QuietEvent } from "../../../events/quiet_event.ts";
import type {
  AskedQuestion,
  ClientMessage,
  GivenAnswer,
  Phase,
} from "../../web/web_wire.ts";
import { Announcements } from "./announcements.io.ts";
import { ClientSocket, type LinkState } from "./client_socket.io.ts";
import { ClientRequests } from "./client_requests.io.ts";
import type { PlacedFile } from "./dropped_files.io.ts";
import { Heralds } from "./heralds.io.ts";
import { KeptTab } from "./kept_tab.io.ts";
import { PageCalls } from "./page_calls.io.ts";
import { PageFolders } from "./page_folders.io.ts";
import { PageUploads } from "./page_uploads.io.ts";
import type { Announcement } from "../model/announcer.ts";
import { callNote, placeOfCall, ringText } from "../model/call_words.ts";
import { titleOf, unreadIn } from "../model/chat_list.ts";
import { hasAbsent, historyLine, targetOf } from "../model/chat_target.ts";
import { isLine } from "../model/entered_text.ts";
import type { LineMemory } from "../model/line_memory.ts";
import { MessageLog, mostShown, saidOf } from "../model/message_log.ts";
import {
  type ChatNote,
  noteOf,
  type Notice,
  noticeOf,
  openNotices,
  type PageNotice,
  shownAsMessage,
  spokenOf,
} from "../model/notes.ts";
import { type Place, PlacedNotes } from "../model/placed_notes.ts";
import { namesMe } from "../model/rich_text.ts";
import { placeOf } from "../model/transfer_card.ts";

/** What stands beside or over the conversation. */
export type Panel =
  | { readonly kind: "person"; readonly name: string }
  | { readonly kind: "group"; readonly name: string }
  | { readonly kind: "search" }
  | { readonly kind: "transfers" }
  | { readonly kind: "settings" }
  | { readonly kind: "devices" }
  | { readonly kind: "new-group" }
  | { readonly kind: "keys" };

/** What was told last of the user's key on its way. */
export type LinkingStep = Extract<ClientEvent, { event: "link" }>;

/** The page's state. */
export class PageStore {
  /** Rises with every change of what is not a signal itself. */
  readonly revision: Signal<number> = signal(0);
  readonly phase: Signal<Phase> = signal({ phase: "connecting", servers: [] });
  readonly link: Signal<LinkState> = signal("connecting");
  /** The conversation that is open. */
  readonly open: Signal<ConversationKey | undefined> = signal(undefined);
  readonly panel: Signal<Panel | undefined> = signal(undefined);
  readonly questions: Signal<readonly AskedQuestion[]> = signal([]);
  readonly notices: Signal<readonly PageNotice[]> = signal([]);
  /** How the user's key goes from one device to another; absent if it does not. */
  readonly linking: Signal<LinkingStep | undefined> = signal(undefined);
  readonly announcements = new Announcements();
  /** Older messages are on their way. */
  readonly isLoading: Signal<boolean> = signal(false);
  readonly filter: Signal<string> = signal("");
  /** Rises when the newest messages are to be seen, as after sending one. */
  readonly jumps: Signal<number> = signal(0);
  /** The message of the open conversation that is to be looked at. */
  readonly sought: Signal<SaidMessage | undefined> = signal(undefined);
  /** What happened in conversations besides. */
  readonly notes = new PlacedNotes();
  readonly heralds = new Heralds();
  readonly socket: ClientSocket;
  readonly requests: ClientRequests;
  readonly uploads: PageUploads;
  readonly folders: PageFolders;
  readonly calls: PageCalls;

  #view = new ClientView("");
  readonly #logs = new Map<ConversationKey, MessageLog>();
  readonly #transferPlaces = new Map<number, Place>();
  readonly #kept = new KeptTab();
  /** Where older messages are on their way. */
  readonly #loading = new Map<ConversationKey, Promise<void>>();
  #firstNew: SaidMessage | undefined;
  #isAtEnd = true;
  #nextId = 1;
  #isFlushing = false;
  #unfollowed = 0;

  constructor() {
    this.socket = new ClientSocket({
      handleMessage: (message) => this.#handle(message),
      handleLink: (state) => this.#handleLink(state),
    });
    this.requests = new ClientRequests(this.socket);
    this.uploads = new PageUploads(this.socket, this.requests);
    this.folders = new PageFolders(this.requests);
    this.calls = new PageCalls({
      requests: this.requests,
      send: (message) => this.socket.send(message),
      tell: (...notice) => this.tell(...notice),
      withdraw: (about) => this.#withdraw(about),
    });
    addEventListener("focus", () => this.#flushSoon());
    document.addEventListener("visibilitychange", () => this.#flushSoon());
  }

  /** What was entered, and is being entered. */
  get memory(): LineMemory {
    return this.#kept.memory;
  }

  /** The view; read {@link PageStore.revision} to be drawn with its changes. */
  get view(): ClientView {
    return this.#view;
  }

  /** The first message of the open conversation that was not seen. */
  get firstNew(): SaidMessage | undefined {
    return this.#firstNew;
  }

  /** The messages of a conversation. */
  logOf(key: ConversationKey): MessageLog {
    let log = this.#logs.get(key);
    if (log === undefined) {
      log = new MessageLog();
      this.#logs.set(key, log);
      this.#follow(key, log);
    }
    return log;
  }

  /** Where a transfer stands. */
  placeOfTransfer(transfer: number): Place {
    return this.#transferPlaces.get(transfer) ?? { id: 0, below: 0 };
  }

  /** Opens a conversation; without one, the list. */
  openChat(key: ConversationKey | undefined): void {
    const before = this.open.value;
    if (before === key) return;
    this.panel.value = undefined;
    this.sought.value = undefined;
    if (before !== undefined) this.logOf(before).trim(keptMessages);
    this.open.value = key;
    this.isLoading.value = key !== undefined && this.#loading.has(key);
    this.#isAtEnd = true;
    this.#kept.open(key);
    if (key === undefined) return;
    this.#firstNew = this.#firstUnseen(this.view.conversation(key));
    const log = this.logOf(key);
    if (log.size < fewMessages && !log.isWhole) this.loadOlder();
    this.#flushSoon();
  }

  /** Whether the last message of the open conversation can be seen. */
  setAtEnd(isAtEnd: boolean): void {
    this.#isAtEnd = isAtEnd;
    if (isAtEnd) this.#flushSoon();
  }

  /** Fetches messages from before those that are shown. */
  loadOlder(): Promise<void> {
    const key = this.open.value;
    const log = key && this.logOf(key);
    if (!log || log.isWhole) return Promise.resolve();
    let loading = this.#loading.get(key);
    if (loading === undefined) {
      loading = this.#loadOlder(key, log);
      this.#loading.set(key, loading);
      this.isLoading.value = true;
    }
    return loading;
  }

  /** Opens a conversation where something was said, however long ago. */
  async showMessage(key: ConversationKey, message: SaidMessage): Promise<void> {
    this.openChat(key);
    this.panel.value = undefined;
    const log = this.logOf(key);
    while (!log.has(message)) {
      const { size, before, isWhole } = log;
      if (isWhole || size >= mostShown) {
        return this.tell("this message is too far back to be shown here", true);
      }
      await this.loadOlder();
      const isStuck = log.size === size && log.before === before;
      if (this.open.value !== key || isStuck && !log.isWhole) return;
    }
    this.sought.value = message;
  }

  async #loadOlder(key: ConversationKey, log: MessageLog): Promise<void> {
    const { outcome } = await this.requests.submit(
      historyLine(key, log.before),
    );
    this.#loading.delete(key);
    if (key === this.open.value) this.isLoading.value = false;
    if (!outcome.ok) return this.tell(outcome.message, true);
    if (outcome.command !== "history" && outcome.command !== "rdm") return;
    const { messages, before } = outcome.answer;
    const me = this.view.me.user;
    const { size } = log;
    log.prepend(messages.map((message) => saidOf(message, me)), before);
    // The first that come are those that the view has.
    if (log.size === size && key === this.open.value) return this.loadOlder();
    const conversation = this.view.conversation(key);
    if (key === this.open.value && conversation?.unread) {
      this.#firstNew ??= this.#firstUnseen(conversation);
    }
    this.#flushSoon();
  }

  /** Says something where it is open, or does what a line with a slash says. */
  async enter(text: string): Promise<void> {
    const key = this.open.value;
    if (key === undefined) return;
    this.#firstNew = undefined;
    this.jumps.value++;
    const to = targetOf(key);
    if (isLine(text)) return this.#report(text, to);
    if (key === "*") return this.#report(`/broadcast ${text}`);
    if (to === undefined) return;
    const { outcome } = await this.requests.say(text, to);
    if (outcome.ok) return;
    this.#note(key, { text: [outcome.message], isFailure: true, unsent: text });
  }

  /** Does what a line says, and tells when it cannot be done. */
  async run(line: string): Promise<boolean> {
    const { outcome } = await this.requests.submit(line);
    if (!outcome.ok && !outcome.announced) this.tell(outcome.message, true);
    return outcome.ok;
  }

  /** Answers a question. */
  answer(question: AskedQuestion, value: GivenAnswer | null): void {
    this.socket.send({
      do: "answer",
      question: question.question,
      value,
    });
    this.#forgetQuestion(question.question);
  }

  /** Sends files, with the folders they are in, where it is open. */
  async upload(files: readonly PlacedFile[]): Promise<void> {
    const key = this.open.value;
    const to = key === undefined ? undefined : targetOf(key);
    if (key === undefined || files.length === 0) return;
    if (to === undefined || to.kind === "session") {
      const where = to === undefined ? "everybody" : "a private session";
      return this.tell(
        `files cannot be sent to ${where}; open the chat of a person or a group`,
        true,
      );
    }
    const isLate = hasAbsent(this.view, to);
    const problem = await this.uploads.send(files, key, to, isLate);
    if (problem === undefined) return;
    this.#note(key, { text: [problem], isFailure: true });
  }

  /** Tells something beside the conversations. */
  tell(text: string, isFailure = false, about?: string): void {
    this.#notify({ text, isFailure, ...about !== undefined && { about } });
  }

  /** A notice was read. */
  dismiss(id: number): void {
    this.notices.value = this.notices.value.filter((each) => each.id !== id);
  }

  /** A note of a conversation was read. */
  dismissNote(key: ConversationKey, id: number): void {
    this.notes.dismiss(key, id);
    this.#flushSoon();
  }

  /** Tells a screen reader. */
  announce(what: Announcement): void {
    this.announcements.add(what);
  }

  /** Does what a line says; what comes of it is shown in the conversation. */
  async #report(line: string, to?: ChatTarget): Promise<void> {
    const key = this.open.value;
    const { outcome, text } = await this.requests.submit(line, to);
    if (outcome.ok && outcome.command === "chat" && "name" in outcome.answer) {
      const { kind, name } = outcome.answer;
      return this.openChat(conversationOf({ kind, name }));
    }
    if (text.length === 0 || key === undefined) return;
    if (outcome.ok && shownAsMessage.has(outcome.command)) return;
    this.#note(key, { text, isFailure: !outcome.ok, isAnswer: true });
  }

  #handleLink(state: LinkState): void {
    this.link.value = state;
    if (state === "open") {
      this.socket.send({ do: "call-ready", ready: this.calls.canCall });
    }
    if (state === "open" || state === "connecting") return;
    this.requests.handleLost();
    this.calls.handleLost();
    this.questions.value = [];
    // Whoever answers next may be somebody else.
    this.uploads.stop();
  }

  #handle(message: ClientMessage): void {
    switch (message.tell) {
      case "phase":
        return this.#handlePhase(message);
      case "snapshot":
        return this.#begin(ClientView.from(message.view));
      case "event":
        return this.#handleEvent(message.event, message.text ?? []);
      case "outcome":
        // What it says is drawn before who waits for it goes on.
        this.#flush();
        return this.requests.handle(message);
      case "call-taken":
      case "call-peer":
      case "call-description":
      case "call-stats":
      case "call-gone":
        return this.calls.handle(message);
      case "suggestions":
      case "capability":
        return this.requests.handle(message);
      case "question":
        this.questions.value = [...this.questions.value, message];
        return;
      case "question-gone":
        return this.#forgetQuestion(message.question);
      case "error":
        return this.tell(message.message, true);
    }
  }

  #handlePhase(phase: Phase): void {
    const before = this.phase.value;
    // What is told again would take the focus from who is writing.
    if (JSON.stringify(phase) === JSON.stringify(before)) return;
    this.phase.value = phase;
    const isIn = phase.phase === "connecting" || phase.phase === "open";
    // Who was away while others logged in has not seen the form.
    const isOther = (before.login ?? phase.login) !== phase.login;
    if (!isIn || isOther) this.#forgetAll();
    if (phase.phase === "ended") this.socket.end();
  }

  #begin(view: ClientView): void {
    this.#view = view;
    const open = this.#kept.restore(this.phase.value.login);
    const transfers = view.transfers().map(({ info }) => info)
      .sort((one, other) => one.transfer - other.transfer);
    for (const info of transfers) this.#placeTransfer(info);
    if (this.open.value === undefined) this.openChat(open);
    this.#flush();
  }

  #handleEvent(event: ClientEvent | QuietEvent, text: readonly string[]): void {
    this.#view.handleEvent(event);
    if (event.event === "transfer") this.#placeTransfer(event.info);
    if (event.event === "message" || event.event === "private-message") {
      this.#hear(event);
    }
    if (event.event === "link") this.linking.value = event;
    if (event.event === "call") this.#hearCall(event);
    if (event.event === "renamed" && !event.me) this.#rename(event);
    const shown = event as ClientEvent;
    const note = noteOf(shown, text);
    if (note !== undefined) this.#note(note.key, note);
    const spoken = spokenOf(shown, text);
    if (spoken !== undefined) this.announce({ text: spoken });
    const notice = noticeOf(shown, text);
    if (notice !== undefined) this.#notify(notice);
    this.#flushSoon();
  }

  #notify(notice: Notice): void {
    const { about, text } = notice;
    if (about !== undefined) this.#withdraw(about);
    const all = [...this.notices.value, { ...notice, id: this.#nextId++ }];
    this.notices.value = all.slice(-mostNotices);
    this.announce({ text });
  }

  /** What was told about it is not so any more. */
  #withdraw(about: string): void {
    this.notices.value = this.notices.value.filter((each) =>
      each.about !== about
    );
  }

  /** Somebody said something. */
  #hear(
    event: Extract<ClientEvent, { event: "message" | "private-message" }>,
  ): void {
    const key = conversationOfMessage(event);
    if (key === undefined) return;
    const { from, text } = event;
    const isOpen = key === this.open.value;
    const where = isOpen || key.startsWith("@") ? {} : { where: titleOf(key) };
    this.announce({ from, text, ...where });
    if (document.hasFocus() && (isOpen || !namesMe(text, this.view.me.user))) {
      return;
    }
    this.heralds.tell(key, from, text, () => this.openChat(key));
  }

  /** A call rings, goes on, or is over. */
  #hearCall(event: Extract<ClientEvent, { event: "call" }>): void {
    this.calls.handleEvent(event);
    const { info } = event;
    const note = callNote(event, Date.now());
    if (note !== undefined) this.#note(note.key, note);
    if (info.state !== "ringing" || info.direction !== "incoming") return;
    const key = placeOfCall(info);
    this.announce({ text: ringText(info) });
    if (document.hasFocus()) return;
    this.heralds.tell(key, info.from, "calls you", () => this.openChat(key));
  }

  #placeTransfer(info: Parameters<typeof placeOf>[0]): void {
    if (this.#transferPlaces.has(info.transfer)) return;
    this.#transferPlaces.set(info.transfer, this.#placeIn(placeOf(info)));
    if (info.direction === "incoming" && info.state === "offered") {
      this.announce({ from: info.user, text: `offers ${offeredText(info)}` });
    }
  }

  #note(key: ConversationKey, note: Omit<ChatNote, "key">): void {
    this.notes.add({ ...note, key, ...this.#placeIn(key) });
    if (key === this.open.value && note.text[0] !== undefined) {
      this.announce({ text: note.text[0] });
    }
    this.#flushSoon();
  }

  /** Of what comes now: below all that is in a conversation. */
  #placeIn(key: ConversationKey): Place {
    const inView = this.#view.conversation(key)?.messages.at(-1)?.at ?? 0;
    const last = Math.max(inView, this.#logs.get(key)?.last?.at ?? 0);
    // Where nothing is known yet, what was said before is asked for later.
    return { id: this.#nextId++, below: last || Date.now() };
  }

  #firstUnseen(
    conversation: Conversation | undefined,
  ): SaidMessage | undefined {
    if (conversation === undefined || conversation.unread === 0) {
      return undefined;
    }
    const { key, seen } = conversation;
    const log = this.logOf(key).blocks.flatMap(({ messages }) => messages);
    const byMark = seen === 0
      ? undefined
      : log.find(({ id = 0, own, deleted }) => !own && !deleted && id > seen);
    return byMark ?? unseenOf(conversation)[0];
  }

  #followAll(): void {
    this.#unfollowed = 0;
    for (const [key, log] of this.#logs) this.#follow(key, log);
  }

  #follow(key: ConversationKey, log: MessageLog): void {
    const { messages = [] } = this.#view.conversation(key) ?? {};
    log.follow(messages, key.startsWith("="));
  }

  /** Somebody has another name: what is here of them is of the same person. */
  #rename({ from, to }: Extract<ClientEvent, { event: "renamed" }>): void {
    this.calls.handleRenamed(from, to);
    for (const sign of ["@", "="] as const) {
      const [old, key] = [`${sign}${from}`, `${sign}${to}`] as const;
      this.#logs.set(key, this.logOf(old));
      this.#logs.delete(old);
      this.notes.move(old, key);
      this.memory.move(old, key);
      if (this.open.value !== old) continue;
      this.open.value = key;
      this.#kept.open(key);
    }
  }

  #forgetQuestion(question: number): void {
    this.questions.value = this.questions.value.filter((each) =>
      each.question !== question
    );
  }

  /** Who logs in next at this tab is perhaps somebody else. */
  #forgetAll(): void {
    this.uploads.stop();
    this.calls.close();
    this.#kept.forget();
    this.#logs.clear();
    this.notes.clear();
    this.#transferPlaces.clear();
    this.#loading.clear();
    this.#firstNew = undefined;
    this.open.value = undefined;
    this.sought.value = undefined;
    this.isLoading.value = false;
    this.filter.value = "";
    this.linking.value = undefined;
    this.panel.value = undefined;
    this.questions.value = [];
    this.notices.value = [];
    this.announcements.clear();
    this.#view = new ClientView("");
    this.#flush();
  }

  /** Draws what changed, at the next frame; a page that is not seen, a bit later. */
  #flushSoon(): void {
    // The view keeps the last few; more than those may come before a slow frame.
    if (++this.#unfollowed >= mostMessages / 2) this.#followAll();
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    if (document.hidden) setTimeout(() => this.#flush(), hiddenFlushMs);
    else requestAnimationFrame(() => this.#flush());
  }

  #flush(): void {
    this.#isFlushing = false;
    this.#followAll();
    this.#see();
    this.notices.value = openNotices(this.notices.value, this.#view);
    const unread = unreadIn(this.#view);
    document.title = unread === 0 ? "Parley" : `(${unread}) Parley`;
    this.revision.value++;
  }

  /** What stands before the user's eyes counts as seen. */
  #see(): void {
    const key = this.open.value;
    const conversation = key && this.#view.conversation(key);
    if (!conversation || conversation.unread === 0) return;
    const isAttentive = document.hasFocus() && !document.hidden &&
      this.#isAtEnd;
    if (!isAttentive) {
      this.#firstNew ??= this.#firstUnseen(conversation);
      return;
    }
    const isSession = conversation.key.startsWith("=");
    const mark = this.#view.markOf(conversation.key);
    if (!isSession && mark === undefined) return;
    this.socket.send({
      do: "see",
      conversation: conversation.key,
      ...(mark && { upto: mark.upto }),
    });
  }
}

/** A conversation with less begins with older ones. */
const fewMessages = 40;
/** About so many stay of a conversation that is left. */
const keptMessages = 150;
const mostNotices = 4;
const hiddenFlushMs = 100;
