/**
 * `NAME.part` and its map `NAME.part.map`: a file that is on its way in, and
 * what is known of it (see resume_map.ts). The map is there before the part is,
 * and marks it as ours; it is locked while the part is written. Both are worked
 * on by the handles they were opened with, so that nothing somebody puts under
 * their names is ever written. What the map says of the part is not believed but
 * read back: only what is on the disk counts.
 */
import { dirname } from "@std/path";
import type { BlockChecks } from "../../engine/blocks/block_checks.ts";
import { blockCheck } from "../../engine/blocks/content_digest.ts";
import type { FileAttributes } from "../../engine/packets/fin_frame.ts";
import { type FileIdentity, ResumeMap } from "../../engine/resume_map.ts";
import { blockLength, transferLimits } from "../../engine/packets/limits.ts";
import { giveName, goneFrom, isBetweenName } from "./give_name.io.ts";
import {
  closeLocked,
  isAt,
  isUnbegun,
  lookAt,
  lookAtOwn,
  makeOwn,
  openAgain,
  openOwn,
  remove,
  removeOwn,
  tryLock,
} from "../../system/own_file.io.ts";
import {
  type FileState,
  fileState,
  isSameState,
} from "../../system/file_state.io.ts";
import { setRights } from "../../system/set_rights.io.ts";
import { SinkError } from "./sink_error.io.ts";
import { syncFolder } from "../../system/sync_folder.io.ts";
import { keepsTimes, WriteWatch } from "./write_watch.io.ts";

/** An open part; made by {@link PartFile.open}. */
export class PartFile {
  readonly path: string;
  readonly #file: Deno.FsFile;
  readonly #map: Deno.FsFile;
  readonly #identity: FileIdentity;
  /** Where the next line of the map goes. */
  #mapEnd: number;
  #kept: Uint32Array;
  /** Where the last byte that is written ends. */
  #end: number;
  /** Where the system writes next. */
  #position: number;
  readonly #watch: WriteWatch | undefined;
  #confirmed: Confirmed | undefined;
  #isFolderSynced = false;
  #isClosed = false;

  constructor(
    path: string,
    { file, map, identity, mapEnd, kept, watch }: OpenFiles,
  ) {
    this.path = path;
    this.#file = file;
    this.#map = map;
    this.#identity = identity;
    this.#mapEnd = mapEnd;
    this.#kept = kept;
    this.#end = kept.length * blockBytes;
    this.#position = 0;
    this.#watch = watch;
  }

  /**
   * Opens the part at `path`: a new one, or the one that is there when it is
   * ours, nobody writes it, and it comes from the same sender under the same
   * name. Of another version of the file nothing is kept.
   *
   * @param watchedBytes Larger files are watched where that can be relied on;
   * 8 MiB by default.
   * @returns Undefined when something else is there.
   * @throws What the system says.
   */
  static async open(
    path: string,
    identity: FileIdentity,
    watchedBytes: number = leastWatchedBytes,
  ): Promise<PartFile | undefined> {
    const mapPath = path + mapSuffix;
    const watch = await watching(path, identity, watchedBytes);
    const made = await makeOwn(mapPath, 0o600);
    const map = made ?? await openOwn(mapPath);
    if (typeof map === "string") return undefined;
    try {
      // Another client may have been faster with the lock, and then it is its.
      const isOurs = await tryLock(map);
      const isNew = made !== undefined ||
        isOurs && await isUnbegun(map, mapPath, path);
      const part = isOurs
        ? await (isNew ? begin : goOn)(path, map, identity, watch)
        : undefined;
      if (part === undefined) closeLocked(map);
      return part;
    } catch (error) {
      closeLocked(map);
      throw error;
    }
  }

  /** CRC-32s of the blocks that were here when it was opened. */
  get kept(): Uint32Array {
    return this.#kept;
  }

  /** True when what is written can be gone on with another time. */
  get isResumable(): boolean {
    return this.#identity.fingerprint !== "";
  }

  /**
   * Keeps only the first `blocks` of what was here: the rest is damaged.
   *
   * @throws What the system says.
   */
  async keep(blocks: number): Promise<void> {
    if (blocks < this.#kept.length) {
      this.#kept = this.#kept.slice(0, blocks);
      await this.record(blocks, this.#kept.subarray(blocks));
    }
    this.#end = blocks * blockBytes;
    await this.#change(() => this.#file.truncate(this.#end));
    this.#position = -1;
  }

  /**
   * Writes at so many bytes from the start; by default it appends. What was
   * written behind the end before a failure is taken back, so that it can be tried
   * again.
   *
   * @throws What the system says.
   */
  async write(bytes: Uint8Array, at: number = this.#end): Promise<void> {
    await this.#change(() => this.#writeAt(bytes, at));
    this.#end = Math.max(this.#end, at + bytes.length);
  }

  async #writeAt(bytes: Uint8Array, at: number): Promise<void> {
    let written = 0;
    try {
      if (this.#position !== at) {
        await this.#file.seek(at, Deno.SeekMode.Start);
      }
      while (written < bytes.length) {
        written += await this.#file.write(bytes.subarray(written));
      }
      this.#position = at + written;
    } catch (error) {
      this.#position = -1;
      if (at + written > this.#end) await this.#file.truncate(this.#end);
      throw error;
    }
  }

  async #change(work: () => Promise<void>): Promise<void> {
    await (this.#watch?.change(work) ?? work());
  }

  /**
   * Notes that the blocks from block `first` on, which are written, have these
   * CRC-32s. One call at a time; where it fails, the map says no less than
   * before.
   */
  async record(first: number, checks: Uint32Array): Promise<void> {
    const line = ResumeMap.encodeEntry(first, checks);
    try {
      this.#mapEnd += await writeAt(this.#map, this.#mapEnd, line);
    } catch {
      // The next line is written over what there may be of this one.
    }
  }

  /** Has all that was written and recorded survive a power cut. */
  async sync(): Promise<void> {
    await this.#file.syncData();
    await this.#map.syncData();
    if (this.#isFolderSynced) return;
    await syncFolder(dirname(this.path));
    this.#isFolderSynced = true;
  }

  /**
   * Looks whether the part is still there, as long as it was written.
   *
   * @returns What the system tells of it.
   * @throws {SinkError} when it is not.
   */
  async checkPlace(): Promise<FileState> {
    const there = await lookAtOwn(this.#file, this.path);
    if (there === undefined) throw goneFrom(this.path);
    if (there.size !== this.#end) throw damaged(this.path);
    return fileState(there);
  }

  /**
   * Opens it once more, for reading; undefined when it is not at its place.
   *
   * @throws What the system says where too many files are open.
   */
  async reopen(): Promise<Deno.FsFile | undefined> {
    return this.#isClosed ? undefined : await openAgain(this.#file, this.path);
  }

  /**
   * Reads blocks back from the disk, from the first one on.
   *
   * @param checks What their CRC-32s must be.
   * @param isWanted Asked now and then; stops early when it says no.
   * @returns How many are right before the first that is not.
   * @throws What the system says where it cannot be opened.
   */
  async readBack(
    checks: Uint32Array,
    isWanted: () => boolean = () => true,
  ): Promise<number> {
    // Meanwhile more may be written behind them.
    const reader = await this.reopen();
    if (reader === undefined) return 0;
    try {
      return await countRight(reader, checks, this.#identity.size, isWanted);
    } finally {
      reader.close();
    }
  }

  /**
   * Makes sure that the part, which is whole, has exactly the blocks with these
   * CRC-32s on the disk and survives a power cut. It is read back, but for one of
   * which is known that nobody else has changed it.
   *
   * @param attributes What it is to have besides its bytes.
   * @throws {SinkError} when it is not at its place or not as it was written;
   * what the system says.
   */
  async confirm(
    checks: BlockChecks,
    attributes?: FileAttributes,
  ): Promise<void> {
    if (attributes !== undefined) await this.#setAttributes(attributes);
    let state = await this.checkPlace();
    const isDoubtful = await this.#isDoubtful();
    await Promise.all([
      isDoubtful ? this.#verify(checks, state) : undefined,
      this.#file.sync(),
    ]);
    if (isDoubtful) return;
    state = await this.checkPlace();
    this.#confirmed = { state, checks };
    // A disk may take its time.
    if (await this.#isDoubtful()) await this.#verify(checks, state);
  }

  /** Where the file system cannot keep them, the file is as good without. */
  async #setAttributes(
    { modified, isExecutable }: FileAttributes,
  ): Promise<void> {
    await this.#change(async () => {
      if (isExecutable) await this.#makeExecutable();
      const time = new Date(modified);
      await this.#file.utime(time, time);
    }).catch(() => {});
  }

  /** Whoever may read it may run it, too. */
  async #makeExecutable(): Promise<void> {
    const { mode } = await this.#file.stat();
    if (mode === null) return;
    await setRights(this.#file, this.path, {
      mode: mode | (mode & 0o444) >> 2,
    });
  }

  async #isDoubtful(): Promise<boolean> {
    return this.#watch === undefined || await this.#watch.wasWritten();
  }

  /** Reads all of it back, again when it is no longer what it was `before`. */
  async #verify(checks: BlockChecks, before: FileState): Promise<void> {
    for (let tries = 0; tries < mostTries; tries++) {
      this.#position = -1;
      await this.#file.seek(0, Deno.SeekMode.Start);
      const all = checks.slice(0);
      const right = await countRight(this.#file, all, this.#end);
      // What is elsewhere is right, but will not get the name.
      const state = await this.checkPlace();
      if (right < checks.length) break;
      this.#confirmed = { state, checks };
      if (isSameState(before, state)) return;
      before = state;
    }
    throw damaged(this.path);
  }

  /**
   * Ends it: the part, which is confirmed, gets the first of `names` that is
   * free, and the map is removed. One that was changed since then is read back.
   *
   * @returns Its path.
   * @throws {SinkError} when it is not at its place or not as it was written;
   * what the system says.
   */
  async giveName(names: Iterable<string>): Promise<string> {
    if (this.#confirmed === undefined) throw damaged(this.path);
    const { state, checks } = this.#confirmed;
    const now = fileState(this.#file.statSync());
    if (!isSameState(now, state)) await this.#verify(checks, now);
    const path = await giveName(this.#file, this.path, names);
    removeOwn(this.#map, this.path + mapSuffix);
    this.close();
    return path;
  }

  /** Removes all of it. */
  discard(): void {
    removeOwn(this.#file, this.path);
    removeOwn(this.#map, this.path + mapSuffix);
    this.close();
  }

  /** Frees the file; what is recorded stays. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch?.close();
    this.#file.close();
    closeLocked(this.#map);
  }
}

/** What a {@link PartFile} is made from. */
interface OpenFiles {
  readonly file: Deno.FsFile;
  readonly map: Deno.FsFile;
  readonly identity: FileIdentity;
  readonly mapEnd: number;
  readonly kept: Uint32Array;
  readonly watch: WriteWatch | undefined;
}

/** The blocks that a part has, and what the system told of it then. */
interface Confirmed {
  readonly state: FileState;
  readonly checks: BlockChecks;
}

/** Watches a part that was just opened; one that is always read back is not. */
type Watching = (file: Deno.FsFile) => WriteWatch | undefined;

async function watching(
  path: string,
  { size }: FileIdentity,
  watchedBytes: number,
): Promise<Watching> {
  if (size <= watchedBytes) return () => undefined;
  const hasTimes = await keepsTimes(dirname(path));
  if (!hasTimes && size <= readBackBytes) return () => undefined;
  return (file) => new WriteWatch(file, path, path + mapSuffix, hasTimes);
}

/** A new part, with a locked map that is empty. */
async function begin(
  path: string,
  map: Deno.FsFile,
  identity: FileIdentity,
  watching: Watching,
): Promise<PartFile | undefined> {
  let file: Deno.FsFile | undefined;
  try {
    const mapEnd = await writeAt(map, 0, ResumeMap.encodeHead(identity));
    file = await makeOwn(path);
    if (file !== undefined) {
      const kept = new Uint32Array(0);
      const watch = watching(file);
      return new PartFile(path, { file, map, identity, mapEnd, kept, watch });
    }
  } catch (error) {
    removeOwn(map, path + mapSuffix);
    throw error;
  }
  // Somebody else's file has the name.
  removeOwn(map, path + mapSuffix);
  return undefined;
}

/** What is there, when the locked `map` says that it may be gone on with. */
async function goOn(
  path: string,
  map: Deno.FsFile,
  identity: FileIdentity,
  watching: Watching,
): Promise<PartFile | undefined> {
  const text = await readMap(map);
  const known = ResumeMap.decode(text);
  const isSameFile = known?.identity.sender === identity.sender &&
    known.identity.name === identity.name;
  // Its writer may have ended it between the look and the lock.
  if (!isSameFile || !await isAt(map, path + mapSuffix)) return undefined;
  const opened = await openPart(path);
  const file = opened === "missing" ? await makeOwn(path) : opened;
  if (file === undefined || file === "taken") return undefined;
  let watch: WriteWatch | undefined;
  try {
    const { size } = await file.stat();
    const blocks = Math.floor(size / blockBytes);
    const isKept = known.matches(identity);
    const kept = isKept ? known.checks.slice(0, blocks) : new Uint32Array(0);
    const head = isKept ? text.slice(0, known.length) : "";
    let mapEnd = new TextEncoder().encode(head).length;
    await map.truncate(mapEnd);
    if (!isKept) mapEnd = await writeAt(map, 0, ResumeMap.encodeHead(identity));
    watch = watching(file);
    const files = { file, map, identity, mapEnd, kept, watch };
    const part = new PartFile(path, files);
    await part.keep(kept.length);
    return part;
  } catch (error) {
    watch?.close();
    file.close();
    throw error;
  }
}

/** Opens a part, freed of a name that its writer was killed while giving. */
async function openPart(path: string): ReturnType<typeof openOwn> {
  const opened = await openOwn(path);
  if (opened !== "taken") return opened;
  const part = await lookAt(path);
  if (!part?.isFile || part.nlink !== 2) return "taken";
  const folder = dirname(path);
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile || !isBetweenName(name)) continue;
    const between = `${folder}/${name}`;
    const info = await lookAt(between);
    if (info?.ino === part.ino && info.dev === part.dev) await remove(between);
  }
  return await openOwn(path);
}

/**
 * Removes parts in `folder` that nobody has gone on with for two weeks.
 * Only what has a valid map is ours to remove.
 */
export async function removeStaleParts(
  folder: string,
  now: number,
): Promise<void> {
  const entries: Deno.DirEntry[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const { name, isFile } = entry;
    const isOurs = name.endsWith(partSuffix + mapSuffix) || isBetweenName(name);
    if (isFile && isOurs) entries.push(entry);
  }
  for (const { name } of entries) {
    const path = `${folder}/${name}`;
    const info = await lookAt(path);
    if ((info?.mtime?.getTime() ?? now) > now - staleMs) continue;
    if (isBetweenName(name)) await remove(path);
    else await removeStalePart(path.slice(0, -mapSuffix.length));
  }
}

async function removeStalePart(path: string): Promise<void> {
  const map = await openOwn(path + mapSuffix);
  if (typeof map === "string") return;
  try {
    if (!await tryLock(map) || !isMap(await readMap(map))) return;
    // A name is taken from it: what else may have it keeps it.
    const part = await lookAt(path);
    if (part !== undefined && !part.isFile) return;
    removeOwn(map, path + mapSuffix);
    if (part !== undefined) await remove(path);
  } finally {
    closeLocked(map);
  }
}

/** True for a map, also of an earlier version, which nobody goes on with. */
function isMap(text: string): boolean {
  return ResumeMap.decode(text) !== undefined || earlierMap.test(text);
}

/** The map's text; empty when there is none that can be believed. */
async function readMap(map: Deno.FsFile): Promise<string> {
  const { size } = await map.stat();
  if (size > mostMapBytes) return "";
  const bytes = new Uint8Array(size);
  await map.seek(0, Deno.SeekMode.Start);
  const length = await fill(map, bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true })
      .decode(bytes.subarray(0, length));
  } catch {
    return "";
  }
}

/** Returns the number of bytes that were written. */
async function writeAt(
  file: Deno.FsFile,
  at: number,
  text: string,
): Promise<number> {
  const bytes = new TextEncoder().encode(text);
  await file.seek(at, Deno.SeekMode.Start);
  for (let written = 0; written < bytes.length;) {
    written += await file.write(bytes.subarray(written));
  }
  return bytes.length;
}

/** Compares blocks while the next ones are read. */
async function countRight(
  reader: Deno.FsFile,
  checks: Uint32Array,
  size: number,
  isWanted: () => boolean = () => true,
): Promise<number> {
  const length = Math.min(chunkBytes, size);
  let [chunk, spare] = [new Uint8Array(length), new Uint8Array(length)];
  let ahead = fill(reader, chunk);
  let block = 0;
  while (block < checks.length && isWanted()) {
    const bytes = chunk.subarray(0, await ahead);
    [chunk, spare] = [spare, chunk];
    const end = Math.min(block + chunkBlocks, checks.length);
    if (end < checks.length) ahead = fill(reader, chunk);
    for (let at = 0; block < end; block++, at += blockBytes) {
      const next = at + blockLength(block, size);
      const isRight = next <= bytes.length &&
        blockCheck(bytes.subarray(at, next)) === checks[block];
      if (isRight) continue;
      await ahead;
      return block;
    }
  }
  await ahead;
  return block;
}

/** Reads as much as there is; what cannot be read is not there. */
async function fill(file: Deno.FsFile, bytes: Uint8Array): Promise<number> {
  let length = 0;
  try {
    while (length < bytes.length) {
      const count = await file.read(bytes.subarray(length));
      if (count === null) break;
      length += count;
    }
  } catch {
    // A bad sector, like anything else that is wrong, is fetched again.
  }
  return length;
}

function damaged(path: string): SinkError {
  return new SinkError(
    `"${path}" was changed on the disk while the file arrived; when it is sent again, it goes on before the damage`,
    "integrity",
  );
}

/** What the name of a file that is not yet whole ends in. */
export const partSuffix = ".part";
const mapSuffix = ".map";
const { blockBytes } = transferLimits;
/** Read at once when reading back. */
const chunkBlocks = 4;
const chunkBytes = chunkBlocks * blockBytes;
/** Up to this size a file is always read back, which takes no time. */
const leastWatchedBytes = 8 * 1024 * 1024;
/**
 * Up to this size a file is read back where other writers may go unnoticed: it
 * lies in memory.
 */
const readBackBytes = 1024 ** 3;
/** A part that is changed again and again is never named. */
const mostTries = 3;
/** That of a part of over a terabyte. */
const mostMapBytes = 64 * 1024 * 1024;
const earlierMap = /^\{\s*"format": "parley part 2"/;
const staleMs = 14 * 24 * 3600 * 1000;
