/**
 * A file that is open for sending, once for everybody it is sent to: what one of
 * them needed a moment ago is still in memory when the next one comes for it, so
 * receivers of about the same speed cost one reading together. Memory is
 * bounded: one who is far ahead of or behind the others reads for itself, and
 * keeps nobody waiting.
 */
import { createHash } from "node:crypto";
import { staggeredBytes } from "../../engine/blocks/staggered_bytes.ts";
import type { FileAttributes } from "../../engine/packets/fin_frame.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import {
  type FileState,
  fileState,
  isExecutable,
  isFresh,
} from "../../system/file_state.io.ts";

/** A stretch of a file in memory, for whoever holds it. */
export interface FileChunk {
  readonly index: number;
  readonly buffer: Uint8Array;
  /** How much of the buffer the file filled. Rejects when it cannot be read. */
  readonly filled: Promise<number>;
}

/** Those who hold it must give it back, each once. */
interface HeldChunk extends FileChunk {
  readonly buffer: Uint8Array<ArrayBuffer>;
  holders: number;
}

/** Digests of parts of a file. */
interface FileSamples {
  readonly head: string;
  readonly tail: string;
}

/** An open file and its most recently used chunks. */
export class SharedFile {
  /** As the file was when it was opened. */
  readonly state: FileState;
  /** True when that was written a moment before. */
  readonly isFresh: boolean;
  /** What is kept of it besides its bytes, as it was then. */
  readonly attributes: FileAttributes | undefined;
  readonly #handle: Deno.FsFile;
  readonly #onClosed: () => void;
  /** Least recently used first. */
  readonly #chunks = new Map<number, HeldChunk>();
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #samples: Promise<FileSamples> | undefined;
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
    const { modified } = this.state = fileState(info);
    this.attributes = modified === undefined
      ? undefined
      : { modified, isExecutable: isExecutable(info) };
    this.isFresh = isFresh(this.state, Date.now());
  }

  /** Bytes when it was opened. */
  get size(): number {
    return this.state.size;
  }

  /** Bytes that were read from the disk so far. */
  get bytesRead(): number {
    return this.#bytesRead;
  }

  /** Bytes of the file in memory. */
  get heldBytes(): number {
    return this.#chunks.size * this.#bufferBytes;
  }

  /** One more uses it, until {@link close}. */
  open(): this {
    this.#users++;
    return this;
  }

  /** What tells this version of the file from others, for resuming. */
  async fingerprint(): Promise<string> {
    return (await (this.#samples ??= this.#sample())).head;
  }

  /**
   * True when it begins as it did when {@link fingerprint} was first asked for,
   * and has in place what was its end then: so it is after it was appended to.
   */
  async hasSamples(): Promise<boolean> {
    const [before, now] = await Promise.all([this.#samples, this.#sample()]);
    return before?.head === now.head && before.tail === now.tail;
  }

  /**
   * Reads its first `size` bytes once more, past what is in memory, block by
   * block; stops when it ends before or `take` says no.
   *
   * @returns Whether it got to the end.
   */
  async reread(
    size: number,
    take: (block: Uint8Array) => boolean,
  ): Promise<boolean> {
    const { blockBytes } = transferLimits;
    const buffer = new Uint8Array(Math.min(size, blockBytes));
    for (let position = 0; position < size; position += blockBytes) {
      const block = buffer.subarray(0, size - position);
      const length = await this.#read(position, block);
      if (length < block.length || !take(block)) return false;
    }
    return true;
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
  async stat(): Promise<FileState> {
    return fileState(await this.#handle.stat());
  }

  /**
   * One of those who opened it no longer needs it. With the last one its memory
   * goes back to the system, as the collector would wait for that of many files.
   */
  close(): void {
    if (--this.#users > 0) return this.#trim();
    this.#handle.close();
    const chunks = [...this.#chunks.values()].map(({ buffer }) => buffer);
    this.#chunks.clear();
    const unused = [...this.#spare.splice(0), ...chunks];
    // What is being read has its memory until it is.
    this.#reading.then(() => {
      for (const { buffer } of unused) buffer.transfer(0);
    });
    this.#onClosed();
  }

  /** Of a chunk; a small file has but a part of one. */
  get #bufferBytes(): number {
    return Math.min(chunkBytes, this.size);
  }

  #load(index: number): HeldChunk {
    const buffer = this.#spare.pop() ??
      staggeredBytes(this.#bufferBytes, "file");
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

  /** Digests of the first and the last of what was there when it was opened. */
  async #sample(): Promise<FileSamples> {
    const length = Math.min(this.size, sampleBytes);
    const bytes = new Uint8Array(length);
    await this.#read(0, bytes);
    const head = createHash("sha256")
      .update(`${this.size} ${this.state.modified ?? 0} `).update(bytes);
    await this.#read(this.size - length, bytes);
    const tail = createHash("sha256").update(bytes);
    return { head: head.digest("base64url"), tail: tail.digest("base64url") };
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
const sampleBytes = 64 * 1024;

/** The files that a client sends at present, each open once. */
export class SharedFiles {
  readonly #files = new Map<string, SharedFile>();

  /**
   * Opens the file at `path`, or joins those who have it open in the same
   * version; {@link SharedFile.close} must be called.
   *
   * @param check Called with what is there; may throw.
   * @throws What `check` throws, or what the system says.
   */
  async open(
    path: string,
    check: (info: Deno.FileInfo) => void,
  ): Promise<SharedFile> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    check(await Deno.stat(path));
    const handle = await Deno.open(path, { read: true });
    try {
      const info = await handle.stat();
      check(info);
      const key = keyOf(path, info);
      const known = this.#files.get(key);
      if (known !== undefined) {
        handle.close();
        return known.open();
      }
      const file = new SharedFile(handle, info, () => this.#files.delete(key));
      this.#files.set(key, file);
      return file.open();
    } catch (error) {
      handle.close();
      throw error;
    }
  }
}

/** A file that changed is another one. */
function keyOf(path: string, info: Deno.FileInfo): string {
  const { device, inode, size, modified, changed } = fileState(info);
  return [device, inode ?? path, size, modified, changed].join(" ");
}
