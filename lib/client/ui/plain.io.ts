/**
 * The client on a terminal that it never redraws (`--plain-ui`, `TERM=dumb`):
 * for screen readers, for logs and for terminals that can do no more. The
 * terminal itself does echo and editing; what comes is printed line by line.
 */
import type { ClientEvent } from "../events/client_event.ts";
import { conversationWith } from "../events/conversations.ts";
import type { QuietEvent } from "../events/quiet_event.ts";
import { isCeremony } from "../events/event_kind.ts";
import { MessageFeed } from "../text/message_feed.ts";
import { plainPalette } from "../../cli/palette.ts";
import {
  eventOf,
  openConversation,
  type Recalled,
  recentOf,
  recentParts,
} from "../text/recent.ts";
import { renderWithoutNumbers } from "../text/render_text.ts";
import { overviewText } from "../text/overview.ts";
import { chatText, statusText } from "../text/status_text.ts";
import {
  newPasswordProblem,
  newPasswordQuestion,
} from "../../security/verifier.ts";
import { visible } from "../../base/text.ts";
import { LineInput } from "../../system/stdin.io.ts";
import { readNotify, writeNotify, writePresence } from "./choices.io.ts";
import { ProgressSteps } from "./progress_steps.ts";
import { ScreenWatch } from "./screen_watch.io.ts";
import { Output } from "../../system/console_output.io.ts";
import { SecretLine } from "../../cli/password_prompt.io.ts";
import {
  guardTerminal,
  unguardTerminal,
} from "../../system/end_on_error.io.ts";
import type { DisplayOptions } from "./terminal_interface.io.ts";
import {
  type Credentials,
  isYes,
  type UserHandler,
  type UserInterface,
} from "./user_interface.ts";
import type { NewPassword, ProvePassword } from "../../cli/new_password.ts";

/** Talks to a person line by line. */
export class PlainInterface implements UserInterface {
  readonly leavesLinesToTerminal = true;
  readonly #handler: UserHandler;
  readonly #output: Output;
  readonly #input = new LineInput();
  readonly #steps = new ProgressSteps();
  readonly #feed: MessageFeed;
  readonly #quiet: boolean;
  readonly #watch: ScreenWatch;
  /** How many lines were printed. */
  #lastLine = 0;
  #notify: boolean;
  /** A question that takes its answer from the input. */
  #asking: Promise<unknown> | undefined;
  #isClosed = false;
  /** The chat went elsewhere a moment ago. */
  #isChatUntold = false;
  /** It was said that lines wait for the connection. */
  #isWaitTold = false;

  constructor(
    handler: UserHandler,
    { notify, quiet }: Pick<DisplayOptions, "notify" | "quiet">,
  ) {
    this.#handler = handler;
    this.#output = new Output(() => handler.interrupt());
    this.#feed = new MessageFeed({ palette: plainPalette, timestamps: false });
    this.#quiet = quiet;
    this.#notify = notify && readNotify(env);
    const gone = (after: number) => this.#lastLine + after - screenRows();
    this.#watch = new ScreenWatch(handler, gone);
  }

  show(event: ClientEvent): void {
    if (event.event === "progress" && !this.#steps.passes(event.info)) return;
    this.note(event);
    if (event.event === "result" && event.outcome.command === "chat") {
      this.#isChatUntold = false;
    }
    if (this.#quiet && isCeremony(event)) return;
    const bell = this.#notify && this.#feed.rings(event) ? "\x07" : "";
    // Opening its chat may have told it before it came.
    const isTold = event.event === "message" &&
      this.#watch.isOnScreen(conversationWith(event), event);
    const lines = [
      ...isTold ? [] : renderWithoutNumbers(event, plainPalette),
      ...this.#more(event),
    ];
    this.#output.write(bell + lines.map((line) => `${line}\n`).join(""));
    this.#lastLine += lines.length;
    this.#watch.handlePrinted(event, this.#lastLine);
  }

  note(event: ClientEvent | QuietEvent): void {
    this.#feed.user = this.#handler.view.me.user;
    if (event.event === "recalled") this.#recall(event);
    if (event.event === "arrived" && !this.#quiet) {
      this.#output.write(`${overviewText(this.#handler.view, plainWidth)}\n`);
    }
    if (event.event !== "result" || !event.outcome.ok) return;
    const { outcome } = event;
    if (outcome.command === "presence") {
      writePresence(env, outcome.answer.presence);
    }
    if (outcome.command !== "notify") return;
    this.#notify = outcome.answer.notify;
    writeNotify(env, this.#notify);
  }

  /** Tells what was said last in the chat that was opened; few, as it is read out. */
  #recall(recalled: Recalled): void {
    const { conversation: key } = recalled;
    const conversation = openConversation(this.#handler.view, recalled);
    if (conversation === undefined) return;
    const recent = recentOf(conversation, {
      most: fewMessages,
      isOnScreen: (message, after) =>
        this.#watch.isOnScreen(key, message, after),
    });
    for (const { heading, message } of recentParts(key, recent)) {
      const lines = message === undefined
        ? [`${heading}:`]
        : renderWithoutNumbers(eventOf(key, message), plainPalette);
      this.#output.write(lines.map((line) => `${line}\n`).join(""));
      this.#lastLine += lines.length;
      if (message === undefined) continue;
      this.#watch.handleRecalled(key, message, this.#lastLine);
    }
  }

  whenShown(done: () => void): void {
    this.#output.whenDue(done);
  }

  async ask(user: string | undefined): Promise<Credentials | undefined> {
    const name = user ?? await this.#askLine("Username: ");
    if (name === undefined) return undefined;
    const question = user === undefined
      ? "Password: "
      : `Password of ${user}: `;
    const password = await this.#askSecret(question);
    return password === undefined ? undefined : { user: name.trim(), password };
  }

  async confirm(
    reason: string | undefined,
    question: string,
  ): Promise<boolean> {
    const before = reason === undefined ? "" : `${reason}; `;
    const answer = this.#askLine(visible(`${before}${question} [y/N] `));
    this.#asking = answer;
    return isYes(await answer);
  }

  askNewPassword(prove: ProvePassword): Promise<NewPassword | undefined> {
    return this.#asking = this.#askNewPassword(prove);
  }

  start(): void {
    this.#read();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watch.close();
    this.#input.cancel();
    await this.#output.flush();
  }

  async #read(): Promise<void> {
    let begun: Promise<void> | undefined;
    for (;;) {
      const line = await this.#input.read();
      if (this.#isClosed) return;
      if (line === undefined) {
        // Nothing more can be typed: what is under way may end first.
        await begun;
        return this.#handler.endOfInput();
      }
      this.#lastLine++;
      this.#watch.handleKey();
      if (line.trim() === "") this.#tellStatus();
      else {
        const submission = this.#handler.submit(line);
        begun = submission.begun;
        this.#tellWaiting(submission.n);
      }
      // The lines after a question are its answers.
      await this.#asking;
    }
  }

  /** That lines wait for the connection is said of the first of them. */
  #tellWaiting(n: number): void {
    const { view } = this.#handler;
    if (this.#isWaitTold || view.me.connection !== "lost") return;
    // What needs no connection is done by now.
    if (!view.pending().some((line) => line.n === n)) return;
    this.#isWaitTold = true;
    this.#output.write("offline: what you send waits for the connection\n");
  }

  /** What others see in the prompt. */
  #more(event: ClientEvent): string[] {
    if (event.event === "welcome") this.#isWaitTold = false;
    if (event.event === "disconnected" && event.retrying) return [retryHint];
    if (event.event === "welcome" && !event.resumed) return [statusHint];
    if (event.event !== "chat") return [];
    this.#isChatUntold = event.kind !== "none";
    // What /chat did is told by its answer, which follows.
    queueMicrotask(() => this.#tellChat());
    return [];
  }

  /** The chat went elsewhere, and nothing else told it. */
  #tellChat(): void {
    if (!this.#isChatUntold) return;
    this.#isChatUntold = false;
    this.#output.write(`${chatText(this.#handler.view)} now\n`);
  }

  /** An empty line asks where one is, and says that all was read. */
  #tellStatus(): void {
    this.#handler.reconnect();
    this.#output.write(`${statusText(this.#handler.view, Date.now())}\n`);
    this.#handler.see();
  }

  async #askNewPassword(
    prove: ProvePassword,
  ): Promise<NewPassword | undefined> {
    const old = await this.#askSecret("Old password: ");
    if (old === undefined) return undefined;
    // What is typed ahead is not to be seen.
    guardTerminal(() => Deno.stdin.setRaw(false));
    Deno.stdin.setRaw(true);
    try {
      if (!await prove(old)) return undefined;
    } finally {
      Deno.stdin.setRaw(false);
    }
    const password = await this.#askSecret(newPasswordQuestion);
    if (password === undefined) return undefined;
    // One that is refused in any case is not asked for twice.
    if (newPasswordProblem(password) !== undefined) {
      return { old, password, again: password };
    }
    const again = await this.#askSecret("The same again: ");
    return again === undefined ? undefined : { old, password, again };
  }

  async #askLine(question: string): Promise<string | undefined> {
    this.#output.write(question);
    await this.#output.flush();
    return await this.#input.read();
  }

  async #askSecret(question: string): Promise<string | undefined> {
    this.#output.write(question);
    await this.#output.flush();
    const line = new SecretLine();
    guardTerminal(() => Deno.stdin.setRaw(false));
    Deno.stdin.setRaw(true);
    try {
      for (;;) {
        const byte = await this.#input.readByte();
        const state = byte === undefined
          ? line.handleEnd()
          : line.handleByte(byte, performance.now());
        if (state === "entered") return line.text;
        if (state === "cancelled") return undefined;
      }
    } finally {
      Deno.stdin.setRaw(false);
      unguardTerminal();
      this.#output.write("\n");
    }
  }
}

/** Lines that a screen shows, about: it may break them. */
function screenRows(): number {
  try {
    return Deno.consoleSize().rows || usualRows;
  } catch {
    return usualRows;
  }
}

const usualRows = 24;
/** How many messages are told of a chat that is opened. */
const fewMessages = 5;
/** As wide as a line should be that is read or heard, columns. */
const plainWidth = 120;
const env = (name: string) => Deno.env.get(name);
const retryHint = "Enter on an empty line tries at once.";
const statusHint = "Enter on an empty line tells to whom you write.";
