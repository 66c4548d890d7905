import { reasonOf, whenReady } from "./errors.io.ts";

/**
 * Writes to standard output or standard error. Whoever reads may go away at any
 * time (`server | head -1`): the program goes on without a reader then.
 */
export class ConsoleOutput {
  readonly #stream: { writeSync(bytes: Uint8Array): number };
  #broken = false;
  #fault: string | undefined;

  /** @param stream `Deno.stdout` or `Deno.stderr`. */
  constructor(stream: { writeSync(bytes: Uint8Array): number }) {
    this.#stream = stream;
  }

  /** Why something could not be written, though there is a reader: a full disk. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Writes `text` as it is; nothing when there is no reader any more. */
  write(text: string): void {
    if (this.#broken) return;
    const bytes = encoder.encode(text);
    try {
      for (let written = 0; written < bytes.length;) {
        written += this.#stream.writeSync(bytes.subarray(written));
      }
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) this.#broken = true;
      else this.#fault ??= reasonOf(error);
    }
  }
}

/** Standard output of this program. */
export const standardOutput = new ConsoleOutput(Deno.stdout);
/** Standard error of this program. */
export const standardError = new ConsoleOutput(Deno.stderr);

/**
 * The exit code of a program that has printed all it had to: `code`, or 7, with
 * a line on standard error, when not all of that could be written.
 */
export function codeAfterPrinting(
  code: number,
  fault: string | undefined = standardOutput.fault,
): number {
  if (fault === undefined) return code;
  standardError.write(`the output cannot be written: ${fault}\n`);
  return outputFailed;
}

const encoder = new TextEncoder();
const outputFailed = 7;

/**
 * Standard output, written in the background in the order of the calls. A
 * reader that goes away, such as `head`, ends the program quietly.
 */
export class Output {
  readonly #onClosed: (fault: string | undefined) => void;
  readonly #encoder = new TextEncoder();
  readonly #queue: string[] = [];
  /** Characters of that. */
  #queued = 0;
  /** How much was written, and is being written, in characters. */
  #written = 0;
  #underWay = 0;
  /** Who wants to know when so much is about to be written, in that order. */
  readonly #waiting: { readonly upTo: number; readonly done: () => void }[] =
    [];
  #writing: Promise<void> | undefined;
  #closed = false;

  /**
   * @param onClosed Called once when nothing more can be written, with the reason
   * unless it is that nobody reads any more.
   */
  constructor(onClosed: (fault: string | undefined) => void) {
    this.#onClosed = onClosed;
  }

  /** Characters that wait to be written. */
  get queued(): number {
    return this.#queued;
  }

  /** Writes `text` when what came before is written. */
  write(text: string): void {
    if (this.#closed) return;
    this.#queue.push(text);
    this.#queued += text.length;
    this.#writing ??= this.#drain();
  }

  /**
   * Calls `done` just before the last of what was given up to now is written, when
   * all before that is: at once where nothing waits to be written, and never where
   * nobody takes it.
   */
  whenDue(done: () => void): void {
    if (this.#closed) return;
    const isDue = this.#queue.length === 0 && this.#waiting.length === 0;
    if (isDue) return done();
    this.#waiting.push({
      upTo: this.#written + this.#underWay + this.#queued,
      done,
    });
  }

  /** Waits until all is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    // What is written in the same turn goes out together.
    await Promise.resolve();
    try {
      while (this.#queue.length > 0) {
        let bytes = this.#encoder.encode(this.#takePiece());
        const upTo = this.#written + this.#underWay;
        while ((this.#waiting[0]?.upTo ?? Infinity) <= upTo) {
          this.#waiting.shift()?.done();
        }
        while (bytes.length > 0) {
          const rest = bytes;
          const count = await whenReady(() => Deno.stdout.write(rest));
          bytes = rest.subarray(count);
        }
        this.#written += this.#underWay;
        this.#underWay = 0;
      }
    } catch (error) {
      this.#closed = true;
      this.#queue.length = 0;
      const isUnread = error instanceof Deno.errors.BrokenPipe;
      this.#onClosed(isUnread ? undefined : reasonOf(error));
    } finally {
      this.#writing = undefined;
    }
  }

  /** A part of what waits: who waits for the first of it waits not for all. */
  #takePiece(): string {
    let [count, length] = [0, 0];
    while (count < this.#queue.length && length < pieceLength) {
      length += this.#queue[count++]!.length;
    }
    this.#queued -= length;
    this.#underWay = length;
    return this.#queue.splice(0, count).join("");
  }
}

/**
 * About so many characters are written at a time: who is killed while nobody
 * takes them has told no more than these.
 */
const pieceLength = 4 * 1024;
