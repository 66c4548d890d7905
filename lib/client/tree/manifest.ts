/**
 * What is in the files and folders of one offer: a list of entries, each folder
 * before what is in it. The sender makes it when it offers, the receiver gets it
 * from the sender alone, sealed. What comes over the network is hostile: a list
 * that names a place outside, one name twice or a file as a folder is refused.
 *
 * As bytes: 1 (u8), the number of entries, then each entry: flags (u8; 1 folder,
 * 2 executable), how many bytes of its path are those of the entry before it,
 * how many follow, these; by how many ms its time is later than that of the
 * entry before it; of a file its size. Numbers are written seven bits to a
 * byte, the low ones first, with 128 where more follow; the difference of times
 * is zigzag encoded, so that small negative ones stay short.
 */
import { limits } from "../../wire/limits.ts";
import {
  type Entries,
  EntryList,
  isRoot,
  type TreeEntry,
} from "./entry_list.ts";

/** The bytes of a list; entries must be as {@link decodeManifest} wants them. */
export function encodeManifest(entries: Entries): Uint8Array<ArrayBuffer> {
  const out = new ByteWriter();
  out.byte(version);
  out.number(entries.length);
  let before: Uint8Array = new Uint8Array(0);
  let time = 0;
  for (const entry of entries) {
    const path = encoder.encode(entry.path);
    const shared = commonLength(before, path);
    out.byte((entry.isFolder ? 1 : 0) | (entry.isExecutable ? 2 : 0));
    out.number(shared);
    out.number(path.length - shared);
    out.bytes(path.subarray(shared));
    out.number(zigzag(entry.modified - time));
    if (!entry.isFolder) out.number(entry.size);
    before = path;
    time = entry.modified;
  }
  return out.take();
}

/**
 * Reads a list.
 *
 * @throws {RangeError} that says what is wrong with it.
 */
export function decodeManifest(bytes: Uint8Array): EntryList {
  const input = new ByteReader(bytes);
  if (input.byte() !== version) throw new RangeError("it has another form");
  const count = input.number();
  if (count > limits.treeEntries) {
    throw new RangeError(`it names ${count} files and folders`);
  }
  // Each takes some bytes, so that nobody has room made for none.
  const entries = new EntryList(Math.min(count, bytes.length));
  const names = new NameCheck(entries);
  const path = new PathBytes();
  let modified = 0;
  for (let i = 0; i < count; i++) {
    const flags = input.byte();
    const shared = input.number();
    const length = input.number();
    if (shared > path.length || shared + length > limits.treePathBytes) {
      throw new RangeError("a path in it is too long");
    }
    path.replace(shared, input.bytes(length));
    modified += unzigzag(input.number());
    if (Math.abs(modified) > mostTime) throw new RangeError("a time is none");
    const isFolder = (flags & 1) !== 0;
    names.add(path, {
      isFolder,
      size: isFolder ? 0 : input.number(),
      modified,
      isExecutable: !isFolder && (flags & 2) !== 0,
    });
  }
  if (!input.isAtEnd) throw new RangeError("something follows it");
  names.end();
  return entries;
}

/** What entries come to. */
export interface TreeSummary {
  readonly files: number;
  readonly folders: number;
  /** What was offered by name. */
  readonly roots: number;
  /** Bytes of all files. */
  readonly size: number;
}

/** @param included Which of them, all by default. */
export function summaryOf(
  entries: Entries,
  included?: readonly boolean[],
): TreeSummary {
  const sum = { files: 0, folders: 0, roots: 0, size: 0 };
  let next = 0;
  for (const entry of entries) {
    const index = next++;
    if (included?.[index] === false) continue;
    if (entry.isFolder) sum.folders++;
    else sum.files++;
    if (isRoot(entries, index)) sum.roots++;
    sum.size += entry.size;
  }
  return sum;
}

/** The folder that an entry is in; empty for what was offered itself. */
export function parentOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** The last name of a path. */
export function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** True for a name that can be one of a path: it names nothing else. */
export function isEntryName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." &&
    !/[/\0]/.test(name) && name.isWellFormed() &&
    // No UTF-16 unit takes more than three bytes.
    (3 * name.length <= limits.fileNameBytes ||
      encoder.encode(name).length <= limits.fileNameBytes);
}

/** Adds entries: every name once, and each in a folder that was named before. */
class NameCheck {
  readonly #entries: EntryList;
  /** Numbers of the folders, by their paths. */
  readonly #folders = new Map([["", -1]]);
  readonly #roots = new Set<string>();
  /** The last name in each folder: what is sorted has none twice. */
  readonly #last = new Map<number, string>();
  #isSorted = true;
  /** The folder of the entry before. */
  #parent = -1;

  constructor(entries: EntryList) {
    this.#entries = entries;
  }

  /** @param path Of the entry, which follows the one that was added before. */
  add(path: PathBytes, about: Omit<TreeEntry, "path">): void {
    const { name } = path;
    // The root of the system is the parent of no entry.
    if (!isEntryName(name) || path.isAbsolute) {
      throw new RangeError(`it has a name that is none: ${shown(path.all)}`);
    }
    // Most are in the folder of the one before.
    const parent = path.isNeighbour
      ? this.#parent
      : this.#folders.get(path.parent);
    if (parent === undefined) {
      throw new RangeError(`${shown(path.all)} is in no folder of it`);
    }
    this.#parent = parent;
    if (parent < 0) once(this.#roots, name);
    else {
      const last = this.#last.get(parent);
      if (last !== undefined && last >= name) this.#isSorted = false;
      this.#last.set(parent, name);
    }
    const index = this.#entries.add({ ...about, parent, name });
    if (about.isFolder) this.#folders.set(path.all, index);
  }

  /** All were added. */
  end(): void {
    if (this.#isSorted) return;
    const all = new Set<string>();
    for (const { path } of this.#entries) once(all, path);
  }
}

/** A path as UTF-8, of which each is made from the one before. */
class PathBytes {
  readonly #bytes = new Uint8Array(limits.treePathBytes);
  #length = 0;
  /** Where its last name begins. */
  #nameAt = 0;
  #isNeighbour = false;

  get length(): number {
    return this.#length;
  }

  /** True when it is in the same folder as the one before. */
  get isNeighbour(): boolean {
    return this.#isNeighbour;
  }

  get isAbsolute(): boolean {
    return this.#nameAt > 0 && this.#bytes[0] === slash;
  }

  /** Its last name. */
  get name(): string {
    return decodePath(this.#bytes.subarray(this.#nameAt, this.#length));
  }

  /** The folder that it is in; empty for none. */
  get parent(): string {
    const end = Math.max(0, this.#nameAt - 1);
    return decodePath(this.#bytes.subarray(0, end));
  }

  get all(): string {
    return decodePath(this.#bytes.subarray(0, this.#length));
  }

  /** Its first `shared` bytes stay, `rest` follows them. */
  replace(shared: number, rest: Uint8Array): void {
    this.#bytes.set(rest, shared);
    this.#length = shared + rest.length;
    const before = this.#nameAt;
    const bytes = this.#bytes.subarray(0, this.#length);
    this.#nameAt = bytes.lastIndexOf(slash) + 1;
    this.#isNeighbour = this.#nameAt === before && before <= shared;
  }
}

/** @throws {RangeError} when it is there already. */
function once(paths: Set<string>, path: string): void {
  if (paths.has(path)) throw new RangeError(`it names ${shown(path)} twice`);
  paths.add(path);
}

class ByteWriter {
  #bytes = new Uint8Array(4096);
  #length = 0;

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  number(value: number): void {
    while (value >= 128) {
      this.byte(value % 128 + 128);
      value = Math.floor(value / 128);
    }
    this.byte(value);
  }

  bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return;
    const larger = new Uint8Array(2 * (this.#length + bytes));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

class ByteReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new RangeError("it ends too early");
    return value;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; factor <= mostFactor; factor *= 128) {
      const byte = this.byte();
      value += byte % 128 * factor;
      if (byte < 128) {
        if (value > mostNumber) break;
        return value;
      }
    }
    throw new RangeError("a number in it is too large");
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("it ends too early");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

function commonLength(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}

function zigzag(value: number): number {
  return value >= 0 ? 2 * value : -2 * value - 1;
}

function unzigzag(value: number): number {
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}

function decodePath(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new RangeError("a name in it is not UTF-8");
  }
}

/** Of what comes from another client only the beginning is told. */
function shown(path: string): string {
  return `"${path.length > 64 ? `${path.slice(0, 64)}…` : path}"`;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const slash = 47;
const version = 1;
/** The last that a Date can be, ms. */
const mostTime = 8.64e15;
const mostNumber = Number.MAX_SAFE_INTEGER;
const mostFactor = 128 ** 7;
