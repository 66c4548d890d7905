/**
 * What many are to be told, kept once for all of them: each reader has nothing
 * but a position. Of each key only what was said last is kept, so who is far
 * behind reads how it is now, not each step to there; and what readers at one
 * position have not read is one array of bytes for all of them.
 */
import { joinBytes } from "./bytes.ts";

/** What one reader has not read, or the first part of it. */
export interface UnreadNews {
  /** Absent when all of it is hidden from the reader. */
  readonly bytes: Uint8Array | undefined;
  /** The position after it. */
  readonly next: number;
}

/** Bytes about keys, in the order in which they were said; keys are readers too. */
export class LatestLog<Key> {
  /** The oldest first; those without bytes are out of date. */
  #entries: Entry<Key>[] = [];
  readonly #latest = new Map<Key, Entry<Key>>();
  #end = 0;
  readonly #partBytes: number;
  /** What was read since the last change, by where it begins. */
  readonly #read = new Map<number, Part<Key>>();

  /**
   * @param partBytes After how many a part ends that is read at once, with the
   * entry that exceeds them.
   */
  constructor(partBytes: number) {
    this.#partBytes = partBytes;
  }

  /** The position of who has read everything. */
  get end(): number {
    return this.#end;
  }

  /** How many keys something is kept of. */
  get size(): number {
    return this.#latest.size;
  }

  /** Says something of a key, in the place of what was said of it before. */
  add(
    key: Key,
    bytes: Uint8Array,
    hiddenFrom: ReadonlySet<Key> | undefined,
  ): void {
    const before = this.#latest.get(key);
    if (before !== undefined) before.bytes = undefined;
    const entry = { at: this.#end++, key, bytes, hiddenFrom };
    this.#latest.set(key, entry);
    this.#entries.push(entry);
    this.#read.clear();
    if (this.#entries.length > 2 * this.#latest.size + fewEntries) {
      this.#entries = this.#entries.filter(({ bytes }) => bytes !== undefined);
    }
  }

  /** Reads on from a position. */
  read(from: number, reader: Key): UnreadNews {
    let part = this.#read.get(from);
    if (part === undefined) {
      part = this.#part(from);
      this.#read.set(from, part);
    }
    const { next, entries, hidden } = part;
    const isSeen = ({ hiddenFrom }: Entry<Key>) => !hiddenFrom?.has(reader);
    const bytes = hidden.every(isSeen)
      ? part.bytes ??= join(entries)
      : join(entries.filter(isSeen));
    return { bytes, next };
  }

  /** Forgets what everybody has read who has read up to this position. */
  trim(before: number): void {
    const first = this.#indexOf(before);
    for (const entry of this.#entries.splice(0, first)) {
      if (this.#latest.get(entry.key) === entry) this.#latest.delete(entry.key);
    }
    this.#read.clear();
  }

  #part(from: number): Part<Key> {
    const entries: Entry<Key>[] = [];
    let length = 0;
    let index = this.#indexOf(from);
    for (; index < this.#entries.length && length < this.#partBytes; index++) {
      const entry = this.#entries[index]!;
      if (entry.bytes === undefined) continue;
      entries.push(entry);
      length += entry.bytes.length;
    }
    const next = this.#entries[index]?.at ?? this.#end;
    const hidden = entries.filter(({ hiddenFrom }) => hiddenFrom !== undefined);
    return { next, entries, hidden, bytes: undefined };
  }

  /** Of the first entry at a position or after it. */
  #indexOf(position: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle]!.at < position) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

interface Entry<Key> {
  /** Its position. */
  readonly at: number;
  readonly key: Key;
  bytes: Uint8Array | undefined;
  readonly hiddenFrom: ReadonlySet<Key> | undefined;
}

/** What lies between two positions. */
interface Part<Key> {
  readonly next: number;
  readonly entries: readonly Entry<Key>[];
  /** Those that are hidden from somebody. */
  readonly hidden: readonly Entry<Key>[];
  /** All of it, once somebody has read it. */
  bytes: Uint8Array | undefined;
}

function join<Key>(entries: readonly Entry<Key>[]): Uint8Array | undefined {
  const parts = entries.flatMap(({ bytes }) => bytes ?? []);
  return parts.length > 0 ? joinBytes(parts) : undefined;
}

/** Entries that are out of date go when there are more than these. */
const fewEntries = 64;
