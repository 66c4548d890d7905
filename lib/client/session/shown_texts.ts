import { firstWords } from "../../base/text.ts";
import type { CommandSuccess } from "../events/client_event.ts";

/**
 * How the messages began that were shown in this run, so that a message that is
 * taken back can be named by its first words: the server has none of it any
 * more. Bounded; of the ones shown longest ago only the number is left to tell.
 */
export class ShownTexts {
  readonly #texts = new Map<string, string>();
  #store: string | undefined;

  /** Messages of this database follow: numbers of another one mean nothing. */
  open(store: string): void {
    if (store !== this.#store) this.#texts.clear();
    this.#store = store;
  }

  /** The database was set back: its numbers are given to other messages. */
  handleSetBack(): void {
    this.#texts.clear();
  }

  /** A message was shown; `group` is absent for all but a group's. */
  note(group: string | undefined, number: number, text: string): void {
    const key = keyOf(group, number);
    this.#texts.delete(key);
    this.#texts.set(key, firstWords(text));
    if (this.#texts.size <= mostTexts) return;
    const [oldest] = this.#texts.keys();
    if (oldest !== undefined) this.#texts.delete(oldest);
  }

  /** Takes the texts out of a command's answer, which is shown. */
  learn(outcome: CommandSuccess): void {
    const { command } = outcome;
    if (command !== "history" && command !== "rdm" && command !== "search") {
      return;
    }
    for (const { group, number, text, deleted } of outcome.answer.messages) {
      if (!deleted) this.note(group, number, text);
    }
  }

  /** The first words of a message, which is no more from now on. */
  take(group: string | undefined, number: number): string | undefined {
    const key = keyOf(group, number);
    const text = this.#texts.get(key);
    this.#texts.delete(key);
    return text;
  }
}

function keyOf(group = "", number: number): string {
  return `${group.toLowerCase()} ${number}`;
}

const mostTexts = 2000;
