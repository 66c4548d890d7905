/**
 * What pages upload, until its offer ends, or the page that did not send it:
 * files of a folder below the state folder that only the user can look into. Who
 * works with one holds a lock beside it, which the system takes back however the
 * program ends: so the next client removes what a killed one has left. What waits
 * until somebody is back moves to where it outlives this client.
 */
import { dirname, join } from "@std/path";
import type { Random } from "../../../base/ports.ts";
import { reasonOf } from "../../../system/errors.io.ts";
import { stateFolderPath } from "../../../system/folders.io.ts";
import { closeLocked } from "../../../system/own_file.io.ts";
import { KeptOfferFiles } from "../../offers/kept_offer_files.io.ts";
import { KeptUploads } from "../../offers/kept_uploads.io.ts";
import { statOfSystem } from "../../files/stat_of_system.io.ts";
import { showOf } from "./shown_file.ts";
import type { UploadPlace } from "./upload_place.ts";
import { newId } from "./web_access.ts";

/** Why something cannot be uploaded or sent: one line for people. */
export class SpoolError extends Error {
  override readonly name = "SpoolError";
  /** What HTTP calls it. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The uploads of one run of the client. */
export class Spool {
  readonly #parent: string;
  readonly #random: Random;
  readonly #kept: KeptUploads;
  /** What the copies that are kept are for. */
  readonly #offers: KeptOfferFiles;
  readonly #batches = new Map<string, UploadBatch>();
  /** Pictures that were sent and are still shown, and their bytes; oldest first. */
  readonly #shown = new Map<string, number>();
  #held: { readonly folder: string; readonly lock: Deno.FsFile } | undefined;

  /**
   * @param env Looks up an environment variable: where the state folder is.
   * @throws {StartError} when the environment names no place for it.
   */
  constructor(env: (name: string) => string | undefined, random: Random) {
    this.#parent = join(stateFolderPath(env), "uploads");
    this.#random = random;
    this.#kept = new KeptUploads(env);
    this.#offers = new KeptOfferFiles(env);
  }

  /** Removes what programs have left that run no more. */
  async removeLeft(): Promise<void> {
    try {
      this.#kept.removeLeft(this.#offers.usedPaths());
    } catch {
      // Nothing of it goes while it is not known what waits.
    }
    let names: string[];
    try {
      names = [...Deno.readDirSync(this.#parent)].map(({ name }) => name);
    } catch {
      // Nothing was ever uploaded.
      return;
    }
    for (const name of names.filter((name) => name.endsWith(lockEnd))) {
      const path = join(this.#parent, name);
      try {
        // Opened to be written alone, a pipe would wait for a reader.
        using lock = Deno.openSync(path, { read: true, write: true });
        if (!lock.tryLockSync(true)) continue;
        await removeAll(path.slice(0, -lockEnd.length));
        await Deno.remove(path);
      } catch {
        // The next start tries it again.
      }
    }
  }

  /**
   * Takes a file.
   *
   * @param owner Who uploads it, for {@link dropOf}.
   * @param size Bytes that `body` has.
   * @throws {SpoolError}
   */
  async add(
    owner: string,
    place: UploadPlace,
    size: number,
    body: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const batch = this.#batchOf(place.batch, owner);
    if (batch.files >= mostFiles) {
      throw new SpoolError(413, `at most ${mostFiles} files at a time`);
    }
    batch.files++;
    batch.running++;
    batch.bytes += size;
    batch.isPicture = showOf(place.parts.at(-1) ?? "") === "image";
    try {
      const folder = this.#open();
      await checkRoom(folder, size);
      const path = join(folder, place.batch, ...place.parts);
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await write(path, size, body, place.modified);
      batch.roots.add(place.parts[0] ?? "");
    } catch (error) {
      batch.isBroken = true;
      if (error instanceof SpoolError) throw error;
      throw new SpoolError(507, `cannot be kept: ${reasonOf(error)}`);
    } finally {
      batch.running--;
      const folder = this.#held?.folder;
      if (batch.isGone && folder !== undefined) {
        await removeAll(join(folder, place.batch));
      }
    }
  }

  /**
   * What was uploaded as a batch and is to be sent now, as absolute paths.
   *
   * @throws {SpoolError} when that is nothing, or not all of it.
   */
  take(id: string): string[] {
    const { batch, folder } = this.#whole(id);
    batch.isTaken = true;
    return [...batch.roots].map((root) => join(folder, root));
  }

  /**
   * The same of what waits until somebody is back, which outlives this client.
   *
   * @throws {SpoolError} as {@link take}, and when it cannot wait.
   */
  keep(id: string): string[] {
    const { batch, folder } = this.#whole(id);
    const kept = this.#kept.keep(folder, id, batch.bytes);
    if ("fault" in kept) {
      this.drop(id);
      throw new SpoolError(507, kept.fault);
    }
    this.#batches.delete(id);
    return [...batch.roots].map((root) => join(kept.folder, root));
  }

  /** What became of it is known: it stays only if it waits. */
  releaseKept(id: string): void {
    try {
      this.#kept.release(id, this.#offers.usedPaths());
    } catch {
      // A later start removes it when it is known what waits.
    }
  }

  /** @throws {SpoolError} as {@link take}. */
  #whole(id: string): { batch: UploadBatch; folder: string } {
    const batch = this.#batches.get(id);
    if (batch === undefined || this.#held === undefined || batch.isTaken) {
      throw new SpoolError(404, "there is nothing to send; choose it again");
    }
    if (batch.running > 0 || batch.isBroken) {
      throw new SpoolError(409, "not all of it could be read; choose it again");
    }
    return { batch, folder: join(this.#held.folder, id) };
  }

  /**
   * A batch was sent, or will not be. A picture stays, to be shown where it was
   * sent, unless it or those that were sent after it take much room.
   */
  async release(id: string): Promise<void> {
    const batch = this.#batches.get(id);
    if (batch === undefined) return;
    const { files, bytes, isPicture } = batch;
    if (files !== 1 || !isPicture || bytes > mostShownBytes / 4) {
      return await this.drop(id);
    }
    this.#batches.delete(id);
    this.#shown.set(id, bytes);
    let left = [...this.#shown.values()].reduce((sum, each) => sum + each, 0);
    for (const [oldest, bytes] of [...this.#shown]) {
      const isTooMuch = left > mostShownBytes || this.#shown.size > mostShown;
      if (!isTooMuch) break;
      left -= bytes;
      await this.#hide(oldest);
    }
  }

  async #hide(id: string): Promise<void> {
    this.#shown.delete(id);
    if (this.#held !== undefined) await removeAll(join(this.#held.folder, id));
  }

  /** A batch is needed no more. */
  async drop(id: string): Promise<void> {
    const batch = this.#batches.get(id);
    if (batch === undefined || this.#held === undefined) return;
    this.#batches.delete(id);
    batch.isGone = true;
    await removeAll(join(this.#held.folder, id));
  }

  /** What somebody has uploaded and not sent is needed no more. */
  async dropOf(owner: string): Promise<void> {
    for (const [id, batch] of [...this.#batches]) {
      if (batch.owner === owner && !batch.isTaken) await this.drop(id);
    }
  }

  /** None is needed any more. */
  async clear(): Promise<void> {
    for (const id of [...this.#batches.keys()]) await this.drop(id);
    for (const id of [...this.#shown.keys()]) await this.#hide(id);
  }

  /** Removes everything. */
  async close(): Promise<void> {
    for (const batch of this.#batches.values()) batch.isGone = true;
    this.#batches.clear();
    this.#shown.clear();
    if (this.#held === undefined) return;
    const { folder, lock } = this.#held;
    this.#held = undefined;
    await removeAll(folder);
    await removeAll(folder + lockEnd);
    closeLocked(lock);
  }

  #batchOf(id: string, owner: string): UploadBatch {
    const known = this.#batches.get(id);
    if (known?.isTaken || this.#shown.has(id)) {
      throw new SpoolError(409, "that is being sent; choose it again");
    }
    if (known !== undefined) return known;
    if (this.#batches.size >= mostBatches) {
      throw new SpoolError(429, "too much is being sent; wait for some of it");
    }
    const batch = {
      owner,
      roots: new Set<string>(),
      ...{ files: 0, running: 0, bytes: 0, isPicture: false },
      ...{ isTaken: false, isBroken: false, isGone: false },
    };
    this.#batches.set(id, batch);
    return batch;
  }

  /** The folder of this run. */
  #open(): string {
    if (this.#held === undefined) {
      Deno.mkdirSync(this.#parent, { recursive: true, mode: 0o700 });
      const folder = join(this.#parent, newId(this.#random));
      const options = { write: true, createNew: true, mode: 0o600 };
      const lock = Deno.openSync(folder + lockEnd, options);
      lock.lockSync(true);
      Deno.mkdirSync(folder, { mode: 0o700 });
      this.#held = { folder, lock };
    }
    return this.#held.folder;
  }
}

/** Files that are sent together. */
interface UploadBatch {
  readonly owner: string;
  /** Names of what is in it, without what is in folders. */
  readonly roots: Set<string>;
  files: number;
  /** How many are on their way. */
  running: number;
  isTaken: boolean;
  bytes: number;
  /** The last file of it can be shown as a picture. */
  isPicture: boolean;
  /** A file of it is not there. */
  isBroken: boolean;
  isGone: boolean;
}

async function write(
  path: string,
  size: number,
  body: AsyncIterable<Uint8Array>,
  modified: number | undefined,
): Promise<void> {
  let file;
  try {
    const options = { write: true, createNew: true, mode: 0o600 };
    file = await Deno.open(path, options);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new SpoolError(409, "there are two of this name");
  }
  using _ = file;
  let left = size;
  try {
    for await (const bytes of body) {
      left -= bytes.length;
      if (left < 0) break;
      for (let at = 0; at < bytes.length;) {
        at += await file.write(bytes.subarray(at));
      }
    }
    if (left !== 0) throw new SpoolError(400, "it did not come whole");
    if (modified !== undefined) {
      await file.utime(modified / 1000, modified / 1000);
    }
  } catch (error) {
    await removeAll(path);
    throw error;
  }
}

/** @throws {SpoolError} when that many bytes are too many. */
async function checkRoom(folder: string, size: number): Promise<void> {
  const { bavail, bsize } = await statOfSystem(folder);
  if (bavail * bsize - size >= spareBytes) return;
  throw new SpoolError(507, "there is no room for it on the disk");
}

async function removeAll(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch {
    // What is left goes at the next start.
  }
}

const lockEnd = ".lock";
/** Most batches that are uploaded or sent at once. */
const mostBatches = 64;
/** Most pictures that stay when they were sent, and most bytes of them. */
const mostShown = 100;
const mostShownBytes = 64 * 1024 * 1024;
/** Most files of a batch. */
const mostFiles = 100_000;
/** What is left free on the disk, bytes. */
const spareBytes = 256 * 1024 * 1024;
