/**
 * The file that is being received: written as `NAME.part` beside its place (see
 * part_file.ts), and given its name only when it is whole, checked and on the disk. Names that are
 * taken are never overwritten, not even by one that appears at the last moment.
 */
import { dirname, join } from "@std/path";
import { statfs } from "node:fs/promises";
import { receivedName } from "../transfer/received_name.ts";
import type { ReceivedPart } from "../transfer/resume_map.ts";
import { transferLimits } from "../transfer/transfer_limits.ts";
import type { RecordedPart } from "./checkpoints.ts";
import { reasonOf } from "./reason_of.ts";
import { PartFile, partSuffix } from "./part_file.ts";

/** Why a file cannot be stored, in one line for people. */
export class SinkError extends Error {
  override readonly name = "SinkError";
  /** True when it is for want of room, which may come back. */
  readonly isFull: boolean;

  constructor(message: string, isFull = false) {
    super(message);
    this.isFull = isFull;
  }

  /** What it is for others. */
  get failure(): "space" | "storage" {
    return this.isFull ? "space" : "storage";
  }
}

/** What is to be received. */
export interface SinkFile {
  /** User name of the sender. */
  readonly sender: string;
  /** The name the sender gives it. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Tells it from others of the same name; without it nothing is resumed. */
  readonly fingerprint?: string | undefined;
}

/** What a transfer needs of a {@link FileSink}. */
export type StoredFile =
  & Pick<FileSink, "firstBlock" | "write" | "finish" | "discard" | "close">
  & { readonly part: RecordedPart };

/** An open file that is being received; made by {@link FileSink.open}. */
export class FileSink {
  readonly #folder: string;
  readonly #names: (copy: number) => string;
  readonly #part: PartFile;

  constructor(
    folder: string,
    names: (copy: number) => string,
    part: PartFile,
  ) {
    this.#folder = folder;
    this.#names = names;
    this.#part = part;
  }

  /**
   * Makes room for a file, or goes on with what is here of it.
   *
   * @throws {SinkError} when the folder cannot be written or has too little room.
   */
  static async open(folder: string, file: SinkFile): Promise<FileSink> {
    const { sender, name, size, fingerprint } = file;
    const identity = fingerprint === undefined
      ? undefined
      : { sender, name, size, fingerprint };
    const names = (copy: number) => receivedName(sender, name, copy);
    await checkFolder(folder);
    for (let copy = 0; copy < maxCopies; copy++) {
      const path = join(folder, names(copy) + partSuffix);
      const part = await PartFile.open(path, identity).catch((error) => {
        throw cannotWrite(path, error);
      });
      if (part === undefined) continue;
      const sink = new FileSink(folder, names, part);
      try {
        await checkSpace(folder, size - sink.firstBlock * blockBytes);
      } catch (error) {
        if (sink.firstBlock === 0) await sink.discard();
        else sink.close();
        throw error;
      }
      return sink;
    }
    throw new SinkError(`"${folder}" has too many copies of "${names(0)}"`);
  }

  /** What was here already. */
  get parts(): readonly ReceivedPart[] {
    return this.#part.parts;
  }

  /** The first block that is missing. */
  get firstBlock(): number {
    return this.parts.at(-1)?.endBlock ?? 0;
  }

  /** See {@link PartFile}. */
  get part(): PartFile {
    return this.#part;
  }

  /**
   * Appends to the file: all or nothing.
   *
   * @throws {SinkError} when the disk is full or fails.
   */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#part.write(bytes);
    } catch (error) {
      throw cannotWrite(this.#part.path, error);
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
      await this.#part.sync();
      // What has its name must never be taken for a part and written again.
      await this.#part.forgetMap();
      this.#part.close();
      const path = await this.#rename();
      await syncFolder(this.#folder);
      return path;
    } catch (error) {
      throw error instanceof SinkError
        ? error
        : cannotWrite(this.#part.path, error);
    }
  }

  /** Removes what was received so far. */
  async discard(): Promise<void> {
    await this.#part.discard();
  }

  /** Keeps what was recorded so far and frees the file. */
  close(): void {
    this.#part.close();
  }

  async #rename(): Promise<string> {
    for (let copy = 0; copy < maxCopies; copy++) {
      const path = join(this.#folder, this.#names(copy));
      try {
        // A link, unlike a rename, fails when the name is taken.
        await Deno.link(this.#part.path, path);
        await Deno.remove(this.#part.path);
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
    await Deno.rename(this.#part.path, path);
    return true;
  }
}

async function checkFolder(folder: string): Promise<void> {
  const info = await Deno.stat(folder).catch((error) => {
    throw cannotWrite(folder, error);
  });
  if (!info.isDirectory) throw new SinkError(`"${folder}" is not a folder`);
}

async function checkSpace(folder: string, size: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder).catch((error) => {
    throw cannotWrite(folder, error);
  });
  const free = bavail * bsize;
  if (size + reserveBytes > free) {
    throw new SinkError(
      `"${folder}" has too little room: ${size} bytes needed, ${free} free`,
      true,
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
    return new SinkError(`No space left for "${path}"`, true);
  }
  if (error instanceof Deno.errors.NotFound) {
    return new SinkError(`The folder "${dirname(path)}" does not exist`);
  }
  return new SinkError(`"${path}" cannot be written: ${reasonOf(error)}`);
}

const { blockBytes } = transferLimits;
const maxCopies = 1_000;
/** Left free for everything else on the disk. */
const reserveBytes = 1024 * 1024;
