/**
 * The file that is being sent: read once, in order, some blocks at a time, and
 * the next ones while those are sealed and sent.
 */
import { basename } from "@std/path";
import type { OfferedFile } from "../client/transfer_port.ts";
import { blockLength, transferLimits } from "../transfer/transfer_limits.ts";
import { createHash, timingSafeEqual } from "node:crypto";
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

/** An open file that is being sent; made by {@link FileSource.open}. */
export class FileSource {
  readonly file: OfferedFile;
  readonly #path: string;
  readonly #handle: Deno.FsFile;
  readonly #modified: number | undefined;
  #buffer = new Uint8Array(aheadBytes);
  #spare = new Uint8Array(aheadBytes);
  /** What {@link read} has handed out of the buffer, and what there is. */
  #at = 0;
  #filled = 0;
  /** Fills the spare buffer. */
  #ahead: Promise<number> | undefined;

  constructor(
    path: string,
    handle: Deno.FsFile,
    file: OfferedFile,
    modified: number | undefined,
  ) {
    this.#path = path;
    this.#handle = handle;
    this.file = file;
    this.#modified = modified;
  }

  /**
   * Opens the file at `path`.
   *
   * @throws {SourceError} when it is missing, not readable, or no plain file.
   */
  static async open(path: string): Promise<FileSource> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    const before = await Deno.stat(path).catch((error) => {
      throw unreadable(path, error);
    });
    refuseSpecial(path, before);
    const handle = await Deno.open(path, { read: true }).catch((error) => {
      throw unreadable(path, error);
    });
    try {
      const info = await handle.stat();
      refuseSpecial(path, info);
      if (info.size > transferLimits.fileBytes) {
        throw new SourceError("unreadable", `"${path}" is too large to send`);
      }
      const modified = info.mtime?.getTime();
      const head = new Uint8Array(Math.min(info.size, fingerprintBytes));
      await readFully(handle, head);
      await handle.seek(0, Deno.SeekMode.Start);
      const fingerprint = createHash("sha256")
        .update(`${info.size} ${modified ?? 0} `).update(head)
        .digest("base64url");
      const file = { name: basename(path), size: info.size, fingerprint };
      return new FileSource(path, handle, file, modified);
    } catch (error) {
      handle.close();
      throw error instanceof SourceError ? error : unreadable(path, error);
    }
  }

  /**
   * Reads what the receiver says it has, from the start of the file, and adds it
   * to `hash`, which is waited for; {@link read} then goes on behind it.
   *
   * @param isWanted Asked now and then; stops early when it says no.
   * @throws {SourceError} when it is not what is in the file.
   */
  async checkParts(
    parts: readonly ReceivedPart[],
    hash: { update(bytes: Uint8Array): unknown },
    isWanted: () => boolean,
  ): Promise<void> {
    let block = 0;
    for (const { endBlock, digest } of parts) {
      const own = createHash("sha256");
      for (; block < endBlock; block++) {
        if (!isWanted()) return;
        const plaintext = await this.read(block);
        await hash.update(plaintext);
        own.update(plaintext);
      }
      if (!timingSafeEqual(own.digest(), digest)) {
        throw new SourceError(
          "changed",
          `"${this.#path}" is not the file that was sent in part before; send it again from the start`,
        );
      }
    }
  }

  /**
   * Reads the next block, number `block`.
   *
   * @returns Its bytes, valid until the next call.
   * @throws {SourceError} when the file became shorter or cannot be read.
   */
  async read(block: number): Promise<Uint8Array> {
    const length = blockLength(block, this.file.size);
    if (this.#at === this.#filled) await this.#advance();
    if (this.#filled - this.#at < length) throw this.#changed();
    this.#at += length;
    return this.#buffer.subarray(this.#at - length, this.#at);
  }

  /** Takes what was read ahead, and reads ahead again. */
  async #advance(): Promise<void> {
    let filled: number;
    try {
      filled = await (this.#ahead ?? readFully(this.#handle, this.#spare));
    } catch (error) {
      throw unreadable(this.#path, error);
    }
    [this.#buffer, this.#spare] = [this.#spare, this.#buffer];
    this.#at = 0;
    this.#filled = filled;
    if (filled < aheadBytes) return;
    this.#ahead = readFully(this.#handle, this.#spare);
    // Reported when its turn comes.
    this.#ahead.catch(() => {});
  }

  /** @throws {SourceError} when the file is not as it was when opened. */
  async check(): Promise<void> {
    const info = await this.#handle.stat().catch((error) => {
      throw unreadable(this.#path, error);
    });
    const isSame = info.size === this.file.size &&
      info.mtime?.getTime() === this.#modified;
    if (!isSame) throw this.#changed();
  }

  close(): void {
    this.#handle.close();
  }

  #changed(): SourceError {
    return new SourceError(
      "changed",
      `"${this.#path}" changed while it was being sent; send it again`,
    );
  }
}

/** Fills `target` as far as the file reaches. */
async function readFully(
  handle: Deno.FsFile,
  target: Uint8Array,
): Promise<number> {
  let length = 0;
  while (length < target.length) {
    const count = await handle.read(target.subarray(length));
    if (count === null) break;
    length += count;
  }
  return length;
}

function refuseSpecial(path: string, info: Deno.FileInfo): void {
  if (info.isDirectory) {
    throw new SourceError(
      "unreadable",
      `"${path}" is a folder; send a file, for example an archive of it`,
    );
  }
  if (!info.isFile) {
    throw new SourceError("unreadable", `"${path}" is not a plain file`);
  }
}

function unreadable(path: string, error: unknown): SourceError {
  let why = "cannot be read";
  if (error instanceof Deno.errors.NotFound) why = "does not exist";
  if (error instanceof Deno.errors.PermissionDenied) {
    why = "cannot be read: permission denied";
  }
  return new SourceError("unreadable", `"${path}" ${why}`);
}

const fingerprintBytes = 64 * 1024;
/** A whole number of blocks. */
const aheadBytes = 4 * transferLimits.blockBytes;
