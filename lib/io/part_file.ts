/**
 * `NAME.part` and its map `NAME.part.map`: a file that is on its way in, and
 * what is known to be on the disk of it. The file's bytes are synced before the
 * map says so, and the map is replaced whole, so a crash at any moment leaves a
 * map that is true. A part is locked while it is written; one that nobody
 * writes and whose map fits an offer is gone on with.
 */
import {
  type FileIdentity,
  type ReceivedPart,
  ResumeMap,
} from "../transfer/resume_map.ts";
import { blockLength, transferLimits } from "../transfer/transfer_limits.ts";
import { removeTemporaries, writeFileAtomically } from "./atomic_file.ts";

/** An open part; made by {@link PartFile.open}. */
export class PartFile {
  readonly path: string;
  readonly #handle: Deno.FsFile;
  #map: ResumeMap | undefined;
  #saving: Promise<void> | undefined;
  #isClosed = false;

  constructor(path: string, handle: Deno.FsFile, map: ResumeMap | undefined) {
    this.path = path;
    this.#handle = handle;
    this.#map = map;
  }

  /**
   * Opens the part at `path`: a new one, or the one that is there when it is
   * ours, nobody writes it, and it comes from the same sender under the same
   * name. Of another version of the file nothing is kept.
   *
   * @param identity Undefined when the file cannot be told from others: then
   * nothing will be resumed.
   * @returns Undefined when something else is there.
   * @throws What the system says.
   */
  static async open(
    path: string,
    identity: FileIdentity | undefined,
  ): Promise<PartFile | undefined> {
    try {
      // createNew follows no symlink and takes nothing that is there.
      const handle = await Deno.open(path, { write: true, createNew: true });
      await tryLock(handle);
      return await PartFile.#begin(path, handle, identity);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    if (identity === undefined) return undefined;
    const handle = await openOwn(path);
    if (handle === undefined) return undefined;
    const map = await readMap(path);
    const isSameFile = map?.identity.sender === identity.sender &&
      map.identity.name === identity.name;
    if (map === undefined || !isSameFile) {
      handle.close();
      return undefined;
    }
    try {
      await removeTemporaries(path + mapSuffix);
      const { size } = await handle.stat();
      const start = bytesOf(map);
      if (!map.matches(identity) || size < start) {
        await handle.truncate(0);
        return await PartFile.#begin(path, handle, identity);
      }
      await handle.truncate(start);
      await handle.seek(start, Deno.SeekMode.Start);
      return new PartFile(path, handle, map);
    } catch (error) {
      handle.close();
      throw error;
    }
  }

  /** What was here when it was opened. */
  get parts(): readonly ReceivedPart[] {
    return this.#map?.parts ?? [];
  }

  /** True when what is written can be gone on with another time. */
  get isResumable(): boolean {
    return this.#map !== undefined &&
      this.#map.parts.length < transferLimits.resumeParts;
  }

  /**
   * Appends. What was written before a failure is taken back, so that it can be
   * tried again.
   *
   * @throws What the system says.
   */
  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        written += await this.#handle.write(bytes.subarray(written));
      }
    } catch (error) {
      if (written > 0) await this.#takeBack(written);
      throw error;
    }
  }

  sync(): Promise<void> {
    return this.#handle.sync();
  }

  /** True while {@link save} is at work. */
  get isSaving(): boolean {
    return this.#saving !== undefined;
  }

  /** Resolves when no {@link save} is at work. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  /**
   * Makes `part`, which is written, last: syncs it and then records it. Where
   * that fails the map keeps saying what it said, which is still true.
   */
  async save(part: ReceivedPart): Promise<void> {
    await this.#saving;
    const map = this.#map;
    if (map === undefined || !this.isResumable || this.#isClosed) return;
    this.#saving = this.#save(map, part).catch(() => {});
    await this.#saving;
    this.#saving = undefined;
  }

  /** The file is whole and will be renamed: there is nothing to resume. */
  async forgetMap(): Promise<void> {
    await this.#saving;
    await remove(this.path + mapSuffix);
  }

  /** Removes all of it. */
  async discard(): Promise<void> {
    // While the map is being written the part must stay locked.
    await this.#saving;
    this.close();
    // The map first: a part without one is never gone on with.
    await this.forgetMap();
    await remove(this.path);
  }

  /** Frees the file; what is recorded stays. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#handle.close();
  }

  /**
   * The first map is written beside whatever else is done: the disk's syncs would
   * keep the sender waiting. A part without one is never gone on with, and this
   * one is not recorded, renamed or removed before that has ended.
   */
  #markBeside(marking: Promise<void>): void {
    this.#saving = marking
      .catch(() => this.#map = undefined)
      .then(() => this.#saving = undefined);
  }

  async #takeBack(bytes: number): Promise<void> {
    const end = await this.#handle.seek(-bytes, Deno.SeekMode.Current);
    await this.#handle.truncate(end);
  }

  async #save(map: ResumeMap, part: ReceivedPart): Promise<void> {
    await this.#handle.syncData();
    const next = new ResumeMap(map.identity, [...map.parts, part]);
    await writeFileAtomically(this.path + mapSuffix, next.encode());
  }

  /** Has it recorded that nothing is here yet, which also marks it as ours. */
  static async #begin(
    path: string,
    handle: Deno.FsFile,
    identity: FileIdentity | undefined,
  ): Promise<PartFile | undefined> {
    if (identity === undefined) return new PartFile(path, handle, undefined);
    try {
      const mapPath = path + mapSuffix;
      const there = await lstat(mapPath);
      if (there !== undefined && (await readMap(path)) === undefined) {
        // Somebody else's file, or a link: nothing of ours may go there.
        handle.close();
        await remove(path);
        return undefined;
      }
      const map = new ResumeMap(identity, []);
      const part = new PartFile(path, handle, map);
      const marking = writeFileAtomically(mapPath, map.encode());
      // One that is there says what is no longer true.
      if (there !== undefined) await marking;
      else part.#markBeside(marking);
      return part;
    } catch (error) {
      handle.close();
      await remove(path);
      throw error;
    }
  }
}

/**
 * Removes parts in `folder` that nobody has gone on with for two weeks.
 * Only what has a valid map is ours to remove.
 */
export async function removeStaleParts(
  folder: string,
  now: number,
): Promise<void> {
  const names: string[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile && name.endsWith(partSuffix + mapSuffix)) names.push(name);
  }
  for (const name of names) {
    const mapPath = `${folder}/${name}`;
    const info = await lstat(mapPath);
    if ((info?.mtime?.getTime() ?? now) > now - staleMs) continue;
    const path = mapPath.slice(0, -mapSuffix.length);
    if ((await readMap(path)) === undefined) continue;
    const handle = await openOwn(path);
    if (handle === undefined) {
      if ((await lstat(path)) === undefined) await remove(mapPath);
      continue;
    }
    await removeTemporaries(mapPath);
    handle.close();
    await remove(mapPath);
    await remove(path);
  }
}

/** Opens and locks a plain file that has no other name; undefined otherwise. */
async function openOwn(path: string): Promise<Deno.FsFile | undefined> {
  const before = await lstat(path);
  if (before === undefined || !isPlain(before)) return undefined;
  const handle = await Deno.open(path, { write: true });
  const opened = await handle.stat();
  const isSame = isPlain(opened) && opened.ino === before.ino &&
    opened.dev === before.dev;
  if (!isSame || !await tryLock(handle)) {
    handle.close();
    return undefined;
  }
  // Between the look and the lock its writer may have finished it.
  const after = await lstat(path);
  if (after === undefined || after.ino !== before.ino) {
    handle.close();
    return undefined;
  }
  return handle;
}

function isPlain(info: Deno.FileInfo): boolean {
  return info.isFile && !info.isSymlink && (info.nlink ?? 1) === 1;
}

/** False when another program or transfer holds it. */
async function tryLock(handle: Deno.FsFile): Promise<boolean> {
  try {
    return await handle.tryLock(true);
  } catch {
    // A file system without locks.
    return true;
  }
}

async function readMap(path: string): Promise<ResumeMap | undefined> {
  const mapPath = path + mapSuffix;
  try {
    const info = await Deno.lstat(mapPath);
    if (!isPlain(info) || info.size > mostMapBytes) return undefined;
    return ResumeMap.decode(await Deno.readTextFile(mapPath));
  } catch {
    return undefined;
  }
}

function bytesOf(map: ResumeMap): number {
  if (map.blocks === 0) return 0;
  const last = map.blocks - 1;
  return last * transferLimits.blockBytes +
    blockLength(last, map.identity.size);
}

async function lstat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

async function remove(path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
}

/** What the name of a file that is not yet whole ends in. */
export const partSuffix = ".part";
const mapSuffix = ".map";
const mostMapBytes = 64 * 1024;
const staleMs = 14 * 24 * 3600 * 1000;
