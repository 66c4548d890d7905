/**
 * What is in the files and folders that are to be sent. Symbolic links are not
 * followed, but for those that were named themselves, and on demand those that
 * stay within the folder; devices, sockets and pipes are no files. What is left
 * out is counted.
 */
import { basename } from "@std/path";
import { limits } from "../../wire/limits.ts";
import type { UnreadableFiles } from "../commands/transfer_info.ts";
import { pathBelow, realPathIn } from "../files/path_below.io.ts";
import { offeredName } from "../files/received_name.ts";
import { cannotRead, SourceError } from "../files/source_error.io.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import { isFileShortage } from "../../system/errors.io.ts";
import { isExecutable } from "../../system/file_state.io.ts";
import { EntryList, type TreeEntry } from "./entry_list.ts";
import {
  encodeManifest,
  isEntryName,
  lastName,
  summaryOf,
  type TreeSummary,
} from "./manifest.ts";

/** What was found. */
export interface FoundTree {
  readonly entries: EntryList;
  readonly skipped: SkippedEntries;
  /** What was named, by what it is called in the list. */
  readonly roots: ReadonlyMap<string, string>;
}

/** What is not sent, and why: how many of each. */
export interface SkippedEntries extends UnreadableFiles {
  readonly links: number;
  /** Devices, sockets, pipes. */
  readonly others: number;
}

/** How a tree is walked. */
export interface WalkOptions {
  /** Follows links to what is in the same folder that was named. */
  readonly followsLinks: boolean;
}

/**
 * Looks at all that is at and below `roots`.
 *
 * @throws {SourceError} when one of them is missing or cannot be read, or there
 * is too much.
 */
export function walkTree(
  roots: readonly string[],
  options: WalkOptions,
): FoundTree {
  const walk = new Walk(options);
  for (const root of roots) {
    for (const _ of walk.root(root));
  }
  return walk;
}

/**
 * The same between other things that a thread does, where that takes a moment.
 *
 * @param most Entries; 20,000 by default.
 * @returns Undefined where there is much, or the disk is slow.
 */
export async function walkBriefly(
  roots: readonly string[],
  options: WalkOptions,
  most = mostBriefly,
): Promise<FoundTree | undefined> {
  const walk = new Walk(options);
  let end = performance.now() + sliceMs;
  for (const root of roots) {
    for (const _ of walk.root(root)) {
      if (walk.entries.length > most) return undefined;
      const late = performance.now() - end;
      if (late < 0) continue;
      if (late > slowStepMs) return undefined;
      await new Promise((done) => setTimeout(done, 0));
      end = performance.now() + sliceMs;
    }
  }
  return walk;
}

/**
 * The list of what was found, as it is sent, and what it comes to.
 *
 * @param mostBytes Of the list; 16 MiB by default.
 * @throws {SourceError} when it would be longer.
 */
export function listTree(
  { entries }: Pick<FoundTree, "entries">,
  mostBytes: number = limits.treeListBytes,
): { summary: TreeSummary; bytes: Uint8Array<ArrayBuffer> } {
  const bytes = encodeManifest(entries);
  if (bytes.length > mostBytes) {
    throw new SourceError(
      "unreadable",
      "The names of these files are too long in all; send an archive of them",
    );
  }
  return { summary: summaryOf(entries), bytes };
}

/** Where an entry is on this machine, when these were named. */
function pathIn(
  roots: FoundTree["roots"],
  { path }: Pick<TreeEntry, "path">,
): string {
  const end = path.indexOf("/");
  const root = roots.get(end < 0 ? path : path.slice(0, end)) ?? "";
  return end < 0 ? root : pathBelow(root, path.slice(end + 1));
}

/** The files of what was found, when their turn comes to be read. */
export class FoundFiles {
  readonly #roots: FoundTree["roots"];
  /** The folder that was looked at last: what is in it follows mostly. */
  #folder = "";
  #isInside = false;

  constructor(roots: FoundTree["roots"]) {
    this.#roots = roots;
  }

  /**
   * Where an entry is; undefined when it is no file any more, which might be a pipe
   * that nobody writes to, or is only reached by a link that leads elsewhere.
   *
   * @throws What the system says of a file that has gone.
   */
  path(entry: Pick<TreeEntry, "path">): string | undefined {
    // What the user named is what it stands for.
    if (!entry.path.includes("/")) {
      const path = pathIn(this.#roots, entry);
      return Deno.statSync(path).isFile ? path : undefined;
    }
    const path = this.pathInside(entry);
    if (path === undefined) return undefined;
    const info = Deno.lstatSync(path);
    const isFile = info.isFile || info.isSymlink &&
        Deno.statSync(path).isFile &&
        realPathIn(path, this.#rootOf(entry)) !== undefined;
    return isFile ? path : undefined;
  }

  /**
   * The same of one in a folder, of which it is not looked what it is; undefined
   * when it is in none, or that has gone or is only reached by a link that leads
   * elsewhere.
   */
  pathInside(entry: Pick<TreeEntry, "path">): string | undefined {
    if (!entry.path.includes("/")) return undefined;
    const path = pathIn(this.#roots, entry);
    const folder = path.slice(0, path.length - lastName(entry.path).length);
    if (folder !== this.#folder) {
      this.#folder = folder;
      this.#isInside = realPathIn(folder, this.#rootOf(entry)) !== undefined;
    }
    return this.#isInside ? path : undefined;
  }

  /** Where that is which the user named and the entry is in. */
  #rootOf({ path }: Pick<TreeEntry, "path">): string {
    return pathIn(this.#roots, { path: path.slice(0, path.indexOf("/")) });
  }
}

class Walk implements FoundTree {
  readonly entries = new EntryList();
  readonly skipped = {
    ...{ links: 0, others: 0, unreadable: 0 },
    unreadablePaths: new Array<string>(),
  };
  readonly #options: WalkOptions;
  readonly roots = new Map<string, string>();
  readonly #opened = new Set<string>();
  #inside = "";

  constructor(options: WalkOptions) {
    this.#options = options;
  }

  /** What the user named is what it stands for, be it a link. */
  *root(path: string): Generator<void> {
    try {
      const info = Deno.statSync(path);
      this.#inside = Deno.realPathSync(path);
      const name = this.#freeName(offeredName(basename(path) || "folder"));
      this.roots.set(name, path);
      if (!(yield* this.#take(path, name, info, []))) throw notPlain(path);
    } catch (error) {
      throw cannotRead(path, error);
    }
  }

  /** Two folders that were named may be called alike. */
  #freeName(name: string): string {
    for (let copy = 1;; copy++) {
      const free = copy === 1 ? name : `${name} (${copy})`;
      if (!this.roots.has(free)) return free;
    }
  }

  /**
   * @param above The folders that are being walked, as the system tells them.
   * @param parent Number of the entry that it is in.
   */
  *#take(
    path: string,
    name: string,
    info: Deno.FileInfo,
    above: readonly string[],
    parent = -1,
  ): Generator<void, boolean> {
    if (!info.isFile && !info.isDirectory) return false;
    const isFolder = info.isDirectory;
    // Who may not read it should not learn so when half of all is sent.
    const children = isFolder ? listFolder(path) : [];
    if (!isFolder) this.#mustOpen(path, info);
    if (this.entries.length === limits.treeEntries) throw tooMany();
    if (isTooLong(name)) {
      throw new SourceError(
        "unreadable",
        `The path "${name}" is too long to be sent`,
      );
    }
    if (info.size > transferLimits.fileBytes) {
      throw new SourceError("unreadable", `"${path}" is too large to send`);
    }
    const index = this.entries.add({
      parent,
      name: lastName(name),
      isFolder,
      size: isFolder ? 0 : info.size,
      modified: info.mtime?.getTime() ?? 0,
      isExecutable: !isFolder && isExecutable(info),
    });
    if (!isFolder) return true;
    const within = [...above, keyOf(info)];
    for (const child of children) {
      yield* this.#child(path, name, child, within, index);
      yield;
    }
    return true;
  }

  /** Opens one of each kind of file: another of its owner and mode opens, too. */
  #mustOpen(path: string, { uid, gid, mode }: Deno.FileInfo): void {
    const kind = `${uid} ${gid} ${mode}`;
    if (mode !== null && this.#opened.has(kind)) return;
    Deno.openSync(path).close();
    this.#opened.add(kind);
  }

  *#child(
    folder: string,
    name: string,
    child: string,
    above: readonly string[],
    parent: number,
  ): Generator<void> {
    const path = pathBelow(folder, child);
    try {
      if (!isEntryName(child)) throw new RangeError("no name to be sent");
      let info = Deno.lstatSync(path);
      if (info.isSymlink) {
        const target = this.#follow(path, above);
        if (target === undefined) return void this.skipped.links++;
        info = target;
      }
      const inner = `${name}/${child}`;
      if (!(yield* this.#take(path, inner, info, above, parent))) {
        this.skipped.others++;
      }
    } catch (error) {
      if (error instanceof SourceError || isFileShortage(error)) throw error;
      this.skipped.unreadable++;
      const { unreadablePaths } = this.skipped;
      const isNamed = unreadablePaths.length < mostNamed;
      if (isNamed) unreadablePaths.push(`${name}/${child}`);
    }
  }

  /** What a link stands for, if that is to be sent in its place. */
  #follow(path: string, above: readonly string[]): Deno.FileInfo | undefined {
    if (!this.#options.followsLinks) return undefined;
    try {
      if (realPathIn(path, this.#inside) === undefined) return undefined;
      const info = Deno.statSync(path);
      // A folder in itself has no end.
      return above.includes(keyOf(info)) ? undefined : info;
    } catch {
      return undefined;
    }
  }
}

/** What is in a folder, in an order that is the same each time. */
function listFolder(path: string): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
}

function isTooLong(path: string): boolean {
  const { treePathBytes } = limits;
  // No UTF-16 unit takes more than three bytes.
  return 3 * path.length > treePathBytes &&
    encoder.encode(path).length > treePathBytes;
}

function keyOf({ dev, ino }: Deno.FileInfo): string {
  return `${dev} ${ino}`;
}

function tooMany(): SourceError {
  const most = limits.treeEntries.toLocaleString("en");
  return new SourceError(
    "unreadable",
    `These are more than ${most} files and folders; send an archive of them`,
  );
}

function notPlain(path: string): SourceError {
  const text = `"${path}" is not a plain file or folder`;
  return new SourceError("unreadable", text);
}

const encoder = new TextEncoder();
/** How long a walk between other things goes on at a time, ms. */
const sliceMs = 8;
/** A step that takes longer, ms, is one of a slow disk. */
const slowStepMs = 40;
const mostBriefly = 20_000;
/** How many of those that cannot be read are named. */
const mostNamed = 10;
