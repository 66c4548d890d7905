/**
 * The folder with the database and the logs. A server holds a lock in it, so
 * that two servers never write the same files; the lock goes with the process,
 * however that ends.
 */
import { join } from "@std/path";
import { tidyFile } from "../../system/files.io.ts";
import { reasonOf, StartError } from "../../system/errors.io.ts";
import { closeLocked } from "../../system/own_file.io.ts";
import { delay } from "../../system/clock.io.ts";

/** A data folder that this process alone uses. */
export class DataFolder {
  readonly path: string;
  readonly #lock: Deno.FsFile;

  /** Use {@link DataFolder.open}. */
  constructor(path: string, lock: Deno.FsFile) {
    this.path = path;
    this.#lock = lock;
  }

  /**
   * Makes the folder when it is missing and takes its lock.
   *
   * @param advice What to do where a server uses it.
   * @throws {StartError} when it cannot be written or another server uses it.
   */
  static async open(
    path: string,
    advice = "stop it or choose another with --data-dir",
  ): Promise<DataFolder> {
    let lock: Deno.FsFile;
    try {
      // Messages are nobody else's business.
      await Deno.mkdir(path, { recursive: true, mode: 0o700 });
      const name = join(path, lockName);
      // Opened to be written alone, a pipe would wait for a reader.
      const options = { read: true, write: true, create: true };
      lock = await Deno.open(name, options);
    } catch (error) {
      throw new StartError(
        `cannot use data folder "${path}": ${folderReason(error)}; ` +
          "choose another with --data-dir",
      );
    }
    const taken = await takeLock(lock);
    if (!taken) {
      closeLocked(lock);
      throw new StartError(
        `data folder "${path}" is in use by another server; ${advice}`,
      );
    }
    for (const name of rewritten) await tidyFile(join(path, name));
    return new DataFolder(path, lock);
  }

  /** The path of a file in the folder. */
  file(name: string): string {
    return join(this.path, name);
  }

  /** Gives the lock back. */
  close(): void {
    closeLocked(this.#lock);
  }
}

/** True when a server is at work in the folder; takes its lock for a moment. */
export async function isInUse(folder: string): Promise<boolean> {
  try {
    const options = { read: true, write: true };
    const lock = await Deno.open(join(folder, lockName), options);
    try {
      return !await lock.tryLock(true);
    } finally {
      closeLocked(lock);
    }
  } catch {
    return false;
  }
}

/** Whoever looks with {@link isInUse} has the lock for a moment. */
async function takeLock(lock: Deno.FsFile): Promise<boolean> {
  for (let tries = 0; tries < 5; tries++) {
    if (await lock.tryLock(true).catch(() => false)) return true;
    await delay(20);
  }
  return false;
}

/** Something else of that name is what stands in the way of a new folder. */
function folderReason(error: unknown): string {
  return error instanceof Deno.errors.AlreadyExists
    ? "it is no folder"
    : reasonOf(error);
}

/** The files that a server rewrites whole. */
const rewritten = ["userlog.txt", "tls-key.pem", "tls-cert.pem"];
/** Name of the file whose lock a server holds. */
const lockName = "parley.lock";
