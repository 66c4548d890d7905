/** The search through the history while it goes on: what Ctrl-R opens. */
import type { Key } from "./key_decoder.ts";
import type { LineHistory } from "./line_history.ts";

/** How a search goes on after a key. */
export type SearchStep =
  /** It took the key. */
  | "searching"
  /** Given up: the line is as it was before. */
  | "cancelled"
  /** The line found is taken, and the key is still to be handled. */
  | "taken";

/** One search. */
export class HistorySearch {
  readonly #history: LineHistory;
  #part = "";
  #found: { readonly index: number; readonly line: string } | undefined;
  #isFailing = false;

  constructor(history: LineHistory) {
    this.#history = history;
  }

  /** The line found; `undefined` as long as there is none. */
  get line(): string | undefined {
    return this.#found?.line;
  }

  /** What stands before the line found. */
  get prompt(): string {
    return `${this.#isFailing ? "not found" : "search"}: ${this.#part}_ > `;
  }

  handleKey(key: Key): SearchStep {
    switch (key.key) {
      case "text":
        this.#part += key.text;
        this.#find();
        return "searching";
      case "backspace":
        this.#part = [...this.#part].slice(0, -1).join("");
        this.#find();
        return "searching";
      case "search":
        this.#find(this.#found?.index);
        return "searching";
      case "cancel":
      case "interrupt":
        return "cancelled";
    }
    return "taken";
  }

  #find(before?: number): void {
    if (this.#part === "") return;
    const found = this.#history.find(this.#part, before);
    this.#isFailing = found === undefined;
    this.#found = found ?? this.#found;
  }
}
