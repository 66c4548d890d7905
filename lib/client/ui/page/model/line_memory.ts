/**
 * What was entered and what is being entered, by conversation: drafts that wait
 * where one left them, and lines that Up brings back.
 */

/** The drafts and lines of one tab. */
export class LineMemory {
  readonly #drafts = new Map<string, string>();
  readonly #lines: string[] = [];
  /** Counts back from the end; 0 for what is being entered. */
  #back = 0;
  #entered = "";

  /** The draft of a conversation. */
  draft(key: string): string {
    return this.#drafts.get(key) ?? "";
  }

  /** What stands in the box of a conversation. */
  keep(key: string, text: string): void {
    this.#drafts.delete(key);
    if (text !== "") this.#drafts.set(key, text);
    const [oldest] = this.#drafts.keys();
    if (this.#drafts.size > mostDrafts && oldest !== undefined) {
      this.#drafts.delete(oldest);
    }
  }

  /** True when something is kept for a conversation. */
  has(key: string): boolean {
    return this.#drafts.has(key);
  }

  /** A conversation has another name. */
  move(from: string, to: string): void {
    const draft = this.draft(from);
    this.keep(from, "");
    if (draft !== "") this.keep(to, draft);
  }

  /** A line was sent. */
  enter(text: string): void {
    if (this.#lines.at(-1) !== text) this.#lines.push(text);
    if (this.#lines.length > mostLines) this.#lines.shift();
    this.rest();
  }

  /** Something else is being entered. */
  rest(): void {
    this.#back = 0;
    this.#entered = "";
  }

  /**
   * The line before or after the one that is shown.
   *
   * @param shown What stands in the box.
   * @param step 1 for the one before, -1 for the one after.
   * @returns `undefined` when there is none.
   */
  recall(shown: string, step: 1 | -1): string | undefined {
    const back = this.#back + step;
    if (back < 0 || back > this.#lines.length) return undefined;
    if (this.#back === 0) this.#entered = shown;
    this.#back = back;
    return back === 0 ? this.#entered : this.#lines.at(-back);
  }

  /** Forgets everything. */
  clear(): void {
    this.#drafts.clear();
    this.#lines.length = 0;
    this.rest();
  }

  /**
   * As text, to be kept until the page is loaded again, which may be on a disk:
   * without what is written in private sessions.
   */
  save(): string {
    return JSON.stringify(
      [...this.#drafts].filter(([key]) => !key.startsWith("=")),
    );
  }

  /** What {@link save} gave; anything else is nothing. */
  restore(text: string | null): void {
    let saved: unknown;
    try {
      saved = JSON.parse(text ?? "[]");
    } catch {
      return;
    }
    if (!Array.isArray(saved)) return;
    for (const each of saved.slice(-mostDrafts)) {
      const [key, draft] = Array.isArray(each) ? each : [];
      if (typeof key === "string" && typeof draft === "string") {
        this.keep(key, draft);
      }
    }
  }
}

const mostDrafts = 200;
const mostLines = 200;
