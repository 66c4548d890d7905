/** The candidates that Tab walks through, and the row that shows them. */
import { clipToWidth, textWidth } from "./text_width.ts";

/** Some candidates for one place of a line. */
export class CompletionCycle {
  /** Where the word to be replaced starts. */
  readonly start: number;
  readonly #candidates: readonly string[];
  #index: number;

  /**
   * @param candidates At least one.
   * @param step 1 to begin with the first, -1 with the last.
   */
  constructor(start: number, candidates: readonly string[], step: 1 | -1) {
    this.start = start;
    this.#candidates = candidates;
    this.#index = step === 1 ? 0 : candidates.length - 1;
  }

  /** The one that stands in the line now. */
  get current(): string {
    return this.#candidates[this.#index] ?? "";
  }

  /** True when there is nothing to choose. */
  get isSingle(): boolean {
    return this.#candidates.length === 1;
  }

  /** Goes to the next one, or to the one before. */
  move(step: 1 | -1): void {
    const count = this.#candidates.length;
    this.#index = (this.#index + step + count) % count;
  }

  /**
   * The candidates around the current one, which is in brackets, in at most
   * `width` columns: `luke [leia] yoda  2/9`.
   */
  hint(width: number): string {
    const place = `  ${this.#index + 1}/${this.#candidates.length}`;
    const room = width - place.length;
    let row = `[${this.#word(this.#index)}]`;
    let before = this.#index - 1;
    let after = this.#index + 1;
    for (;;) {
      const next = this.#candidates[after] === undefined
        ? undefined
        : `${row} ${this.#word(after)}`;
      if (next !== undefined && textWidth(next) <= room) {
        row = next;
        after++;
        continue;
      }
      const wider = before < 0 ? undefined : `${this.#word(before)} ${row}`;
      if (wider === undefined || textWidth(wider) > room) break;
      row = wider;
      before--;
    }
    return clipToWidth(row, Math.max(room, 0)) + place;
  }

  /** A candidate as it is listed: of a path, only the last part. */
  #word(index: number): string {
    const text = (this.#candidates[index] ?? "").trim();
    const path = text.replace(/^"|"$/g, "");
    const slash = path.lastIndexOf("/", path.length - 2);
    return slash > 0 ? path.slice(slash + 1) : text;
  }
}
