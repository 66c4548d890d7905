/**
 * Writes to standard output or standard error. Whoever reads may go away at any
 * time (`server | head -1`): the program goes on without a reader then.
 */
export class ConsoleOutput {
  readonly #stream: { writeSync(bytes: Uint8Array): number };
  #broken = false;

  /** @param stream `Deno.stdout` or `Deno.stderr`. */
  constructor(stream: { writeSync(bytes: Uint8Array): number }) {
    this.#stream = stream;
  }

  /** Writes `text` as it is; nothing when there is no reader any more. */
  write(text: string): void {
    if (this.#broken) return;
    const bytes = encoder.encode(text);
    try {
      for (let written = 0; written < bytes.length;) {
        written += this.#stream.writeSync(bytes.subarray(written));
      }
    } catch {
      this.#broken = true;
    }
  }
}

const encoder = new TextEncoder();
