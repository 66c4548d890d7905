/**
 * On which line of a terminal each message was printed last, so that what stands
 * on the screen is not printed again. Bounded.
 */
import type { PastMessage } from "../commands/history.ts";
import type { ClientEvent, CommandSuccess } from "../events/client_event.ts";
import type { ClientView } from "../events/client_view.ts";
import { messageLines } from "../../cli/message_lines.ts";
import {
  type ConversationKey,
  conversationWith,
  type SaidMessage,
} from "../events/conversations.ts";

/** The messages that one terminal shows. */
export class PrintedMessages {
  readonly #view: ClientView;
  readonly #lines = new Map<string, number>();

  /** @param view Knows what the user has said. */
  constructor(view: ClientView) {
    this.#view = view;
  }

  /**
   * Something was printed.
   *
   * @param line The number of its last line, which rise.
   */
  handlePrinted(event: ClientEvent, line: number): void {
    switch (event.event) {
      case "message":
        return this.note(conversationWith(event), event, line);
      case "private-message":
        return this.note(`=${event.from}`, event, line);
      case "result":
        if (event.outcome.ok) this.#handleAnswer(event.outcome, line);
    }
  }

  /** A message was printed, which ends on this line. */
  note(key: ConversationKey, message: SaidAt, line: number): void {
    const place = placeText(key, message);
    this.#lines.delete(place);
    this.#lines.set(place, line);
    if (this.#lines.size <= mostPrinted) return;
    const [oldest] = this.#lines.keys();
    if (oldest !== undefined) this.#lines.delete(oldest);
  }

  /** True when a message was printed, and after this line. */
  isAfter(key: ConversationKey, message: SaidAt, line: number): boolean {
    return (this.#lines.get(placeText(key, message)) ?? -Infinity) > line;
  }

  #handleAnswer(outcome: CommandSuccess, line: number): void {
    switch (outcome.command) {
      case "msgto": {
        const { at, sent } = outcome.answer;
        for (const { to, number } of sent) {
          this.note(`@${to}`, { number, at }, line);
        }
        return;
      }
      case "groupmsg": {
        const { at, number, group } = outcome.answer;
        const name = this.#view.group(group)?.name ?? group;
        return this.note(`#${name}`, { number, at }, line);
      }
      case "private": {
        const key = `=${outcome.answer.user}` as const;
        const said = this.#view.conversation(key)?.messages
          .findLast(({ own }) => own);
        return said && this.note(key, said, line);
      }
      case "history":
      case "search":
      case "rdm":
      case "last":
        this.#handlePast(outcome.answer.messages, line);
    }
  }

  /** Messages one below the other, the newest at the end. */
  #handlePast(messages: readonly PastMessage[], line: number): void {
    for (const message of messages.slice(-mostPrinted).reverse()) {
      const { kind, group = "", from, to = from } = message;
      const other = from === this.#view.me.user ? to : from;
      this.note(
        conversationWith({ kind, group, from, to: other }),
        message,
        line,
      );
      line -= messageLines(message.text).length;
    }
  }
}

/** Where a message is in its conversation; a private session has no numbers. */
type SaidAt = Pick<SaidMessage, "number" | "at">;

function placeText(key: ConversationKey, { number, at }: SaidAt): string {
  return `${key} ${number ?? ""} ${at}`;
}

/** More than a screen has. */
const mostPrinted = 300;
