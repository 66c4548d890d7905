/** A file in memory at either end of a transfer, as a list of files is. */
import { transferLimits } from "../../engine/packets/limits.ts";
import type { OfferedFile } from "../events/transfer_port.ts";

/** Bytes that are sent as a file is. */
export class MemorySource {
  readonly file: OfferedFile;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    this.file = { name, size: bytes.length };
    this.#bytes = bytes;
  }

  checkStart(): Promise<void> {
    return Promise.resolve();
  }

  checkParts(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  read(block: number): Promise<Uint8Array> {
    const { blockBytes } = transferLimits;
    const start = block * blockBytes;
    return Promise.resolve(this.#bytes.subarray(start, start + blockBytes));
  }

  check(): Promise<boolean> {
    return Promise.resolve(false);
  }

  close(): void {}
}

/** A file that is received into memory. */
export class MemorySink {
  readonly kept = new Uint32Array(0);
  readonly checked = Promise.resolve(true);
  readonly part = {
    isResumable: false,
    record: () => Promise.resolve(),
    sync: () => Promise.resolve(),
  };
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param size Of the file, bytes. */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
  }

  /** All of it, once it came. */
  get bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes;
  }

  write(bytes: Uint8Array): Promise<void> {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
    return Promise.resolve();
  }

  checkPlace(): Promise<void> {
    return Promise.resolve();
  }

  finish(): Promise<string> {
    return Promise.resolve("");
  }

  discard(): void {}

  close(): Promise<void> {
    return Promise.resolve();
  }
}
