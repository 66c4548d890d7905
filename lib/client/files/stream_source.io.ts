/**
 * What another program writes into standard input, on its way to one receiver.
 * How much it is shows at its end; it is read only as fast as it is sent, and
 * what was read cannot be read again.
 */
import type { OfferedFile } from "../events/transfer_port.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import { reasonOf, whenReady } from "../../system/errors.io.ts";
import type { SentFile } from "./file_source.io.ts";
import { offeredName } from "./received_name.ts";
import { OneTrySource } from "./one_try.ts";
import { SourceError } from "./source_error.io.ts";

/** What is read of an input: `Deno.stdin`, or another in tests. */
export interface ByteInput {
  /** Null at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
}

/** A stream that is being sent. */
export class StreamSource extends OneTrySource implements SentFile {
  readonly file: OfferedFile;
  readonly #input: ByteInput;
  /** What was handed out last is in the first, what is read in the second. */
  #buffers = [new Uint8Array(blockBytes), new Uint8Array(blockBytes)] as const;
  #ahead: Promise<number> | undefined;

  constructor(name: string, input: ByteInput) {
    super();
    this.file = { name, size: 0, stream: true };
    this.#input = input;
  }

  /**
   * Reads the next block, and the one after it meanwhile.
   *
   * @returns Its bytes, valid until the next call; less than a block only at the
   * end.
   * @throws {SourceError} when it cannot be read.
   */
  async read(): Promise<Uint8Array> {
    const [spare, filled] = this.#buffers;
    const length = await (this.#ahead ?? this.#fill(filled));
    this.#buffers = [filled, spare];
    if (length === blockBytes) this.#readAhead(spare);
    return filled.subarray(0, length);
  }

  check(): Promise<boolean> {
    // What was read is all there is to compare it with.
    return Promise.resolve(false);
  }

  close(): void {
    // The input is the program's own, and ends with it.
  }

  #readAhead(buffer: Uint8Array): void {
    this.#ahead = this.#fill(buffer);
    // Reported when its turn comes.
    this.#ahead.catch(() => {});
  }

  /** Reads until `buffer` is full or the input at its end. */
  async #fill(buffer: Uint8Array): Promise<number> {
    let length = 0;
    try {
      while (length < buffer.length) {
        const room = buffer.subarray(length);
        const count = await whenReady(() => this.#input.read(room));
        if (count === null) break;
        length += count;
      }
    } catch (error) {
      throw new SourceError(
        "unreadable",
        `Standard input cannot be read: ${reasonOf(error)}`,
      );
    }
    return length;
  }
}

/** Standard input of this program, which can be sent once. */
export class StandardInput {
  #isFree: boolean;

  /** @param isFree Nothing else reads it, such as the commands. */
  constructor(isFree: boolean) {
    this.#isFree = isFree;
  }

  /**
   * Takes it, to be sent as `name`.
   *
   * @throws {SourceError} when it is not to be had.
   */
  take(name: string): StreamSource {
    const offered = offeredName(name);
    if (Deno.stdin.isTerminal()) throw new SourceError("unreadable", noPipe);
    if (!this.#isFree) throw new SourceError("unreadable", isTaken);
    this.#isFree = false;
    return new StreamSource(offered, Deno.stdin);
  }
}

const { blockBytes } = transferLimits;
const noPipe =
  "Nothing is piped into this program; - is for scripts: tar c FOLDER | parley HOST --exec '/send USER - --name NAME'";
const isTaken =
  "Standard input is read for something else; - can be sent once, by a command of --exec";
