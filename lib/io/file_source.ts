/**
 * The file that is being sent to one receiver: read in order, some blocks at a
 * time, and the next ones while those are sealed and sent; see SharedFile.
 */
import { basename } from "@std/path";
import type { OfferedFile } from "../client/transfer_port.ts";
import { ContentDigest } from "../transfer/content_digest.ts";
import {
  blockCount,
  blockLength,
  transferLimits,
} from "../transfer/transfer_limits.ts";
import { reasonOf } from "./reason_of.ts";
import { chunkBlocks, type FileChunk, type SharedFile } from "./shared_file.ts";
import { SharedFiles } from "./shared_files.ts";
import { timingSafeEqual } from "node:crypto";
import type { ReceivedPart } from "../transfer/resume_map.ts";

/** Why a file cannot be sent, with one line for people. */
export class SourceError extends Error {
  readonly failure: "unreadable" | "changed";

  constructor(failure: "unreadable" | "changed", message: string) {
    super(message);
    this.name = "SourceError";
    this.failure = failure;
  }
}

/** What a transfer needs of a {@link FileSource}. */
export type SentFile = Pick<
  FileSource,
  "file" | "read" | "check" | "checkParts" | "close"
>;

/** An open file that is being sent; made by {@link FileSource.open}. */
export class FileSource {
  readonly file: OfferedFile;
  readonly #path: string;
  readonly #shared: SharedFile;
  /** What {@link read} hands out, and what it will hand out next. */
  #chunk: FileChunk | undefined;
  #ahead: FileChunk | undefined;
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
    const shared = await files.open(path, (info) => refuse(path, info))
      .catch((error) => {
        throw error instanceof SourceError ? error : unreadable(path, error);
      });
    try {
      const fingerprint = await shared.fingerprint();
      const file = { name: basename(path), size: shared.size, fingerprint };
      return new FileSource(path, shared, file);
    } catch (error) {
      shared.close();
      throw unreadable(path, error);
    }
  }

  /** Begins to read what {@link read} will be asked for first. */
  prefetch(): void {
    if (this.file.size > 0) this.#advance(0);
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
   * Reads the next block, number `block`.
   *
   * @returns Its bytes, valid until the next call.
   * @throws {SourceError} when the file became shorter or cannot be read.
   */
  async read(block: number): Promise<Uint8Array> {
    const length = blockLength(block, this.file.size);
    const chunk = this.#advance(Math.floor(block / chunkBlocks));
    const start = block % chunkBlocks * transferLimits.blockBytes;
    let filled: number;
    try {
      filled = await chunk.filled;
    } catch (error) {
      throw unreadable(this.#path, error);
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

  /** @throws {SourceError} when the file is not as it was when opened. */
  async check(): Promise<void> {
    const info = await this.#shared.stat().catch((error) => {
      throw unreadable(this.#path, error);
    });
    const isSame = info.size === this.file.size &&
      info.mtime?.getTime() === this.#shared.modified;
    if (!isSame) throw this.#changed();
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

/** @throws {SourceError} when this is nothing that can be sent. */
function refuse(path: string, info: Deno.FileInfo): void {
  if (info.isDirectory) {
    throw new SourceError(
      "unreadable",
      `"${path}" is a folder; send a file, for example an archive of it`,
    );
  }
  if (!info.isFile) {
    throw new SourceError("unreadable", `"${path}" is not a plain file`);
  }
  if (info.size > transferLimits.fileBytes) {
    throw new SourceError("unreadable", `"${path}" is too large to send`);
  }
}

function unreadable(path: string, error: unknown): SourceError {
  const why = error instanceof Deno.errors.NotFound
    ? "does not exist"
    : `cannot be read: ${reasonOf(error)}`;
  return new SourceError("unreadable", `"${path}" ${why}`);
}
