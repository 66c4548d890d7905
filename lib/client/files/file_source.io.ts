/**
 * The file that is being sent to one receiver: read some blocks at a time,
 * mostly in order, and the next ones while those are sealed and sent; see SharedFile.
 */
import { basename } from "@std/path";
import { offeredName } from "./received_name.ts";
import type { FileAttributes } from "../../engine/packets/fin_frame.ts";
import type { OfferedFile } from "../events/transfer_port.ts";
import { ContentDigest } from "../../engine/blocks/content_digest.ts";
import {
  blockCount,
  blockLength,
  transferLimits,
} from "../../engine/packets/limits.ts";
import {
  type FileState,
  fileState,
  isSameFile,
  isSameState,
} from "../../system/file_state.io.ts";
import {
  chunkBlocks,
  type FileChunk,
  type SharedFile,
  SharedFiles,
} from "./shared_file.io.ts";
import { cannotRead, SourceError } from "./source_error.io.ts";
import { timingSafeEqual } from "node:crypto";
import type { ReceivedPart } from "../../engine/resume_map.ts";

/** What a transfer needs of a {@link FileSource}. */
export type SentFile =
  & Pick<
    FileSource,
    "file" | "read" | "checkStart" | "check" | "checkParts" | "close"
  >
  & Partial<Pick<FileSource, "attributes">>
  & {
    /** It may be less than `file.size`: where it ends shows when it is read. */
    readonly mayEndEarly?: boolean;
    /** Its blocks can be read in any order. False by default. */
    readonly isSeekable?: boolean;
  };

/** An open file that is being sent; made by {@link FileSource.open}. */
export class FileSource {
  readonly file: OfferedFile;
  readonly isSeekable = true;
  readonly #path: string;
  readonly #shared: SharedFile;
  /** What {@link read} hands out, and what it will hand out next. */
  #chunk: FileChunk | undefined;
  #ahead: FileChunk | undefined;
  #start: Promise<void> | undefined;
  #isClosed = false;

  constructor(path: string, shared: SharedFile, file: OfferedFile) {
    this.#path = path;
    this.#shared = shared;
    this.file = file;
  }

  /**
   * Opens the file at `path`.
   *
   * @param files What is open already; reading is shared with that.
   * @throws {SourceError} when it is missing, not readable, or no plain file.
   */
  static async open(
    path: string,
    files: SharedFiles = new SharedFiles(),
  ): Promise<FileSource> {
    const shared = await openFile(path, files);
    try {
      const fingerprint = await shared.fingerprint();
      const name = offeredName(basename(path));
      const file = { name, size: shared.size, fingerprint };
      return new FileSource(path, shared, file);
    } catch (error) {
      shared.close();
      throw cannotRead(path, error);
    }
  }

  /** What the file is called here, where it is offered under another name. */
  get ownName(): string | undefined {
    const name = basename(this.#path);
    return name === this.file.name ? undefined : name;
  }

  /** What the receiver's copy is to have besides its bytes. */
  get attributes(): FileAttributes | undefined {
    return this.#shared.attributes;
  }

  /** Begins to read what {@link read} will be asked for first. */
  prefetch(): void {
    // Reported to whoever asks for it, if anybody does.
    this.checkStart().catch(() => {});
    if (this.file.size > 0) this.#advance(0);
  }

  /**
   * Compares the file with what it was when it was opened, once: nothing of it
   * is handed out before. It may have grown, as logs and recordings do.
   *
   * @throws {SourceError} when it changed in another way, or is another file.
   */
  checkStart(): Promise<void> {
    return this.#start ??= this.#compareStart();
  }

  /**
   * Reads what the receiver says it has, from the start of the file;
   * {@link read} then goes on behind it.
   *
   * @param isWanted Asked now and then; stops early when it says no.
   * @returns The CRC-32 of each block of it; undefined when it was stopped.
   * @throws {SourceError} when it is not what is in the file.
   */
  async checkParts(
    parts: readonly ReceivedPart[],
    isWanted: () => boolean,
  ): Promise<Uint32Array | undefined> {
    const checks = new Uint32Array(parts.at(-1)?.endBlock ?? 0);
    let block = 0;
    for (const { endBlock, digest } of parts) {
      const own = new ContentDigest();
      for (; block < endBlock; block++) {
        if (!isWanted()) return undefined;
        checks[block] = own.update(await this.read(block));
      }
      if (!timingSafeEqual(own.digest(), digest)) {
        throw new SourceError(
          "changed",
          `"${this.#path}" is not the file that was sent in part before; send it again from the start`,
        );
      }
    }
    return checks;
  }

  /**
   * Reads block number `block`, fastest after the one before it.
   *
   * @returns Its bytes, valid until the next call.
   * @throws {SourceError} when the file is not what it was, became shorter or
   * cannot be read.
   */
  async read(block: number): Promise<Uint8Array> {
    await this.checkStart();
    const length = blockLength(block, this.file.size);
    const chunk = this.#advance(Math.floor(block / chunkBlocks));
    const start = block % chunkBlocks * transferLimits.blockBytes;
    let filled: number;
    try {
      filled = await chunk.filled;
    } catch (error) {
      throw cannotRead(this.#path, error);
    }
    if (filled < start + length) throw this.#changed();
    return chunk.buffer.subarray(start, start + length);
  }

  /** The chunk of this number; the next one is read meanwhile. */
  #advance(index: number): FileChunk {
    const before = this.#chunk;
    if (before?.index === index) return before;
    const isExpected = this.#ahead?.index === index;
    const chunk = isExpected ? this.#ahead! : this.#shared.take(index);
    if (!isExpected) this.#drop(this.#ahead);
    this.#drop(before);
    this.#chunk = chunk;
    const isLast = (index + 1) * chunkBlocks >= blockCount(this.file.size);
    this.#ahead = isLast ? undefined : this.#shared.take(index + 1);
    // Reported when its turn comes.
    this.#ahead?.filled.catch(() => {});
    return chunk;
  }

  #drop(chunk: FileChunk | undefined): void {
    if (chunk !== undefined) this.#shared.release(chunk);
  }

  /**
   * Compares what was read, all of it, with what is there now: what the system
   * tells of the file and, where that leaves a doubt, every byte.
   *
   * @param digest ContentDigest of what was read.
   * @param isWanted Asked now and then; stops early when it says no.
   * @returns Whether the file has grown since it was opened.
   * @throws {SourceError} when what was read is not in the file.
   */
  async check(digest: Uint8Array, isWanted: () => boolean): Promise<boolean> {
    await this.checkStart();
    const { state, isFresh } = this.#shared;
    const now = await this.#shared.stat().catch((error) => {
      throw cannotRead(this.#path, error);
    });
    const there = await stateAt(this.#path);
    const isReplaced = there !== undefined && !isSameFile(there, state);
    const isDoubtful = isFresh || isReplaced || !isSameState(now, state);
    const size = isReplaced ? there.size : now.size;
    if (isDoubtful) {
      const isSame = size >= this.file.size &&
        await this.#rereads(digest, isReplaced, isWanted);
      if (!isSame) throw this.#changed();
    }
    return size > this.file.size;
  }

  /** True when reading again gives the same; a file that was moved is open. */
  async #rereads(
    digest: Uint8Array,
    isReplaced: boolean,
    isWanted: () => boolean,
  ): Promise<boolean> {
    const file = isReplaced
      ? await openFile(this.#path, new SharedFiles())
      : this.#shared.open();
    try {
      const own = new ContentDigest();
      const isWhole = await file.reread(this.file.size, (block) => {
        own.update(block);
        return isWanted();
      });
      return isWhole && timingSafeEqual(own.digest(), digest);
    } catch (error) {
      throw cannotRead(this.#path, error);
    } finally {
      file.close();
    }
  }

  async #compareStart(): Promise<void> {
    const { state } = this.#shared;
    try {
      const now = await this.#shared.stat();
      const there = await stateAt(this.#path);
      const isSame = there !== undefined && isSameFile(there, state) &&
        isSameState(now, state);
      if (isSame) return;
      const hasGrown = there !== undefined && isSameFile(there, state) &&
        now.size > state.size && await this.#shared.hasSamples();
      if (hasGrown) return;
    } catch (error) {
      throw cannotRead(this.#path, error);
    }
    throw new SourceError(
      "changed",
      `"${this.#path}" changed after it was offered; nothing of it was sent, send it again`,
    );
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#drop(this.#chunk);
    this.#drop(this.#ahead);
    this.#shared.close();
  }

  #changed(): SourceError {
    return new SourceError(
      "changed",
      `"${this.#path}" changed while it was being sent; send it again`,
    );
  }
}

/** @throws {SourceError} when it is missing, not readable, or no plain file. */
async function openFile(path: string, files: SharedFiles): Promise<SharedFile> {
  try {
    return await files.open(path, (info) => refuse(path, info));
  } catch (error) {
    throw cannotRead(path, error);
  }
}

/** The state of what is at `path`; undefined when that is nothing. */
async function stateAt(path: string): Promise<FileState | undefined> {
  try {
    return fileState(await Deno.stat(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw cannotRead(path, error);
  }
}

/** @throws {SourceError} when this is nothing that can be sent. */
function refuse(path: string, info: Deno.FileInfo): void {
  if (!info.isFile) {
    throw new SourceError("unreadable", `"${path}" is not a plain file`);
  }
  if (info.size > transferLimits.fileBytes) {
    throw new SourceError("unreadable", `"${path}" is too large to send`);
  }
}
