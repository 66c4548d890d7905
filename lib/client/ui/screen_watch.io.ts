/** Tells the client what the person at a terminal has seen, as time goes by. */
import type { ClientEvent } from "../events/client_event.ts";
import {
  type ConversationKey,
  conversationOf,
  conversationOfMessage,
} from "../events/conversations.ts";
import { Attention } from "./attention.ts";
import type { ClientControl } from "./user_interface.ts";

/** Watches one terminal's screen. */
export class ScreenWatch {
  readonly #control: Pick<ClientControl, "view" | "see">;
  readonly #gone: () => number;
  readonly #attention: Attention;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosed = false;

  /** @param gone The number of the last line that has left the screen. */
  constructor(
    control: Pick<ClientControl, "view" | "see">,
    gone: () => number,
  ) {
    this.#control = control;
    this.#gone = gone;
    this.#attention = new Attention(control.view);
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
    const { chat } = this.#control.view;
    const isOpen = chat !== undefined &&
      conversationOfMessage(event) === conversationOf(chat);
    if (isOpen) this.#look();
    else this.#arm();
  }

  /** The terminal is given back. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  #look(): void {
    const seen = this.#attention.pollSeen(this.#gone(), performance.now());
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
    case "chat": {
      const { answer } = outcome;
      return answer.kind === "none" ? [] : [conversationOf(answer)];
    }
  }
  return [];
}
