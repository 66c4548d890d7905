/**
 * The file that is being received: written as `NAME.part` beside its place (see
 * part_file.io.ts), and given its name only when it is whole, checked and on the
 * disk. Names that are taken are never overwritten, not even by one that appears
 * at the last moment.
 */
import { join } from "@std/path";
import { statOfSystem } from "./stat_of_system.io.ts";
import type { BlockChecks } from "../../engine/blocks/block_checks.ts";
import { freeNames } from "./give_name.io.ts";
import { receivedName } from "./received_name.ts";
import type { FileAttributes } from "../../engine/packets/fin_frame.ts";
import { carriedSize, transferLimits } from "../../engine/packets/limits.ts";
import type { RecordedPart } from "./checkpoints.io.ts";
import { PartFile, partSuffix } from "./part_file.io.ts";
import {
  folderRefusal,
  isStillAt,
  lookAtFolder,
} from "./download_folder.io.ts";
import { cannotWrite, SinkError } from "./sink_error.io.ts";
import { syncFolder } from "../../system/sync_folder.io.ts";

/** What is to be received. */
export interface SinkFile {
  /** User name of the sender. */
  readonly sender: string;
  /** The name the sender gives it. */
  readonly name: string;
  /** Bytes; 0 of a stream. */
  readonly size: number;
  /** How much it is shows only at its end. */
  readonly stream?: boolean | undefined;
  /** Tells it from others of the same name; without it nothing is resumed. */
  readonly fingerprint?: string | undefined;
}

/** True when the one goes on with the other. */
export function isResumedBy(a: SinkFile, b: SinkFile): boolean {
  return a.sender === b.sender && a.name === b.name && a.size === b.size &&
    a.fingerprint !== undefined && a.fingerprint === b.fingerprint;
}

/** What a transfer needs of a {@link FileSink}. */
export type StoredFile =
  & Pick<
    FileSink,
    | "kept"
    | "checked"
    | "write"
    | "checkPlace"
    | "discard"
    | "close"
  >
  & {
    readonly part: RecordedPart;
    /** As that of {@link FileSink}; undefined where there is no path. */
    finish(
      ...about: Parameters<FileSink["finish"]>
    ): Promise<string | undefined>;
  };

/** An open file that is being received; made by {@link FileSink.open}. */
export class FileSink {
  readonly #folder: string;
  readonly #names: (copy: number) => string;
  readonly #part: PartFile;
  #checked = Promise.resolve(true);
  /** How many blocks are right before damage that was found too late. */
  #right: number | undefined;
  #isClosed = false;

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
   * Makes room for a file, or goes on with what is here of it. That is read back
   * first, as far as it goes within some seconds; the rest is read meanwhile.
   *
   * @param folder No link, nor behind one.
   * @param patience How long what is here is read back first, ms; 2,000 by
   * default.
   * @throws {SinkError} when the folder cannot be written or has too little room.
   */
  static async open(
    folder: string,
    file: SinkFile,
    patience = readBackMs,
  ): Promise<FileSink> {
    const { sender, name, size, fingerprint = "" } = file;
    const identity = { sender, name, size: carriedSize(file), fingerprint };
    const names = (copy: number) => receivedName(sender, name, copy);
    const place = await lookAtFolder(folder);
    for (let copy = 0; copy < maxCopies; copy++) {
      const path = join(folder, names(copy) + partSuffix);
      const part = await PartFile.open(path, identity).catch((error) => {
        throw cannotOpen(folder, error);
      });
      if (part === undefined) continue;
      const sink = new FileSink(folder, names, part);
      try {
        if (!await isStillAt(place, folder)) await lookAtFolder(folder);
        await sink.#check(patience);
        await checkSpace(folder, size - sink.kept.length * blockBytes);
      } catch (error) {
        if (sink.kept.length === 0) sink.discard();
        else await sink.close();
        throw error;
      }
      return sink;
    }
    throw new SinkError(`"${folder}" has too many copies of "${names(0)}"`);
  }

  /** CRC-32s of the blocks that were here already. */
  get kept(): Uint32Array {
    return this.#part.kept;
  }

  /**
   * Resolves when all of that was read back: false when it is damaged. Rejects with
   * a {@link SinkError} when it cannot be read now.
   */
  get checked(): Promise<boolean> {
    return this.#checked;
  }

  /** See {@link PartFile}. */
  get part(): PartFile {
    return this.#part;
  }

  /** What is here of it, for one who reads it meanwhile; undefined if gone. */
  async reopen(): Promise<Deno.FsFile | undefined> {
    return await this.#part.reopen().catch(() => undefined);
  }

  /**
   * Writes at so many bytes from the start, at the end by default: all or nothing.
   *
   * @throws {SinkError} when the disk is full or fails.
   */
  async write(bytes: Uint8Array, at?: number): Promise<void> {
    try {
      await this.#part.write(bytes, at);
    } catch (error) {
      throw cannotWrite(this.#part.path, error);
    }
  }

  /**
   * Looks whether what was written is still there.
   *
   * @throws {SinkError} when it is not.
   */
  async checkPlace(): Promise<void> {
    try {
      await this.#part.checkPlace();
    } catch (error) {
      throw cannotWrite(this.#part.path, error);
    }
  }

  /**
   * Makes sure that the file is whole and on the disk, and gives it its name.
   *
   * @param checks CRC-32s of all its blocks.
   * @param attributes What it is to have besides its bytes.
   * @returns Its path.
   * @throws {SinkError} when that cannot be done, or something else is there.
   */
  async finish(
    checks: BlockChecks,
    attributes?: FileAttributes,
  ): Promise<string> {
    try {
      await this.#part.confirm(checks, attributes);
      const path = await this.#part.giveName(
        freeNames(this.#folder, this.#names),
      );
      // A disk that cannot do that has the file all the same.
      await syncFolder(this.#folder).catch(() => {});
      return path;
    } catch (error) {
      throw cannotWrite(this.#part.path, error);
    }
  }

  /** Removes what was received so far. */
  discard(): void {
    this.#isClosed = true;
    this.#part.discard();
  }

  /** Keeps what was recorded so far and is not damaged, and frees the file. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#right !== undefined) {
      await this.#part.keep(this.#right).catch(() => {});
    }
    this.#part.close();
  }

  /** Reads back what is here. */
  async #check(patience: number): Promise<void> {
    const { kept } = this.#part;
    if (kept.length === 0) return;
    const reading = this.#part.readBack(kept, () => !this.#isClosed)
      .catch((error) => {
        throw cannotWrite(this.#part.path, error);
      });
    const timeout = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => timeout.resolve(undefined), patience);
    const right = await Promise.race([reading, timeout.promise])
      .finally(() => clearTimeout(timer));
    if (right !== undefined) return await this.#part.keep(right);
    this.#checked = reading.then((right) => {
      if (right === kept.length || this.#isClosed) return true;
      this.#right = right;
      return false;
    });
    // Who waits for it is told.
    this.#checked.catch(() => {});
  }
}

/**
 * Looks whether `size` bytes have room in a folder.
 *
 * @throws {SinkError} when they have not.
 */
export async function checkSpace(
  folder: string,
  size: number,
): Promise<void> {
  const { bavail, bsize } = await statOfSystem(folder).catch((error) => {
    throw cannotOpen(folder, error);
  });
  const free = bavail * bsize;
  if (size + reserveBytes > free) {
    throw new SinkError(
      `"${folder}" has too little room: ${size} bytes needed, ${free} free`,
      "space",
    );
  }
}

/** Before anything is there, it is the folder that refuses. */
function cannotOpen(folder: string, error: unknown): SinkError {
  const known = cannotWrite(folder, error);
  return known.failure === "space"
    ? known
    : new SinkError(folderRefusal(folder, error));
}

const { blockBytes } = transferLimits;
/** So many may come at a time. */
const maxCopies = 1_000;
/** Left free for everything else on the disk. */
const reserveBytes = 1024 * 1024;
/** The sender waits that long for an answer, so that damage is fetched again. */
const readBackMs = 2_000;
