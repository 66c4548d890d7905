/** The client on a terminal: input line, rows around it, colours. */
import type { ClientEvent } from "../events/client_event.ts";
import type { QuietEvent } from "../events/quiet_event.ts";
import type { ClientView } from "../events/client_view.ts";
import { conversationWith, recalledMessages } from "../events/conversations.ts";
import { type FeedLine, labelOf, MessageFeed } from "../text/message_feed.ts";
import {
  openConversation,
  type Recalled,
  recentOf,
  recentParts,
  rowsOf,
} from "../text/recent.ts";
import type { Submission } from "../session/entered_lines.ts";
import { ScreenWatch } from "./screen_watch.io.ts";
import { OwnLines } from "./terminal/own_lines.ts";
import {
  colourPalette,
  type Palette,
  plainPalette,
} from "../../cli/palette.ts";
import { promptText, rowsAround } from "./terminal/status_rows.ts";
import { messageLines } from "../../cli/message_lines.ts";
import { visible } from "../../base/text.ts";
import { overviewText } from "../text/overview.ts";
import { completionSource } from "./completion_source.io.ts";
import { HistoryFile } from "./terminal/history.io.ts";
import { readNotify, writeNotify, writePresence } from "./choices.io.ts";
import { Output } from "../../system/console_output.io.ts";
import {
  newPasswordProblem,
  newPasswordQuestion,
} from "../../security/verifier.ts";
import { Terminal } from "./terminal/terminal.io.ts";
import {
  type Credentials,
  isAnswer,
  isYes,
  type UserHandler,
  type UserInterface,
} from "./user_interface.ts";
import type { NewPassword, ProvePassword } from "../../cli/new_password.ts";

/** How a {@link TerminalInterface} looks and behaves. */
export interface DisplayOptions {
  readonly color: boolean;
  /** Show the time of each line. */
  readonly timestamps: boolean;
  /** Ring the bell, unless `/notify off` was said last. */
  readonly notify: boolean;
  /** Leave out welcome, goodbye, and who comes and goes. */
  readonly quiet: boolean;
}

/** Talks to a person. */
export class TerminalInterface implements UserInterface {
  readonly #handler: UserHandler;
  readonly #output: Output;
  readonly #terminal: Terminal;
  readonly #palette: Palette;
  readonly #feed: MessageFeed;
  readonly #own: OwnLines;
  readonly #watch: ScreenWatch;
  readonly #history: HistoryFile;
  readonly #view: ClientView;
  readonly #quiet: boolean;
  #notify: boolean;
  #isStarted = false;
  /** Counts the seconds until the connection is tried again. */
  #countdown: ReturnType<typeof setTimeout> | undefined;

  constructor(handler: UserHandler, options: DisplayOptions) {
    const { color, timestamps, notify } = options;
    const view = this.#view = handler.view;
    this.#quiet = options.quiet;
    this.#handler = handler;
    const palette = this.#palette = color ? colourPalette : plainPalette;
    this.#feed = new MessageFeed({ palette, timestamps });
    this.#own = new OwnLines(this.#feed, palette, options.quiet);
    this.#history = new HistoryFile(view.me.server, env);
    this.#notify = notify && readNotify(env);
    this.#output = new Output(() => handler.interrupt());
    const source = completionSource(view);
    this.#terminal = new Terminal(this.#output, source, {
      line: (text, prompt) => this.#line(text, prompt),
      message: (text, prompt) => this.#say(text, prompt),
      leave: (key) => handler.leave(key),
      keys: () => this.#watch.handleKey(),
      gone: () => handler.interrupt(),
      rows: (size) => rowsAround(view, this.#own, size, palette, Date.now()),
    });
    const gone = (after: number) => this.#terminal.lastGone(after);
    this.#watch = new ScreenWatch(handler, gone);
    this.#terminal.loadHistory(this.#history.read());
    this.#terminal.open();
  }

  show(event: ClientEvent): void {
    this.#follow(event);
    if (event.event === "progress") return;
    // Opening its chat may have shown it before it came.
    const isThere = event.event === "message" &&
      this.#watch.isOnScreen(conversationWith(event), event);
    if (!isThere) this.#terminal.print(this.#linesOf(event));
    this.#watch.handlePrinted(event, this.#terminal.lastLine);
    if (this.#notify && this.#feed.rings(event)) this.#terminal.ring();
  }

  note(event: ClientEvent | QuietEvent): void {
    this.#follow(event);
    if (event.event === "recalled") this.#recall(event);
    if (event.event === "begun") this.#terminal.print(this.#linesOf(event));
    if (event.event === "arrived" && !this.#quiet) {
      const text = (width: number) => overviewText(this.#view, width);
      const width = this.#terminal.size.columns - 1;
      this.#terminal.print(this.#feed.notice(Date.now(), width, text));
    }
  }

  /** Shows what was said last in the chat that was opened. */
  #recall(recalled: Recalled): void {
    const { conversation: key } = recalled;
    const conversation = openConversation(this.#view, recalled);
    if (conversation === undefined) return;
    const { columns, rows } = this.#terminal.size;
    const recent = recentOf(conversation, {
      most: recalledMessages,
      rows: Math.floor(rows / 2),
      rowsOf: (message) => rowsOf(message, columns),
      isOnScreen: (message, after) =>
        this.#watch.isOnScreen(key, message, after),
    });
    for (const part of recentParts(key, recent)) {
      this.#terminal.print(this.#feed.recent(key, part));
      if (part.message === undefined) continue;
      this.#watch.handleRecalled(key, part.message, this.#terminal.lastLine);
    }
  }

  #linesOf(event: ClientEvent | QuietEvent): readonly FeedLine[] {
    const isOnline = this.#view.me.connection === "open";
    return this.#own.lines(event, Date.now(), isOnline);
  }

  #follow(event: ClientEvent | QuietEvent): void {
    switch (event.event) {
      case "welcome":
      case "renamed":
      case "disconnected":
      case "chat":
        return this.#setPrompt();
      case "reconnecting":
        return this.#countDown();
      case "result": {
        const { outcome } = event;
        if (!outcome.ok) return;
        if (outcome.command === "rename") this.#setPrompt();
        if (outcome.command === "notify") {
          this.#notify = outcome.answer.notify;
          writeNotify(env, this.#notify);
        }
        if (outcome.command === "presence") {
          writePresence(env, outcome.answer.presence);
        }
      }
    }
    this.#terminal.update();
  }

  async ask(user: string | undefined): Promise<Credentials | undefined> {
    const name = user ?? await this.#terminal.ask("Username: ", false);
    if (name === undefined) return undefined;
    const question = user === undefined
      ? "Password: "
      : `Password of ${user}: `;
    const password = await this.#terminal.ask(question, true);
    return password === undefined ? undefined : { user: name.trim(), password };
  }

  async confirm(
    reason: string | undefined,
    question: string,
    signal?: AbortSignal,
  ): Promise<boolean> {
    // In one row there may be no room for both.
    if (reason !== undefined) {
      const text = this.#palette.error(visible(`${reason};`));
      this.#terminal.print([{ text, indent: 0 }]);
    }
    const asked = visible(`${question} [y/N] `);
    for (;;) {
      const answer = await this.#terminal.ask(asked, false, signal);
      if (signal === undefined || answer === undefined || isAnswer(answer)) {
        return isYes(answer);
      }
      // The session goes on meanwhile, and a command is no answer.
      if (commandLine.test(answer)) this.#line(answer, this.#prompt);
      if (signal.aborted) return false;
    }
  }

  async askNewPassword(
    prove: ProvePassword,
  ): Promise<NewPassword | undefined> {
    const old = await this.#terminal.ask("Old password: ", true);
    if (old === undefined) return undefined;
    const isRight = await this.#terminal.hold("One moment … ", prove(old));
    if (!isRight) return undefined;
    const password = await this.#terminal.ask(newPasswordQuestion, true);
    if (password === undefined) return undefined;
    // One that is refused in any case is not asked for twice.
    if (newPasswordProblem(password) !== undefined) {
      return { old, password, again: password };
    }
    const again = await this.#terminal.ask("The same again: ", true);
    return again === undefined ? undefined : { old, password, again };
  }

  start(): void {
    this.#isStarted = true;
  }

  async close(): Promise<void> {
    clearTimeout(this.#countdown);
    this.#keepDraft();
    this.#watch.close();
    this.#terminal.close();
    await this.#output.flush();
  }

  /** Whatever ends the client, what was being typed is not lost. */
  #keepDraft(): void {
    const { draft } = this.#terminal;
    if (!this.#isStarted || draft.trim() === "") return;
    const where = this.#keep(draft) ? ", kept for the next run (↑)" : "";
    const [first = "", ...others] = messageLines(draft);
    const rows = [`- not sent${where}: ${first}`, ...others.map(indented)];
    this.#terminal.print(rows.map((text) => ({ text, indent: 2 })));
  }

  /** What is for a private session alone is kept nowhere. */
  #keep(text: string): boolean {
    const isPrivate = this.#view.chat?.kind === "session";
    if (isPrivate && !commandLine.test(text)) return false;
    return this.#history.add(text);
  }

  #line(text: string, prompt: string): void {
    if (!this.#isStarted) return;
    if (text.trim() === "") {
      this.#handler.see();
      return this.#handler.reconnect();
    }
    this.#keep(text);
    this.#enter(text, prompt, () => this.#handler.submit(text));
  }

  #say(text: string, prompt: string): void {
    this.#enter(text, prompt, () => this.#handler.say(text));
  }

  #enter(text: string, prompt: string, hand: () => Submission): void {
    const [first = "", ...others] = messageLines(text);
    const rows = [this.#palette.dim(prompt) + first, ...others.map(indented)];
    const echo = rows.map((text) => ({ text, indent: 2 }));
    this.#own.enter(text, echo, Date.now());
    this.#own.handleSubmitted(hand().n);
    this.#terminal.update();
  }

  /** Draws the status row anew whenever it has another second to tell. */
  #countDown(): void {
    clearTimeout(this.#countdown);
    this.#terminal.update();
    const left = (this.#view.me.retryAt ?? 0) - Date.now();
    if (left <= 0) return;
    const wait = left % 1000 || 1000;
    this.#countdown = setTimeout(() => this.#countDown(), wait);
  }

  #setPrompt(): void {
    const { me, chat } = this.#view;
    this.#feed.user = me.user;
    this.#terminal.setPrompt(this.#prompt, chat && visible(labelOf(chat)));
  }

  get #prompt(): string {
    return promptText(this.#view);
  }
}

/** What is typed as a command, and not to whom a chat is with. */
const commandLine = /^\/(?!\/)/;
const indented = (line: string) => `  ${line}`;
const env = (name: string) => Deno.env.get(name);
