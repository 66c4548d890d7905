/**
 * What is known of the files and folders of an offer that is on its way in, by
 * their numbers in the list. There may be a hundred thousand, and of nearly all
 * there is nothing to say but that they are begun or whole and what checksum they
 * have: that is kept in columns, and what is more beside them.
 */
import type { Entries, TreeEntry } from "./entry_list.ts";
import type { KnownFile } from "./tree_journal.ts";

/** What is known of each entry of a list. */
export class KnownFiles {
  readonly #entries: Entries;
  /** Of each see {@link is}. */
  readonly #states: Uint8Array;
  /** The CRC-32 of each that has one. */
  readonly #checks: Uint32Array;
  readonly #others = new Map<number, KnownFile>();
  /**
   * What is here of a try before and in the list no more, by its path, that of a
   * folder with a `/` behind it.
   */
  readonly rest: ReadonlyMap<string, KnownFile>;
  #size = 0;

  /** @param known Of tries before, by paths as in {@link rest}. */
  constructor(entries: Entries, known: ReadonlyMap<string, KnownFile>) {
    this.#entries = entries;
    this.#states = new Uint8Array(entries.length);
    this.#checks = new Uint32Array(entries.length);
    const rest = new Map(known);
    let index = 0;
    for (const entry of known.size === 0 ? [] : entries) {
      const key = keyOf(entry);
      const file = known.get(key);
      if (file !== undefined) this.set(index, file);
      rest.delete(key);
      index++;
    }
    this.rest = rest;
  }

  /** Of how many something is known, whether they are in the list or not. */
  get size(): number {
    return this.#size + this.rest.size;
  }

  /** What is known of entry number `index`. */
  get(index: number): KnownFile | undefined {
    const state = this.#states[index]!;
    if (state === 0) return undefined;
    const other = this.#others.get(index);
    if (other !== undefined) return other;
    const entry = this.#entries.at(index)!;
    const { path, isFolder } = entry;
    return {
      local: (state & is.below) !== 0 ? below(path) : path,
      size: entry.size,
      modified: isFolder ? 0 : entry.modified,
      checks: (state & is.checked) !== 0 ? [this.#checks[index]!] : none,
      ...((state & is.whole) !== 0 ? { digest: "" } : {}),
    };
  }

  /** Notes what is known of entry number `index`. */
  set(index: number, file: KnownFile): void {
    if (this.#states[index] === 0) this.#size++;
    const state = stateOf(file, this.#entries.at(index)!);
    this.#states[index] = is.known | (state ?? 0);
    if (state === undefined) return void this.#others.set(index, file);
    this.#others.delete(index);
    this.#checks[index] = file.checks[0] ?? 0;
  }

  /**
   * Notes that a file came whole of which it is known that it is begun.
   *
   * @param check The CRC-32 of its one block.
   */
  setWhole(index: number, check: number): void {
    const other = this.#others.get(index);
    if (other !== undefined) {
      return this.set(index, { ...other, checks: [check], digest: "" });
    }
    const { known, below, checked, whole } = is;
    const kept = this.#states[index]! & (known | below);
    this.#states[index] = kept | checked | whole;
    this.#checks[index] = check;
  }

  /** True once the file with this number would survive a power cut. */
  isLasting(index: number): boolean {
    return (this.#states[index]! & is.lasting) !== 0;
  }

  /** It does now, as it is; until something else is noted of it. */
  setLasting(index: number): void {
    this.#states[index]! |= is.lasting;
  }

  /** Those with other names here, among others, by their numbers. */
  get others(): ReadonlyMap<number, KnownFile> {
    return this.#others;
  }
}

/** How something in a list is noted, so that a file of a folder's name is not it. */
export function keyOf({ path, isFolder }: TreeEntry): string {
  return isFolder ? `${path}/` : path;
}

/** What its byte says of a file; undefined when there is more to say. */
function stateOf(
  { local, size, modified, checks, digest }: KnownFile,
  entry: TreeEntry,
): number | undefined {
  const { path, isFolder } = entry;
  const isBelow = local === below(path);
  if (!isBelow && local !== path) return undefined;
  const time = isFolder ? 0 : entry.modified;
  if (size !== entry.size || modified !== time) return undefined;
  // A digest of a try before is not that of the checks.
  if (checks.length > 1 || (digest ?? "") !== "") return undefined;
  if (checks.length === 1 && digest === undefined) return undefined;
  return (isBelow ? is.below : 0) | (checks.length === 1 ? is.checked : 0) |
    (digest === undefined ? 0 : is.whole);
}

/** Without the name of the folder that was offered. */
function below(path: string): string {
  return path.slice(path.indexOf("/") + 1);
}

/** Bits of what is known of an entry. */
const is = {
  known: 1,
  /** It came whole in this run. */
  whole: 2,
  checked: 4,
  /** Its path here is that of the list below the folder that was offered. */
  below: 8,
  /** It would survive a power cut. */
  lasting: 16,
} as const;
const none: readonly number[] = [];
