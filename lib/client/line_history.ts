/** The lines typed, for the arrow keys and the search (Ctrl-R). */
export class LineHistory {
  #lines: string[] = [];
  /** Index of the line shown; the number of lines stands for the new one. */
  #position = 0;
  /** The new line, while an old one is shown. */
  #draft = "";

  /** Takes over lines of earlier runs, oldest first, before all others. */
  load(lines: readonly string[]): void {
    this.#lines = [...lines, ...this.#lines].slice(-mostLines);
    this.#position = this.#lines.length;
  }

  /** Remembers a line that was entered; blank and repeated ones are not kept. */
  add(line: string): void {
    if (line.trim() !== "" && line !== this.#lines.at(-1)) {
      this.#lines.push(line);
      if (this.#lines.length > mostLines) this.#lines.shift();
    }
    this.leave();
  }

  /** The new line is shown again, and is empty. */
  leave(): void {
    this.#position = this.#lines.length;
    this.#draft = "";
  }

  /** The line before the one shown; `current` is kept if it is the new one. */
  older(current: string): string | undefined {
    if (this.#position === 0) return undefined;
    if (this.#position === this.#lines.length) this.#draft = current;
    return this.#lines[--this.#position];
  }

  /** The line after the one shown; at last the new one. */
  newer(): string | undefined {
    if (this.#position >= this.#lines.length) return undefined;
    return this.#lines[++this.#position] ?? this.#draft;
  }

  /**
   * The newest line that contains `part`, whatever the case.
   *
   * @param before Only lines older than that index; all of them by default.
   * @returns `undefined` when there is none.
   */
  find(
    part: string,
    before: number = this.#lines.length,
  ): { readonly index: number; readonly line: string } | undefined {
    const wanted = part.toLowerCase();
    for (let index = before - 1; index >= 0; index--) {
      const line = this.#lines[index] ?? "";
      if (line.toLowerCase().includes(wanted)) return { index, line };
    }
    return undefined;
  }
}

const mostLines = 1000;
