/** Standard input as lines, for a client that is not on a terminal. */
import { StdinReader } from "./stdin_reader.ts";

/** Reads one line at a time, no faster than it is asked. */
export class LineInput {
  readonly #input = new StdinReader();
  readonly #decoder = new TextDecoder();
  #rest = "";
  #ended = false;

  /** The next line without its ending; `undefined` at the end. */
  async read(): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        return line.replace(/\r$/, "");
      }
      if (this.#ended) {
        const last = this.#rest;
        this.#rest = "";
        return last === "" ? undefined : last;
      }
      const bytes = await this.#input.read();
      if (bytes === undefined) {
        this.#ended = true;
        this.#rest += this.#decoder.decode();
      } else this.#rest += this.#decoder.decode(bytes, { stream: true });
      // No command is longer; what cannot end is cut, not collected.
      if (this.#rest.length > longestLine && !this.#rest.includes("\n")) {
        this.#rest = this.#rest.slice(0, longestLine) + "\n";
      }
    }
  }

  /** Ends a read that is under way. */
  cancel(): void {
    this.#ended = true;
    this.#input.cancel();
  }
}

const longestLine = 1024 * 1024;
