import { reasonOf } from "./reason_of.ts";

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
