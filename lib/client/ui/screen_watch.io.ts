/** Tells the client what the person at a terminal has seen, as time goes by. */
import type { ClientEvent } from "../events/client_event.ts";
import {
  type ConversationKey,
  conversationOf,
  conversationOfMessage,
  type SaidMessage,
} from "../events/conversations.ts";
import { Attention } from "./attention.ts";
import { PrintedMessages } from "./printed_messages.ts";
import type { ClientControl } from "./user_interface.ts";

/** Watches one terminal's screen. */
export class ScreenWatch {
  readonly #control: Pick<ClientControl, "view" | "see">;
  readonly #gone: (after: number) => number;
  readonly #attention: Attention;
  readonly #printed: PrintedMessages;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /**
   * @param gone The number of the last line that has left the screen, or will
   *     have when so many more rows are printed.
   */
  constructor(
    control: Pick<ClientControl, "view" | "see">,
    gone: (after: number) => number,
  ) {
    this.#control = control;
    this.#gone = gone;
    this.#attention = new Attention(control.view);
    this.#printed = new PrintedMessages(control.view);
  }

  /** Somebody is there: a key was pressed. */
  handleKey(): void {
    this.#attention.handleKey(performance.now());
    this.#look();
  }

  /**
   * Something was printed, or would have been.
   *
   * @param line The number of the last line that was printed.
   */
  handlePrinted(event: ClientEvent, line: number): void {
    for (const key of answered(event, this.#control)) this.#control.see(key);
    this.#attention.handlePrinted(event, line, performance.now());
    this.#printed.handlePrinted(event, line);
    const { chat } = this.#control.view;
    const isOpen = chat !== undefined &&
      conversationOfMessage(event) === conversationOf(chat);
    if (isOpen || isOpening(event)) this.#look();
    else this.#arm();
  }

  /**
   * One of the last messages of the open chat was printed for who opened it.
   *
   * @param line The number of its last line.
   */
  handleRecalled(
    key: ConversationKey,
    message: SaidMessage,
    line: number,
  ): void {
    this.#printed.note(key, message, line);
    const { id, own } = message;
    if (own || id === undefined) return;
    this.#attention.handleRecalled(key, id, line, performance.now());
    this.#look();
  }

  /**
   * True when a message stands on the screen.
   *
   * @param after So many more rows are going to be printed.
   */
  isOnScreen(
    key: ConversationKey,
    message: Pick<SaidMessage, "number" | "at">,
    after = 0,
  ): boolean {
    return this.#printed.isAfter(key, message, this.#gone(after));
  }

  /** The terminal is given back. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    const seen = this.#attention.pollSeen(this.#gone(0), performance.now());
    for (const { key, upto } of seen) this.#control.see(key, upto);
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const at = this.#attention.pollTimeout();
    if (at === undefined || this.#isClosed) return;
    const wait = Math.max(at - performance.now(), 0) + 1;
    this.#timer = setTimeout(() => this.#look(), wait);
  }
}

/** Where a person shows by what they do that they have seen what was said. */
function answered(
  event: ClientEvent,
  { view }: Pick<ClientControl, "view">,
): ConversationKey[] {
  if (event.event !== "result" || !event.outcome.ok) return [];
  const { outcome } = event;
  switch (outcome.command) {
    case "msgto":
      return outcome.answer.sent.map(({ to }) => `@${to}` as const);
    case "groupmsg": {
      const { group } = outcome.answer;
      return [`#${view.group(group)?.name ?? group}`];
    }
    case "broadcast":
      return ["*"];
    case "private":
      return [`=${outcome.answer.user}`];
  }
  return [];
}

/** True when a chat was opened. */
function isOpening(event: ClientEvent): boolean {
  return event.event === "result" && event.outcome.ok &&
    event.outcome.command === "chat";
}
