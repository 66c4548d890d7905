/**
 * Standard output, written in the background in the order of the calls. A
 * reader that goes away, such as `head`, ends the program quietly.
 */
export class Output {
  readonly #onClosed: () => void;
  readonly #encoder = new TextEncoder();
  #queued = "";
  #writing: Promise<void> | undefined;
  #closed = false;

  /** @param onClosed Called once when nobody reads any more. */
  constructor(onClosed: () => void) {
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
    } catch {
      this.#closed = true;
      this.#queued = "";
      this.#onClosed();
    } finally {
      this.#writing = undefined;
    }
  }
}
