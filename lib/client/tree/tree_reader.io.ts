/**
 * Reads the files that a receiver wants as one stream: each one's bytes, then
 * how it is and its digest, and at the end the digest of them all. So ten
 * thousand small files are one transfer. Reads with calls that wait for the
 * disk: it has a thread of its own.
 */
import { encodeBase64Url } from "@std/encoding/base64url";
import { timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { digestOfChecks } from "../../engine/blocks/content_digest.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import { isFileShortage } from "../../system/errors.io.ts";
import { cannotRead } from "../files/source_error.io.ts";
import {
  type FileState,
  fileState,
  isFresh,
  isSameFile,
  isSameState,
} from "../../system/file_state.io.ts";
import { changedWhy, type StreamState } from "./entry_states.ts";
import { FileCheck } from "./file_check.ts";
import type { TreeEntry } from "./entry_list.ts";
import {
  chosenFiles,
  fileIs,
  fileStreamSize,
  footerBytes,
  pieceBytes,
  pieceIs,
  type TreeChoice,
  treeDigest,
} from "./tree_choice.ts";
import type { Entries } from "./entry_list.ts";
import { FoundFiles, type FoundTree } from "./tree_walk.io.ts";
import type { TreeProgress } from "./tree_writer.io.ts";
import {
  digestOf,
  readAll,
  readUnchanged,
  smallBytes,
} from "./whole_reads.io.ts";

/** The stream of what one receiver wants. */
export class TreeReader {
  readonly #found: SentTree;
  readonly #files: FoundFiles;
  readonly #choice: TreeChoice;
  readonly #digest: ReturnType<typeof treeDigest>;
  /** How many files the stream is of, and were opened; what follows them. */
  readonly #count: number;
  #opened = 0;
  #next = 0;
  #current: OpenFile | undefined;
  /** What comes before more of a file is read. */
  #pending: Uint8Array = new Uint8Array(0);
  #isEnded = false;
  readonly #changed: string[] = [];

  /** @param manifest The list as it was sent. */
  constructor(
    found: SentTree,
    choice: TreeChoice,
    manifest: Uint8Array,
  ) {
    this.#found = found;
    this.#files = new FoundFiles(found.roots);
    this.#choice = choice;
    this.#count = chosenFiles(found.entries, choice.wanted);
    this.#digest = treeDigest(manifest, choice.wanted);
  }

  /** Paths, as they were offered, of files that were not sent whole. */
  get changed(): readonly string[] {
    return this.#changed;
  }

  /** How many files were read whole, and which one is under way. */
  get progress(): TreeProgress {
    const current = this.#current?.entry.path;
    const finished = this.#opened - (current === undefined ? 0 : 1);
    return { files: finished - this.#changed.length, finished, current };
  }

  /** Where each file of the stream stands. */
  get state(): StreamState {
    const failures = new Map(this.#changed.map((path) => [path, changedWhy]));
    return { ...this.progress, ...this.#choice, failures };
  }

  /** How many files the stream is of. */
  get count(): number {
    return this.#count;
  }

  /**
   * Fills `target` with what follows.
   *
   * @returns How many bytes that were: less than there is room only at the end.
   */
  read(target: Uint8Array): number {
    let at = 0;
    while (at < target.length) {
      const length = this.#readSome(target.subarray(at));
      if (length === 0) break;
      at += length;
    }
    return at;
  }

  close(): void {
    this.#current?.close();
    this.#current = undefined;
  }

  #readSome(target: Uint8Array): number {
    if (this.#pending.length > 0) {
      const some = this.#pending.subarray(0, target.length);
      target.set(some);
      this.#pending = this.#pending.subarray(some.length);
      return some.length;
    }
    if (this.#current === undefined) {
      const length = this.#readWhole(target);
      if (length > 0) return length;
    }
    const current = this.#current ??= this.#open();
    if (current === undefined) return this.#end(target);
    const length = current.read(target);
    if (current.left === 0) this.#finish(current);
    // A file without bytes has a footer all the same.
    return length > 0 ? length : this.#readSome(target);
  }

  /**
   * Puts the next file with all that belongs to it into `target`, if it is small,
   * there is room, and nothing about it is in doubt.
   *
   * @returns How many bytes that were: none where it must be read in pieces.
   */
  #readWhole(target: Uint8Array): number {
    const index = this.#nextFile();
    if (index === undefined) return 0;
    const { entries } = this.#found;
    const entry = entries.at(index)!;
    const { size } = entry;
    const length = fileStreamSize(size);
    const isSmall = size > 0 && size <= smallBytes && length <= target.length;
    const { start } = this.#choice;
    if (!isSmall || index === start.entry && start.blocks > 0) return 0;
    const content = target.subarray(1, 1 + size);
    const path = this.#files.pathInside(entry);
    if (path === undefined || !readUnchanged(path, entry, content)) return 0;
    target[0] = pieceIs.here;
    const footer = target.subarray(1 + size, length);
    footer[0] = fileIs.whole;
    footer.set(digestOfChecks(Uint32Array.of(crc32(content))), 1);
    this.#digest.update(footer);
    this.#next++;
    this.#opened++;
    return length;
  }

  /** The number of the next file that is wanted. */
  #nextFile(): number | undefined {
    const { entries } = this.#found;
    const { wanted } = this.#choice;
    for (; this.#next < entries.length; this.#next++) {
      const isSent = wanted[this.#next] && !entries.at(this.#next)!.isFolder;
      if (isSent) return this.#next;
    }
    return undefined;
  }

  #open(): OpenFile | undefined {
    const index = this.#nextFile();
    if (index === undefined) return undefined;
    this.#next++;
    this.#opened++;
    const entry = this.#found.entries.at(index)!;
    const { start } = this.#choice;
    const skip = index === start.entry ? start.blocks * blockBytes : 0;
    const files = this.#files;
    return new OpenFile({ entry, files, skip, start: start.digest });
  }

  #finish(file: OpenFile): void {
    const digest = file.finish();
    this.#current = undefined;
    const footer = new Uint8Array(footerBytes);
    if (digest === undefined) {
      footer[0] = fileIs.changed;
      this.#changed.push(file.entry.path);
    } else footer.set(digest, 1);
    this.#digest.update(footer);
    this.#pending = footer;
  }

  #end(target: Uint8Array): number {
    if (this.#isEnded) return 0;
    this.#isEnded = true;
    this.#pending = new Uint8Array(this.#digest.digest());
    return this.#readSome(target);
  }
}

/** What is sent. */
interface SentTree extends Pick<FoundTree, "roots"> {
  readonly entries: Entries;
}

interface WantedFile {
  readonly entry: TreeEntry;
  readonly files: FoundFiles;
  /** Bytes of its beginning that the receiver has. */
  readonly skip: number;
  /** Digest of those. */
  readonly start: Uint8Array;
}

/**
 * One file on its way into the stream, whatever becomes of it meanwhile. That it
 * is one is seen before it is opened. Whether a small one is what was offered is
 * seen once it is read, by another look at its path: looks by handles take the time
 * of opening files, where a program may not do everything.
 */
class OpenFile {
  readonly entry: TreeEntry;
  #path = "";
  readonly #check = new FileCheck();
  #file: Deno.FsFile | undefined;
  readonly #openedAt = Date.now();
  /** How a large one was when it was opened. */
  #state: FileState | undefined;
  #left: number;
  /** Bytes before the next mark. */
  #piece = 0;

  /** @throws {SourceError} when too many files are open. */
  constructor({ entry, files, skip, start }: WantedFile) {
    this.entry = entry;
    this.#left = entry.size - skip;
    try {
      const path = files.path(entry);
      if (path === undefined) return;
      this.#path = path;
      const file = this.#file = Deno.openSync(path);
      if (entry.size > blockBytes) {
        const info = file.statSync();
        this.#state = fileState(info);
        if (!this.#isOffered(info)) this.close();
      }
      if (skip > 0) this.#skip(skip, start);
    } catch (error) {
      this.close();
      if (isFileShortage(error)) throw cannotRead(this.#path, error);
    }
  }

  /** Bytes that are to be read. */
  get left(): number {
    return this.#left;
  }

  /**
   * Puts a mark into `target`, or as much of what is before the next one as there
   * is room for: zeros, where there is nothing right to be had.
   *
   * @returns How many bytes that were.
   */
  read(target: Uint8Array): number {
    if (this.#left === 0) return 0;
    if (this.#piece === 0) {
      const isGone = this.#file === undefined;
      target[0] = isGone ? pieceIs.gone : pieceIs.here;
      if (isGone) this.#left = 0;
      this.#piece = Math.min(this.#left, pieceBytes);
      return 1;
    }
    const some = target.subarray(0, this.#piece);
    if (this.#fill(some)) this.#check.update(some);
    else some.fill(0);
    this.#left -= some.length;
    this.#piece -= some.length;
    return some.length;
  }

  /** Its digest; undefined when what was read is not what is there. */
  finish(): Uint8Array | undefined {
    try {
      const digest = this.#check.digest();
      return this.#file !== undefined && this.#isRight(digest)
        ? digest
        : undefined;
    } catch {
      return undefined;
    } finally {
      this.close();
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #fill(target: Uint8Array): boolean {
    const file = this.#file;
    if (file === undefined) return false;
    try {
      if (readAll(file, target)) return true;
    } catch {
      // It cannot be read.
    }
    this.close();
    return false;
  }

  /** What the receiver has must be how the file begins. */
  #skip(bytes: number, digest: Uint8Array): void {
    const block = new Uint8Array(blockBytes);
    for (let at = 0; at < bytes; at += blockBytes) {
      if (!this.#fill(block)) return;
      this.#check.update(block);
    }
    if (!timingSafeEqual(this.#check.checks.digest(), digest)) this.close();
  }

  /** Compares what was read with what is there; in doubt by reading it again. */
  #isRight(digest: Uint8Array): boolean {
    const file = this.#file!;
    const { size, modified } = this.entry;
    const info = Deno.statSync(this.#path);
    const there = fileState(info);
    const isSame = this.#state === undefined
      // One that took its place, or was moved, changed in doing so.
      ? info.isFile && there.size === size && there.modified === modified
      : isSameState(there, this.#state);
    if (isSame && !isFresh(there, this.#openedAt)) return true;
    const own = file.statSync();
    if (!isSameFile(there, fileState(own))) return false;
    if (this.#state === undefined && !this.#isOffered(own)) return false;
    return digestOf(file, size) === encodeBase64Url(digest);
  }

  /** What was appended since then is not part of what was offered. */
  #isOffered(info: Deno.FileInfo): boolean {
    const { size, modified } = this.entry;
    return info.isFile && info.size >= size &&
      (info.size > size || info.mtime?.getTime() === modified);
  }
}

const { blockBytes } = transferLimits;
