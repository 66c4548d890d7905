/** A file in memory at either end of a transfer, as a list of files is. */
import { transferLimits } from "../../engine/packets/limits.ts";
import { OneTrySink, OneTrySource } from "./one_try.ts";
import type { OfferedFile } from "../events/transfer_port.ts";

/** Bytes that are sent as a file is. */
export class MemorySource extends OneTrySource {
  readonly file: OfferedFile;
  readonly #bytes: Uint8Array;

  constructor(name: string, bytes: Uint8Array) {
    super();
    this.file = { name, size: bytes.length };
    this.#bytes = bytes;
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
export class MemorySink extends OneTrySink {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #length = 0;

  /** @param size Of the file, bytes. */
  constructor(size: number) {
    super();
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
