/**
 * Cuts a byte stream into lines of UTF-8 text: push-style, any
 * split of the input gives the same lines. A line that is too long or is not
 * UTF-8 ends the stream: the lines before it are handed out, then every call
 * returns the fault. At most one line's limit of bytes is ever held, and
 * nothing while no line is unfinished.
 */

/** Why a stream of lines ended. */
export type LineFault = "too_long" | "not_utf8";

/** Incremental line splitter with a length limit. */
export class LineDecoder {
  /** Longest line in bytes, without the line feed. May be changed at any time. */
  limit: number;
  #held: Uint8Array = nothing;
  #heldBytes = 0;
  #fault: LineFault | undefined;

  constructor(limit: number) {
    this.limit = limit;
  }

  /** Bytes of an unfinished line that are held. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Takes the next bytes of the stream; they may be reused after the call.
   *
   * @param onLine Called for each line as it completes, without its line feed
   * (and a carriage return before it). It may change {@link limit}, which holds
   * from the next line on; returning `false` drops the rest of the input.
   * @returns The fault that ended the stream, if any.
   */
  push(
    bytes: Uint8Array,
    onLine: (line: string) => boolean | void,
  ): LineFault | undefined {
    if (this.#fault !== undefined) return this.#fault;
    let start = 0;
    const texts = decodeLines(bytes);
    for (let index = 0; start < bytes.length; index++) {
      const end = bytes.indexOf(lineFeed, start);
      if (end < 0) return this.#hold(bytes.subarray(start));
      let line = bytes.subarray(start, end);
      start = end + 1;
      let text = texts?.[index];
      if (this.#heldBytes > 0) {
        if (this.#hold(line) !== undefined) return this.#fault;
        line = this.#held.subarray(0, this.#heldBytes);
        this.#held = nothing;
        this.#heldBytes = 0;
        text = undefined;
      }
      if (line[line.length - 1] === carriageReturn) {
        line = line.subarray(0, line.length - 1);
        text = text?.slice(0, -1);
      }
      if (line.length > this.limit) return this.#fail("too_long");
      try {
        text ??= strict.decode(line);
      } catch {
        return this.#fail("not_utf8");
      }
      if (onLine(text) === false) return undefined;
    }
    return undefined;
  }

  /** Appends to the unfinished line; one byte more than the limit may be a CR. */
  #hold(bytes: Uint8Array): LineFault | undefined {
    const total = this.#heldBytes + bytes.length;
    if (total > this.limit + 1) return this.#fail("too_long");
    if (total > this.#held.length) {
      const grown = new Uint8Array(
        Math.min(Math.max(total, 2 * this.#held.length), this.limit + 1),
      );
      grown.set(this.#held.subarray(0, this.#heldBytes));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#heldBytes);
    this.#heldBytes = total;
    return undefined;
  }

  #fail(fault: LineFault): LineFault {
    this.#fault = fault;
    this.#held = nothing;
    this.#heldBytes = 0;
    return fault;
  }
}

/**
 * The lines of `bytes` as texts, at once: with a decoding for each, decoding is
 * what a client's burst of messages costs most. `undefined` when there are not
 * several or when they have to be looked at one by one.
 */
function decodeLines(bytes: Uint8Array): string[] | undefined {
  const end = bytes.lastIndexOf(lineFeed);
  if (end <= 0 || bytes.indexOf(lineFeed) === end) return undefined;
  try {
    return strict.decode(bytes.subarray(0, end)).split("\n");
  } catch {
    return undefined;
  }
}

const lineFeed = 10;
const carriageReturn = 13;
const nothing = new Uint8Array(0);
// Lines are decoded whole, so one decoder without state serves all streams.
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
