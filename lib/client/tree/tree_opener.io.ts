/**
 * Makes the folders and files of a tree when their turn comes. Files are noted as
 * ours before they are made, and they are made only where nothing is. Several are
 * open ahead, so that it is seen of them together, before anything is written into
 * one, that they are in the folders that were made here.
 */
import { transferLimits } from "../../engine/packets/limits.ts";
import { lookAtSync, removeOwn } from "../../system/own_file.io.ts";
import { SinkError } from "../files/sink_error.io.ts";
import { FileCheck } from "./file_check.ts";
import { type Entries, isRoot, type TreeEntry } from "./entry_list.ts";
import { keyOf } from "./known_files.ts";
import { lastName, parentOf } from "./manifest.ts";
import { fileStreamSize, type TreeChoice } from "./tree_choice.ts";
import type { KnownFile } from "./tree_journal.ts";
import {
  type FileInTree,
  isNoName,
  localPath,
  type MadeFolder,
  takenPath,
  type TreePlace,
} from "./tree_place.io.ts";

/** A file on its way in. */
export interface ReceivedFile extends FileInTree {
  readonly entry: TreeEntry;
  /** Its number in the list. */
  readonly index: number;
  readonly check: FileCheck;
  /** Bytes that are to come, and those of them before the next mark. */
  left: number;
  piece: number;
  /** Nothing more of it comes. */
  isGone: boolean;
  /** Blocks that are in the journal. */
  noted: number;
}

/** A file that was noted as ours, and is not open yet. */
interface AnnouncedFile {
  readonly entry: TreeEntry;
  readonly index: number;
  /** Blocks that are here of it. */
  readonly blocks: number;
  readonly folder: MadeFolder;
  /** Nothing of a try before can have its name. */
  readonly isNew: boolean;
  local: string;
}

/** Opens the files of one stream in their order. */
export class TreeOpener {
  readonly #entries: Entries;
  readonly #included: readonly boolean[];
  readonly #choice: TreeChoice;
  readonly #place: TreePlace;
  readonly #isOneFolder: boolean;
  /** The folders that were made here, by their paths in the list. */
  readonly #folders = new Map<string, MadeFolder>();
  /** The entries before which folders are made and files announced. */
  #foldersMade = 0;
  #announced = 0;
  /** In their order; the first of them that are open are so no more. */
  #waiting: AnnouncedFile[] = [];
  /** Bytes of the stream before the first file that is not announced. */
  #bytesAhead = 0;
  #ahead: ReceivedFile[] = [];

  constructor(
    { entries, included }: {
      readonly entries: Entries;
      readonly included: readonly boolean[];
    },
    choice: TreeChoice,
    place: TreePlace,
  ) {
    this.#entries = entries;
    this.#included = included;
    this.#isOneFolder = isOneFolder(entries);
    this.#choice = choice;
    this.#place = place;
    this.#folders.set("", place.root);
  }

  /**
   * The files that begin within the next `bytes` of the stream are noted as ours
   * before they are made.
   *
   * @throws What the system says.
   */
  announce(bytes: number): void {
    for (; this.#announced < this.#entries.length; this.#announced++) {
      if (!this.#isSent(this.#announced)) continue;
      if (this.#bytesAhead >= bytes) break;
      const entry = plainEntry(this.#entries.at(this.#announced)!);
      const blocks = this.#startOf(this.#announced);
      this.#makeFolders(this.#announced);
      this.#announceFile(entry, this.#announced, blocks);
      this.#bytesAhead += fileStreamSize(entry.size - blocks * blockBytes);
    }
    this.#place.record();
  }

  /** So many bytes of the stream were taken, or do not come. */
  advance(bytes: number): void {
    this.#bytesAhead -= bytes;
  }

  /**
   * The next file that was announced, open; undefined behind the last one. A file
   * of which nothing came yet has nothing in it.
   *
   * @throws {SinkError} when it cannot be made where it belongs.
   */
  next(): ReceivedFile | undefined {
    if (this.#ahead.length === 0) this.#openAhead();
    return this.#ahead.shift();
  }

  /** Makes all folders that are wanted. */
  makeFolders(): void {
    this.#makeFolders(this.#entries.length);
  }

  /**
   * The folder that something in the list is in, or is.
   *
   * @throws {SinkError} when it is in none.
   */
  folder(path: string): MadeFolder {
    const folder = this.#folders.get(path);
    if (folder === undefined) throw wrongStream();
    return folder;
  }

  /**
   * What is known of a file, by its number in the list.
   *
   * @throws {SinkError} when it was not announced.
   */
  known(index: number): KnownFile {
    const known = this.#place.files.get(index);
    if (known === undefined) throw wrongStream();
    return known;
  }

  /** Frees the files whose turn did not come. */
  close(): void {
    for (const { file } of this.#ahead) file.close();
    this.#ahead = [];
  }

  /** True for a file that is in the stream. */
  #isSent(index: number): boolean {
    return this.#choice.wanted[index] === true &&
      !this.#entries.at(index)!.isFolder;
  }

  /** How many blocks of the file are here already. */
  #startOf(index: number): number {
    const { start } = this.#choice;
    return start.entry === index ? start.blocks : 0;
  }

  #openAhead(): void {
    const opened: ReceivedFile[] = [];
    const next = this.#waiting.slice(0, mostAhead);
    try {
      for (const file of next) opened.push(this.#open(file));
      this.#place.mustBeIn(opened);
      for (const file of opened) if (file.noted > 0) cutOff(file);
    } catch (error) {
      for (const { file, path, noted } of opened) {
        if (noted === 0) removeOwn(file, path);
        file.close();
      }
      if (error instanceof Deno.errors.NotFound) {
        // Rather that a folder has gone, which is why.
        this.#place.mustBeMade(next[opened.length]!.folder);
      }
      throw error;
    }
    this.#waiting.splice(0, next.length);
    this.#ahead = opened;
  }

  #open(announced: AnnouncedFile): ReceivedFile {
    const { entry, index, blocks, folder } = announced;
    const opened = blocks > 0 ? this.#reopen(index) : this.#make(announced);
    const check = blocks === 0 ? new FileCheck() : new FileCheck(
      Uint32Array.from(this.known(index).checks.slice(0, blocks)),
    );
    const left = entry.size - blocks * blockBytes;
    const { file, path } = opened;
    const state = { left, piece: 0, isGone: false, noted: blocks };
    return { file, path, folder, entry, index, check, ...state };
  }

  #reopen(index: number): { file: Deno.FsFile; path: string } {
    const path = this.#place.pathOf(this.known(index));
    return { file: Deno.openSync(path, { read: true, write: true }), path };
  }

  /** @param blocks That are here of it. */
  #announceFile(entry: TreeEntry, index: number, blocks: number): void {
    const { path } = entry;
    const folder = this.folder(parentOf(path));
    const before = this.#place.files.get(index);
    const local = before?.local ?? localPath(folder, lastName(path));
    const isNew = before === undefined;
    this.#waiting.push({ entry, index, blocks, folder, isNew, local });
    if (blocks === 0) this.#noteFile(entry, index, local);
  }

  #noteFile(
    { path, size, modified }: TreeEntry,
    index: number,
    local: string,
  ): void {
    const known = { local, size, modified, checks: none };
    this.#place.note(index, known, ["begun", path, local, size, modified]);
  }

  /**
   * Makes a file where nothing is: what has its name may be of a try before, or
   * another that this file system takes for the same, or somebody else's.
   */
  #make(announced: AnnouncedFile): { file: Deno.FsFile; path: string } {
    const { entry, index, folder, isNew, local } = announced;
    const path = this.#place.pathOf({ local });
    const file = tryToMake(path, entry, isNew);
    if (file !== undefined) return { file, path };
    // It may be the folder that has gone.
    this.#place.mustBeMade(folder);
    const free = this.#place.freeLocal(entry.path, folder, true);
    announced.local = free;
    this.#noteFile(entry, index, free);
    this.#place.record();
    const other = this.#place.pathOf({ local: free });
    const made = tryToMake(other, entry, true);
    if (made === undefined) throw takenPath(other);
    return { file: made, path: other };
  }

  /** Makes the folders among the entries before number `end`. */
  #makeFolders(end: number): void {
    for (; this.#foldersMade < end; this.#foldersMade++) {
      const index = this.#foldersMade;
      if (!this.#included[index]) continue;
      const { isFolder, path } = this.#entries.at(index)!;
      if (isFolder) this.#makeFolder(path, index);
    }
  }

  #makeFolder(path: string, index: number): void {
    const isPart = this.#isOneFolder && !path.includes("/");
    // What is offered as one folder is what becomes of the part itself.
    if (isPart) return void this.#folders.set(path, this.#place.root);
    const folder = this.folder(parentOf(path));
    const known = this.#place.files.get(index)?.local;
    const local = known ?? this.#place.freeLocal(path, folder);
    if (known === undefined) this.#noteFolder(index, local);
    const made = this.#place.makeFolder(local, folder) ??
      this.#makeRenamed(path, index, folder);
    this.#folders.set(path, made);
  }

  /** Makes a folder that cannot have its own name here. */
  #makeRenamed(path: string, index: number, parent: MadeFolder): MadeFolder {
    const local = this.#place.freeLocal(path, parent, true);
    this.#noteFolder(index, local);
    const made = this.#place.makeFolder(local, parent);
    if (made === undefined) throw takenPath(this.#place.pathOf({ local }));
    return made;
  }

  #noteFolder(index: number, local: string): void {
    const made = { local, size: 0, modified: 0, checks: none };
    const key = keyOf(this.#entries.at(index)!);
    this.#place.note(index, made, ["begun", key, local, 0, 0]);
    this.#place.record();
  }
}

/** True when what was offered is one folder. */
export function isOneFolder(entries: Entries): boolean {
  if (entries.at(0)?.isFolder !== true) return false;
  let roots = 0;
  for (let i = 0; i < entries.length; i++) if (isRoot(entries, i)) roots++;
  return roots === 1;
}

/** One that is read once, not each time it is asked for. */
function plainEntry(
  { path, isFolder, size, modified, isExecutable }: TreeEntry,
): TreeEntry {
  return { path, isFolder, size, modified, isExecutable };
}

/** What is behind the blocks of a file that are here is of no use. */
function cutOff({ file, noted }: ReceivedFile): void {
  const end = noted * blockBytes;
  file.truncateSync(end);
  file.seekSync(end, Deno.SeekMode.Start);
}

/**
 * @param isNew Nothing of ours can have the name.
 * @returns Undefined when something else has the name, or no file can have it.
 */
function tryToMake(
  path: string,
  { isExecutable }: TreeEntry,
  isNew: boolean,
): Deno.FsFile | undefined {
  const mode = isExecutable ? 0o777 : 0o666;
  const options = { write: true, createNew: true, mode };
  try {
    return Deno.openSync(path, options);
  } catch (error) {
    if (!isNoName(error)) throw error;
    if (isNew) return undefined;
    const there = lookAtSync(path);
    if (there?.isFile !== true || (there.nlink ?? 1) > 1) return undefined;
    Deno.removeSync(path);
    return Deno.openSync(path, options);
  }
}

/** What came is none of what was offered. */
export function wrongStream(): SinkError {
  return new SinkError("What came is not what was offered", "integrity");
}

const { blockBytes } = transferLimits;
const none: readonly number[] = [];
/** Far below what a process may have open, with several transfers at once. */
const mostAhead = 64;
