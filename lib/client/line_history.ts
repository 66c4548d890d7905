/** The lines typed in this run, for the arrow keys. */
export class LineHistory {
  readonly #lines: string[] = [];
  /** Index of the line shown; the number of lines stands for the new one. */
  #position = 0;
  /** The new line, while an old one is shown. */
  #draft = "";

  /** Remembers a line that was entered; blank and repeated ones are not kept. */
  add(line: string): void {
    if (line.trim() !== "" && line !== this.#lines.at(-1)) {
      this.#lines.push(line);
      if (this.#lines.length > mostLines) this.#lines.shift();
    }
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
}

const mostLines = 500;
