import { reasonOf } from "./errors.io.ts";

/** Standard input in pieces, with a read that can be given up. */
export class StdinReader {
  readonly #reader = Deno.stdin.readable.getReader();
  /** One that has gone is no fault: what it was for ends, too. */
  readonly #isTerminal = Deno.stdin.isTerminal();
  #cancelled = false;
  #fault: string | undefined;

  /** Why it ended before its end: it is a folder, or its disk is damaged. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The next bytes; `undefined` at the end or after {@link cancel}. */
  async read(): Promise<Uint8Array | undefined> {
    if (this.#cancelled) return undefined;
    try {
      const { value } = await this.#reader.read();
      return value;
    } catch (error) {
      if (!this.#isTerminal) this.#fault = reasonOf(error);
      return undefined;
    }
  }

  /** Ends a read that is under way, and all later ones. */
  cancel(): void {
    this.#cancelled = true;
    this.#reader.cancel().catch(() => {});
  }
}

// Standard input as lines, for a client that does not edit them itself.

/**
 * Reads one line at a time, no faster than it is asked. Of a line that is longer
 * than any command, which nothing could be done with, the first 1,048,576 bytes
 * are handed out and the rest of it is dropped: none of it is another line.
 */
export class LineInput {
  readonly #input: InputBytes;
  readonly #decoder = new TextDecoder();
  /** What was read and not yet asked for. */
  #rest: Uint8Array = new Uint8Array();
  #ended = false;

  /** @param input Where the bytes come from; standard input by default. */
  constructor(input: InputBytes = new StdinReader()) {
    this.#input = input;
  }

  /** Why it ended before its end. */
  get fault(): string | undefined {
    return this.#input.fault;
  }

  /** The next line without its ending; `undefined` at the end. */
  async read(): Promise<string | undefined> {
    // How much of the rest is known to hold no line feed.
    let searched = 0;
    for (;;) {
      const end = this.#rest.indexOf(lineFeed, searched);
      if (end >= 0) return this.#take(Math.min(end, longestLine), end + 1);
      // What cannot end is cut, not collected.
      if (this.#rest.length > longestLine) {
        const line = this.#take(longestLine, longestLine);
        await this.#dropLine();
        return line;
      }
      searched = this.#rest.length;
      if (this.#ended) {
        return searched === 0 ? undefined : this.#take(searched, searched);
      }
      await this.#more();
    }
  }

  /** The next byte, in whatever mode the terminal is; `undefined` at the end. */
  async readByte(): Promise<number | undefined> {
    while (this.#rest.length === 0 && !this.#ended) await this.#more();
    const [byte] = this.#rest;
    this.#rest = this.#rest.subarray(1);
    return byte;
  }

  /** Ends a read that is under way. */
  cancel(): void {
    this.#ended = true;
    this.#input.cancel();
  }

  #take(end: number, next: number): string {
    const line = this.#decoder.decode(this.#rest.subarray(0, end));
    this.#rest = this.#rest.subarray(next);
    return line.replace(/\r$/, "");
  }

  /** Drops what is left of a line. */
  async #dropLine(): Promise<void> {
    for (;;) {
      const end = this.#rest.indexOf(lineFeed);
      this.#rest = this.#rest.subarray(end < 0 ? this.#rest.length : end + 1);
      if (end >= 0 || this.#ended) return;
      await this.#more();
    }
  }

  async #more(): Promise<void> {
    const bytes = await this.#input.read();
    if (bytes === undefined) {
      this.#ended = true;
      return;
    }
    const joined = new Uint8Array(this.#rest.length + bytes.length);
    joined.set(this.#rest);
    joined.set(bytes, this.#rest.length);
    this.#rest = joined;
  }
}

type InputBytes =
  & Pick<StdinReader, "read" | "cancel">
  & Partial<Pick<StdinReader, "fault">>;

const lineFeed = 0x0a;
const longestLine = 1024 * 1024;
