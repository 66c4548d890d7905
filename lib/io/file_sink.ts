/**
 * The file that is being received: written as `NAME.part` beside its place, and
 * given its name only when it is whole, checked and on the disk. Names that are
 * taken are never overwritten, not even by one that appears at the last moment.
 */
import { dirname, join } from "@std/path";
import { statfs } from "node:fs/promises";
import { receivedName } from "../transfer/received_name.ts";

/** Why a file cannot be stored, in one line for people. */
export class SinkError extends Error {
  override readonly name = "SinkError";
}

/** An open file that is being received; made by {@link FileSink.open}. */
export class FileSink {
  readonly #folder: string;
  readonly #names: (copy: number) => string;
  readonly #partPath: string;
  readonly #handle: Deno.FsFile;
  #isClosed = false;

  constructor(
    folder: string,
    names: (copy: number) => string,
    partPath: string,
    handle: Deno.FsFile,
  ) {
    this.#folder = folder;
    this.#names = names;
    this.#partPath = partPath;
    this.#handle = handle;
  }

  /**
   * Makes room for a file of `size` bytes that `sender` calls `name`.
   *
   * @throws {SinkError} when the folder cannot be written or has too little room.
   */
  static async open(
    folder: string,
    sender: string,
    name: string,
    size: number,
  ): Promise<FileSink> {
    await checkSpace(folder, size);
    const names = (copy: number) => receivedName(sender, name, copy);
    for (let copy = 0; copy < maxCopies; copy++) {
      const partPath = join(folder, names(copy) + partSuffix);
      try {
        // createNew follows no symlink and takes nothing that is there.
        const handle = await Deno.open(partPath, {
          write: true,
          createNew: true,
        });
        return new FileSink(folder, names, partPath, handle);
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) continue;
        throw cannotWrite(partPath, error);
      }
    }
    throw new SinkError(`"${folder}" has too many copies of "${names(0)}"`);
  }

  /**
   * Appends to the file.
   *
   * @throws {SinkError} when the disk is full or fails.
   */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        written += await this.#handle.write(bytes.subarray(written));
      }
    } catch (error) {
      throw cannotWrite(this.#partPath, error);
    }
  }

  /**
   * Syncs the file and gives it its name.
   *
   * @returns Its path.
   * @throws {SinkError} when that cannot be done.
   */
  async finish(): Promise<string> {
    try {
      await this.#handle.sync();
      this.#close();
      const path = await this.#rename();
      await syncFolder(this.#folder);
      return path;
    } catch (error) {
      throw error instanceof SinkError
        ? error
        : cannotWrite(this.#partPath, error);
    }
  }

  /** Removes what was received so far. */
  async discard(): Promise<void> {
    this.#close();
    await Deno.remove(this.#partPath).catch(() => {});
  }

  /** Keeps what was received so far and frees the file. */
  close(): void {
    this.#close();
  }

  async #rename(): Promise<string> {
    for (let copy = 0; copy < maxCopies; copy++) {
      const path = join(this.#folder, this.#names(copy));
      try {
        // A link, unlike a rename, fails when the name is taken.
        await Deno.link(this.#partPath, path);
        await Deno.remove(this.#partPath);
        return path;
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) continue;
        if (await this.#renameOverOwn(path)) return path;
      }
    }
    throw new SinkError(
      `"${this.#folder}" has too many copies of "${this.#names(0)}"`,
    );
  }

  /** For file systems without links: takes the name, then replaces that. */
  async #renameOverOwn(path: string): Promise<boolean> {
    try {
      (await Deno.open(path, { write: true, createNew: true })).close();
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return false;
      throw error;
    }
    await Deno.rename(this.#partPath, path);
    return true;
  }

  #close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handle.close();
  }
}

async function checkSpace(folder: string, size: number): Promise<void> {
  let free: number;
  try {
    const info = await Deno.stat(folder);
    if (!info.isDirectory) throw new SinkError(`"${folder}" is not a folder`);
    const { bavail, bsize } = await statfs(folder);
    free = bavail * bsize;
  } catch (error) {
    throw error instanceof SinkError ? error : cannotWrite(folder, error);
  }
  if (size + reserveBytes > free) {
    throw new SinkError(
      `"${folder}" has too little room: ${size} bytes needed, ${free} free`,
    );
  }
}

/** Makes a rename last. Where folders cannot be opened, nothing is needed. */
async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await Deno.open(folder, { read: true });
    try {
      await handle.sync();
    } finally {
      handle.close();
    }
  } catch {
    // Windows.
  }
}

function cannotWrite(path: string, error: unknown): SinkError {
  const text = error instanceof Error ? error.message : "";
  if (/os error (28|122|112)\b|ENOSPC|EDQUOT/.test(text)) {
    return new SinkError(`No space left for "${path}"`);
  }
  if (error instanceof Deno.errors.NotFound) {
    return new SinkError(`The folder "${dirname(path)}" does not exist`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return new SinkError(`"${path}" cannot be written: permission denied`);
  }
  return new SinkError(`"${path}" cannot be written`);
}

const partSuffix = ".part";
const maxCopies = 1_000;
/** Left free for everything else on the disk. */
const reserveBytes = 1024 * 1024;
