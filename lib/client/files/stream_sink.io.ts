/**
 * What is received and written to standard output as it comes, for another
 * program. Nothing of it can be taken back: that all of it was right shows at
 * the end.
 */
import { reasonOf, whenReady } from "../../system/errors.io.ts";
import type { StoredFile } from "./file_sink.io.ts";
import { OneTrySink } from "./one_try.ts";
import { SinkError } from "./sink_error.io.ts";

/** Where it is written: `Deno.stdout`, or another in tests. */
export interface ByteOutput {
  write(bytes: Uint8Array): Promise<number>;
}

/** A file that is received into a pipe. */
export class StreamSink extends OneTrySink implements StoredFile {
  readonly #output: ByteOutput;

  constructor(output: ByteOutput) {
    super();
    this.#output = output;
  }

  /**
   * Writes what comes next, as fast as it is read there.
   *
   * @throws {SinkError} when it cannot be written.
   */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      while (bytes.length > 0) {
        const rest = bytes;
        const count = await whenReady(() => this.#output.write(rest));
        bytes = rest.subarray(count);
      }
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) {
        throw new SinkError("Nobody reads standard output any more", "closed");
      }
      throw new SinkError(
        `Standard output cannot be written: ${reasonOf(error)}`,
      );
    }
  }

  checkPlace(): Promise<void> {
    return Promise.resolve();
  }

  finish(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  discard(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
