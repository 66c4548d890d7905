/**
 * Where a tree is received: the folder `SENDER_NAME.part`, and its journal beside
 * it, which is there first, marks the folder as ours, and is locked while somebody
 * writes. What others put there meanwhile is never written through.
 */
import { join } from "@std/path";
import {
  closeLocked,
  isUnbegun,
  lookAtSync,
  makeOwn,
  openOwn,
  removeOwn,
  tryLock,
} from "../../system/own_file.io.ts";
import { partSuffix } from "../files/part_file.io.ts";
import { pathBelow } from "../files/path_below.io.ts";
import { cleanName, receivedName, withCopy } from "../files/received_name.ts";
import { SinkError } from "../files/sink_error.io.ts";
import { writeAll } from "../files/write_all.io.ts";
import type { Entries, TreeEntry } from "./entry_list.ts";
import { KnownFiles } from "./known_files.ts";
import { isEntryName, lastName, parentOf } from "./manifest.ts";
import {
  decodeJournal,
  encodeJournalHead,
  encodeJournalLine,
  type JournalEvent,
  type JournalHead,
  type KnownFile,
} from "./tree_journal.ts";
import { readAll } from "./whole_reads.io.ts";

/** A folder that was made here. */
export interface MadeFolder {
  readonly path: string;
  /** Below the part; empty for that itself. */
  readonly local: string;
  readonly inode: number | null;
  readonly device: number;
  readonly parent: MadeFolder | undefined;
}

/** A file that was opened in such a folder. */
export interface FileInTree {
  readonly file: Deno.FsFile;
  readonly path: string;
  readonly folder: MadeFolder;
}

/** An open part; made by {@link TreePlace.open}. */
export class TreePlace {
  /** The folder that the part is in. */
  readonly folder: string;
  readonly part: string;
  readonly root: MadeFolder;
  readonly #journal: Deno.FsFile;
  #journalEnd: number;
  /** What is known of the files and folders of the list. */
  readonly files: KnownFiles;
  #events: JournalEvent[] = [];

  constructor(
    { folder, part, root, journal, journalEnd, files }: OpenedPlace,
  ) {
    this.folder = folder;
    this.part = part;
    this.root = root;
    this.#journal = journal;
    this.#journalEnd = journalEnd;
    this.files = files;
  }

  /**
   * Makes a part, or opens the one that is there when it is ours and nobody
   * writes it.
   *
   * @throws {SinkError} when there are too many; what the system says.
   */
  static async open(
    folder: string,
    { sender, name, entries }: JournalHead & { readonly entries: Entries },
  ): Promise<TreePlace> {
    const head = { sender, name };
    for (let copy = 0; copy < maxCopies; copy++) {
      const part = join(folder, receivedName(sender, name, copy) + partSuffix);
      const opened = await openJournal(part, head);
      if (opened === undefined) continue;
      const root = lookAtMade(part, "", undefined);
      if (root !== undefined) {
        const files = new KnownFiles(entries, opened.known);
        return new TreePlace({ folder, part, root, ...opened, files });
      }
      closeLocked(opened.journal);
    }
    throw tooManyCopies(folder, receivedName(sender, name));
  }

  /**
   * Notes what is known of entry number `index`; lasting once {@link record} was
   * called.
   */
  note(index: number, known: KnownFile, event: JournalEvent): void {
    this.files.set(index, known);
    this.#events.push(event);
  }

  /**
   * Notes that a file came whole that was begun, and is of one block.
   *
   * @param check The CRC-32 of that.
   * @param digest See {@link KnownFile}.
   */
  noteWhole(
    { entry: { path }, index }: {
      readonly entry: Pick<TreeEntry, "path">;
      readonly index: number;
    },
    check: number,
    digest: string,
  ): void {
    this.files.setWhole(index, check);
    this.#events.push(["whole", path, digest]);
  }

  /**
   * Writes what was noted; what fails is tried again the next time.
   *
   * @throws What the system says.
   */
  record(): void {
    if (this.#events.length === 0) return;
    const bytes = new TextEncoder().encode(encodeJournalLine(this.#events));
    this.#journal.seekSync(this.#journalEnd, Deno.SeekMode.Start);
    writeAll(this.#journal, bytes);
    this.#journalEnd += bytes.length;
    this.#events = [];
  }

  /** Where what is known as `local` is. */
  pathOf({ local }: Pick<KnownFile, "local">): string {
    return pathBelow(this.part, local);
  }

  /**
   * Where in a folder something called `path` in the list goes: its name may be
   * taken by another that this file system takes for the same, or be none here.
   *
   * @param isRefused Nothing could be made that has the name as it is.
   * @throws {SinkError} when there is no such name.
   */
  freeLocal(path: string, folder: MadeFolder, isRefused = false): string {
    const name = lastName(path);
    const clean = cleanName(name);
    for (let copy = isRefused ? 0 : -1; copy < maxCopies; copy++) {
      const tried = copy < 0 ? name : withCopy(clean, copy);
      const local = localPath(folder, tried);
      if (isFree(this.pathOf({ local }))) return local;
    }
    throw tooManyCopies(folder.path, name);
  }

  /**
   * Makes a folder, or takes the one that is there from a try before; undefined
   * when none can have this name here.
   *
   * @throws {SinkError} when there is something else.
   */
  makeFolder(local: string, parent: MadeFolder): MadeFolder | undefined {
    this.mustBeMade(parent);
    const path = this.pathOf({ local });
    try {
      Deno.mkdirSync(path);
    } catch (error) {
      if (!isNoName(error)) throw error;
      if (error instanceof Deno.errors.NotFound) this.mustBeMade(parent);
      if (!(error instanceof Deno.errors.AlreadyExists)) return undefined;
    }
    const made = lookAtMade(path, local, parent);
    if (made === undefined) throw takenPath(path);
    return made;
  }

  /**
   * Neither the folder nor one that it is in was put there by others.
   *
   * @throws {SinkError} when one was.
   */
  mustBeMade(folder: MadeFolder): void {
    mustBeMade([folder]);
  }

  /**
   * Each file that is open is the plain one at its path, and in a folder that was
   * made here. Of the folders that is seen before and after.
   *
   * @throws {SinkError} when one is not.
   */
  mustBeIn(files: readonly FileInTree[]): void {
    const folders = new Set(files.map(({ folder }) => folder));
    mustBeMade(folders);
    for (const { file, path } of files) {
      const [there, own] = [lookAtSync(path), file.statSync()];
      const isSame = there?.isFile === true && own.isFile &&
        there.ino === own.ino && there.dev === own.dev &&
        (own.nlink ?? 1) === 1;
      if (!isSame) throw takenPath(path);
    }
    mustBeMade(folders);
  }

  /** Removes what came before, but nothing that is behind a link, by others. */
  remove(known: Pick<KnownFile, "local">): void {
    try {
      const { local } = known;
      if (this.#isBelow(local)) Deno.removeSync(this.pathOf(known));
    } catch {
      // Not there, or a folder in which somebody put something.
    }
  }

  /** The part has another name now: its journal goes. */
  removeJournal(): void {
    removeOwn(this.#journal, this.part + journalSuffix);
    closeLocked(this.#journal);
  }

  /** Frees it; what is here stays, unless that is nothing. */
  close(): void {
    if (this.files.size === 0) {
      try {
        Deno.removeSync(this.part);
        removeOwn(this.#journal, this.part + journalSuffix);
      } catch {
        // Somebody put something there: it stays.
      }
    }
    closeLocked(this.#journal);
  }

  /** True for what is in folders of the part alone. */
  #isBelow(local: string): boolean {
    if (!isEntryName(lastName(local))) return false;
    const folder = parentOf(local);
    if (folder === "") return lookAtSync(this.part)?.isDirectory === true;
    const info = lookAtSync(this.pathOf({ local: folder }));
    return info?.isDirectory === true && this.#isBelow(folder);
  }
}

/**
 * True when a name is taken, or is none on this file system: some of them then
 * say of what is to be made that it does not exist, as they do where the folder
 * has gone.
 */
export function isNoName(error: unknown): boolean {
  if (error instanceof Deno.errors.AlreadyExists) return true;
  if (error instanceof Deno.errors.NotFound) return true;
  const text = error instanceof Error ? error.message : "";
  return /os error (22|36|84|92|63|123)\b/.test(text);
}

/** A name in a folder, as a path below the part. */
export function localPath({ local }: MadeFolder, name: string): string {
  return local === "" ? name : `${local}/${name}`;
}

/** Something else has the name. */
export function takenPath(path: string): SinkError {
  return new SinkError(`"${path}" is something that was not received`);
}

/** No name is free. */
export function tooManyCopies(folder: string, name: string): SinkError {
  return new SinkError(`"${folder}" has too many copies of "${name}"`);
}

/** Most copies of one name. */
export const maxCopies = 1_000;

interface OpenedJournal {
  readonly journal: Deno.FsFile;
  readonly journalEnd: number;
  /** Of tries before; see {@link KnownFiles}. */
  readonly known: ReadonlyMap<string, KnownFile>;
}

type OpenedPlace =
  & Pick<TreePlace, "folder" | "part" | "root" | "files">
  & Omit<OpenedJournal, "known">;

async function openJournal(
  part: string,
  head: JournalHead,
): Promise<OpenedJournal | undefined> {
  const path = part + journalSuffix;
  const made = await makeOwn(path, 0o600);
  const journal = made ?? await openOwn(path);
  if (typeof journal === "string") return undefined;
  // Another client may have been faster with the lock, and then it is its.
  if (!await tryLock(journal)) return void closeLocked(journal);
  if (made !== undefined || await isUnbegun(journal, path, part)) {
    return await begin(journal, part, head);
  }
  const text = readText(journal);
  const known = decodeJournal(text);
  const isOurs = known?.head.sender === head.sender &&
    known.head.name === head.name;
  if (known === undefined || !isOurs) {
    closeLocked(journal);
    return undefined;
  }
  const kept = new TextEncoder().encode(text.slice(0, known.length));
  journal.truncateSync(kept.length);
  if (lookAtSync(part) === undefined) await Deno.mkdir(part);
  return { journal, journalEnd: kept.length, known: known.files };
}

/** With a locked journal that is empty. */
async function begin(
  journal: Deno.FsFile,
  part: string,
  head: JournalHead,
): Promise<OpenedJournal | undefined> {
  try {
    const bytes = new TextEncoder().encode(encodeJournalHead(head));
    writeAll(journal, bytes);
    await Deno.mkdir(part);
    return { journal, journalEnd: bytes.length, known: new Map() };
  } catch (error) {
    removeOwn(journal, part + journalSuffix);
    closeLocked(journal);
    // Somebody else's file or folder has the name.
    if (error instanceof Deno.errors.AlreadyExists) return undefined;
    throw error;
  }
}

function readText(file: Deno.FsFile): string {
  const { size } = file.statSync();
  if (size > mostJournalBytes) return "";
  const bytes = new Uint8Array(size);
  file.seekSync(0, Deno.SeekMode.Start);
  return readAll(file, bytes) ? new TextDecoder().decode(bytes) : "";
}

/** Looks at each folder, and at each that those are in, once. */
function mustBeMade(folders: Iterable<MadeFolder>): void {
  const seen = new Set<MadeFolder>();
  for (const folder of folders) {
    let at: MadeFolder | undefined = folder;
    for (; at !== undefined && !seen.has(at); at = at.parent) {
      seen.add(at);
      const info = lookAtSync(at.path);
      const isSame = info?.isDirectory === true && info.ino === at.inode &&
        info.dev === at.device;
      if (!isSame) throw goneMeanwhile(at.path);
    }
  }
}

function lookAtMade(
  path: string,
  local: string,
  parent: MadeFolder | undefined,
): MadeFolder | undefined {
  const info = lookAtSync(path);
  if (info?.isDirectory !== true) return undefined;
  return { path, local, inode: info.ino, device: info.dev, parent };
}

function isFree(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return false;
  } catch (error) {
    // Anything else: nothing can have this name here.
    return error instanceof Deno.errors.NotFound;
  }
}

function goneMeanwhile(path: string): SinkError {
  return new SinkError(
    `"${path}" was removed, moved or replaced while files arrived in it`,
    "removed",
  );
}

const journalSuffix = ".map";
const mostJournalBytes = 256 * 1024 * 1024;
