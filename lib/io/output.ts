import { reasonOf } from "./reason_of.ts";

/**
 * Standard output, written in the background in the order of the calls. A
 * reader that goes away, such as `head`, ends the program quietly.
 */
export class Output {
  readonly #onClosed: (fault: string | undefined) => void;
  readonly #encoder = new TextEncoder();
  #queued = "";
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
    return this.#queued.length;
  }

  /** Writes `text` when what came before is written. */
  write(text: string): void {
    if (this.#closed) return;
    this.#queued += text;
    this.#writing ??= this.#drain();
  }

  /** Waits until all is written. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #drain(): Promise<void> {
    // What is written in the same turn goes out together.
    await Promise.resolve();
    try {
      while (this.#queued !== "") {
        let bytes = this.#encoder.encode(this.#queued);
        this.#queued = "";
        while (bytes.length > 0) {
          bytes = bytes.subarray(await Deno.stdout.write(bytes));
        }
      }
    } catch (error) {
      this.#closed = true;
      this.#queued = "";
      const isUnread = error instanceof Deno.errors.BrokenPipe;
      this.#onClosed(isUnread ? undefined : reasonOf(error));
    } finally {
      this.#writing = undefined;
    }
  }
}
