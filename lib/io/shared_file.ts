/**
 * A file that is open for sending, once for everybody it is sent to: what one of
 * them needed a moment ago is still in memory when the next one comes for it, so
 * receivers of about the same speed cost one reading together. Memory is
 * bounded: one who is far ahead of or behind the others reads for itself, and
 * keeps nobody waiting.
 */
import { createHash } from "node:crypto";
import { staggeredBytes } from "../transfer/staggered_bytes.ts";
import { transferLimits } from "../transfer/transfer_limits.ts";

/** A stretch of a file in memory, for whoever holds it. */
export interface FileChunk {
  readonly index: number;
  readonly buffer: Uint8Array;
  /** How much of the buffer the file filled. Rejects when it cannot be read. */
  readonly filled: Promise<number>;
}

/** Those who hold it must give it back, each once. */
interface HeldChunk extends FileChunk {
  holders: number;
}

/** An open file and its most recently used chunks. */
export class SharedFile {
  /** Bytes from the start of the file. */
  readonly size: number;
  /** Wall-clock ms; undefined where the system keeps none. */
  readonly modified: number | undefined;
  readonly #handle: Deno.FsFile;
  readonly #onClosed: () => void;
  /** Least recently used first. */
  readonly #chunks = new Map<number, HeldChunk>();
  readonly #spare: Uint8Array[] = [];
  #fingerprint: Promise<string> | undefined;
  /** The reads asked for so far; they use one file position. */
  #reading: Promise<unknown> = Promise.resolve();
  #position = 0;
  #users = 0;
  #bytesRead = 0;

  /** @param onClosed Called when its last user has closed it. */
  constructor(
    handle: Deno.FsFile,
    info: Deno.FileInfo,
    onClosed: () => void,
  ) {
    this.#handle = handle;
    this.#onClosed = onClosed;
    this.size = info.size;
    this.modified = info.mtime?.getTime();
  }

  /** Bytes that were read from the disk so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes of the file in memory. */
  get heldBytes(): number {
    return this.#chunks.size * chunkBytes;
  }

  /** One more uses it, until {@link close}. */
  open(): this {
    this.#users++;
    return this;
  }

  /** What tells this version of the file from others, for resuming. */
  fingerprint(): Promise<string> {
    return this.#fingerprint ??= this.#digestHead();
  }

  /** The chunk of this number, read unless it is in memory; to be released. */
  take(index: number): FileChunk {
    const chunk = this.#chunks.get(index) ?? this.#load(index);
    chunk.holders++;
    this.#chunks.delete(index);
    this.#chunks.set(index, chunk);
    this.#trim();
    return chunk;
  }

  /** The chunk is no longer needed by one who took it. */
  release(chunk: FileChunk): void {
    (chunk as HeldChunk).holders--;
    this.#trim();
  }

  /** As the file is now. */
  stat(): Promise<Deno.FileInfo> {
    return this.#handle.stat();
  }

  /** One of those who opened it no longer needs it. */
  close(): void {
    if (--this.#users > 0) return this.#trim();
    this.#handle.close();
    this.#chunks.clear();
    this.#onClosed();
  }

  #load(index: number): HeldChunk {
    const buffer = this.#spare.pop() ?? staggeredBytes(chunkBytes, "file");
    const filled = this.#read(index * chunkBytes, buffer);
    const chunk = { index, buffer, filled, holders: 0 };
    filled.catch(() => {
      // Tried again for the next one, and reported to those who hold it.
      if (this.#chunks.get(index) === chunk) this.#chunks.delete(index);
    });
    return chunk;
  }

  /** Forgets what nobody holds, beyond what others may come for. */
  #trim(): void {
    const most = this.#users > 1 ? keptChunks : 0;
    let excess = this.#chunks.size - most;
    for (const [index, chunk] of this.#chunks) {
      if (excess <= 0) return;
      if (chunk.holders > 0) continue;
      this.#chunks.delete(index);
      if (this.#spare.length < spareBuffers) this.#spare.push(chunk.buffer);
      excess--;
    }
  }

  async #digestHead(): Promise<string> {
    const head = new Uint8Array(Math.min(this.size, fingerprintBytes));
    await this.#read(0, head);
    return createHash("sha256")
      .update(`${this.size} ${this.modified ?? 0} `).update(head)
      .digest("base64url");
  }

  /** Fills `target` from `position` on as far as the file reaches. */
  #read(position: number, target: Uint8Array): Promise<number> {
    const reading = this.#reading.then(() => this.#readAt(position, target));
    this.#reading = reading.catch(() => {});
    return reading;
  }

  async #readAt(position: number, target: Uint8Array): Promise<number> {
    if (this.#position !== position) {
      await this.#handle.seek(position, Deno.SeekMode.Start);
      this.#position = position;
    }
    let length = 0;
    while (length < target.length) {
      const count = await this.#handle.read(target.subarray(length));
      if (count === null) break;
      length += count;
      this.#position += count;
      this.#bytesRead += count;
    }
    return length;
  }
}

/** Blocks of a chunk. */
export const chunkBlocks = 4;
const chunkBytes = chunkBlocks * transferLimits.blockBytes;
/** How far receivers may be apart that share a reading: 16 MiB. */
const keptChunks = 16;
const spareBuffers = 2;
const fingerprintBytes = 64 * 1024;
