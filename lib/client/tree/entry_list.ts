/**
 * The files and folders of one offer, in columns: there may be a hundred thousand,
 * and an object and a text for each would take several times as much memory. Of a
 * path only its last name is kept, and which entry the folder is that it is in.
 */

/** A file or folder of an offer. */
export interface TreeEntry {
  /** Names with `/` between them, the first one that of what was offered. */
  readonly path: string;
  readonly isFolder: boolean;
  /** Bytes; 0 of a folder. */
  readonly size: number;
  /** When it was last modified, ms since 1970 UTC. */
  readonly modified: number;
  /** Its owner may run it; false of a folder. */
  readonly isExecutable: boolean;
}

/** Entries in their order: an {@link EntryList}, or an array of a few. */
export interface Entries extends Iterable<TreeEntry> {
  readonly length: number;
  at(index: number): TreeEntry | undefined;
}

/** What is added to an {@link EntryList}. */
export interface AddedEntry extends Omit<TreeEntry, "path"> {
  /** Number of the entry that it is in; -1 for what was offered itself. */
  readonly parent: number;
  /** The last name of its path. */
  readonly name: string;
}

/** Entries that take little room. What {@link EntryList.at} gives is read late. */
export class EntryList implements Entries {
  #length = 0;
  #parents: Int32Array;
  #flags: Uint8Array;
  #sizes: Float64Array;
  #times: Float64Array;
  /** Where the name of each ends among all names, UTF-8. */
  #ends: Uint32Array;
  #names: Uint8Array;
  /** The folder whose path was asked for last: what is in it follows mostly. */
  #folder = -1;
  #folderPath = "";
  /** The entry whose path was asked for last: several ask for the same. */
  #asked = -1;
  #askedPath = "";

  /** @param room For how many entries there is at first. */
  constructor(room = 64) {
    this.#parents = new Int32Array(room);
    this.#flags = new Uint8Array(room);
    this.#sizes = new Float64Array(room);
    this.#times = new Float64Array(room);
    this.#ends = new Uint32Array(room);
    this.#names = new Uint8Array(16 * room);
  }

  get length(): number {
    return this.#length;
  }

  /** Adds an entry, behind the one that it is in, and returns its number. */
  add(entry: AddedEntry): number {
    const { parent, name, isFolder, isExecutable, size, modified } = entry;
    const index = this.#length;
    if (index === this.#parents.length) this.#growEntries();
    const start = this.#startOf(index);
    if (this.#names.length < start + 3 * name.length) {
      this.#growNames(start + 3 * name.length);
    }
    const { written } = encoder.encodeInto(name, this.#names.subarray(start));
    this.#ends[index] = start + written;
    this.#parents[index] = parent;
    this.#flags[index] = (isFolder ? 1 : 0) | (isExecutable ? 2 : 0);
    this.#sizes[index] = size;
    this.#times[index] = modified;
    this.#length++;
    return index;
  }

  at(index: number): TreeEntry | undefined {
    return index < this.#length ? new EntryView(this, index) : undefined;
  }

  *[Symbol.iterator](): Generator<TreeEntry> {
    for (let i = 0; i < this.#length; i++) yield new EntryView(this, i);
  }

  /** The path of entry number `index`. */
  path(index: number): string {
    if (index === this.#asked) return this.#askedPath;
    const name = decoder.decode(
      this.#names.subarray(this.#startOf(index), this.#ends[index]!),
    );
    const parent = this.#parents[index]!;
    if (parent >= 0 && parent !== this.#folder) {
      this.#folderPath = this.path(parent);
      this.#folder = parent;
    }
    this.#asked = index;
    this.#askedPath = parent < 0 ? name : `${this.#folderPath}/${name}`;
    return this.#askedPath;
  }

  /** True for what was offered itself. */
  isRoot(index: number): boolean {
    return this.#parents[index]! < 0;
  }

  isFolder(index: number): boolean {
    return (this.#flags[index]! & 1) !== 0;
  }

  isExecutable(index: number): boolean {
    return (this.#flags[index]! & 2) !== 0;
  }

  /** Bytes. */
  size(index: number): number {
    return this.#sizes[index]!;
  }

  /** ms since 1970 UTC. */
  modified(index: number): number {
    return this.#times[index]!;
  }

  #startOf(index: number): number {
    return index === 0 ? 0 : this.#ends[index - 1]!;
  }

  #growEntries(): void {
    const room = Math.ceil(growth * this.#length);
    this.#parents = grown(new Int32Array(room), this.#parents);
    this.#flags = grown(new Uint8Array(room), this.#flags);
    this.#sizes = grown(new Float64Array(room), this.#sizes);
    this.#times = grown(new Float64Array(room), this.#times);
    this.#ends = grown(new Uint32Array(room), this.#ends);
  }

  #growNames(least: number): void {
    const room = Math.ceil(Math.max(growth * this.#names.length, least));
    this.#names = grown(new Uint8Array(room), this.#names);
  }
}

/** True when entry number `index` is what was offered itself, not in a folder. */
export function isRoot(entries: Entries, index: number): boolean {
  return entries instanceof EntryList
    ? entries.isRoot(index)
    : !entries.at(index)!.path.includes("/");
}

/** One entry, of which nothing is read before it is asked for. */
class EntryView implements TreeEntry {
  readonly #list: EntryList;
  readonly #index: number;

  constructor(list: EntryList, index: number) {
    this.#list = list;
    this.#index = index;
  }

  get path(): string {
    return this.#list.path(this.#index);
  }

  get isFolder(): boolean {
    return this.#list.isFolder(this.#index);
  }

  get size(): number {
    return this.#list.size(this.#index);
  }

  get modified(): number {
    return this.#list.modified(this.#index);
  }

  get isExecutable(): boolean {
    return this.#list.isExecutable(this.#index);
  }
}

function grown<T extends Int32Array | Uint32Array | Uint8Array | Float64Array>(
  larger: T,
  smaller: T,
): T {
  larger.set(smaller);
  return larger;
}

const growth = 1.5;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
