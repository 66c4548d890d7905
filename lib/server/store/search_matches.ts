/**
 * What the searches of all stores have in common: which of the messages that
 * they look at are found, how many they look at before they give up, and what an
 * index holds: each three characters in a row of each text, and with them marks
 * that say whose it is. So a question only comes upon what is for the one who
 * asks, and takes no longer for what others said.
 */
import { foldText, hasTerms } from "../../base/search_words.ts";
import type { Found, StoredKeptAway, StoredMessage } from "../model/store.ts";

/** Group messages that a block keeps away; `upto` is `Infinity` while it lasts. */
type HiddenRange = Omit<StoredKeptAway, "user">;

/** The newest messages that have all terms, of several sources. */
export class SearchMatches {
  readonly #limit: number;
  readonly #terms: readonly string[];
  /** Of which senders what is kept away, by a block: ids over, and up to. */
  readonly #kept: readonly HiddenRange[];
  #messages: StoredMessage[] = [];
  /** Messages that may still be looked at. */
  #left = mostLooked;
  /** How many this source gave. */
  #given = 0;
  /** Where a source was given up; nothing below is known for sure. */
  #rest: number | undefined;

  constructor(
    limit: number,
    terms: readonly string[],
    kept: readonly HiddenRange[],
  ) {
    this.#limit = limit;
    this.#terms = terms;
    this.#kept = kept;
  }

  /** False when no older messages are wanted. */
  get goesOn(): boolean {
    return this.#rest === undefined && this.#messages.length < this.#limit;
  }

  /** Nothing up to this id can be among them any more. */
  get after(): number {
    const full = this.#messages.length < this.#limit
      ? 0
      : this.#messages.at(-1)!.id;
    return Math.max(full, this.#rest === undefined ? 0 : this.#rest - 1);
  }

  /** Another source begins. */
  begin(): void {
    this.#given = 0;
    this.#left = Math.max(this.#left, leastLooked);
  }

  /**
   * Looks at the next message of a source; they come newest first.
   *
   * @returns False when the source is to give no more.
   */
  add(message: StoredMessage): boolean {
    if (message.id <= this.after) return false;
    const isThere = message.deletes === undefined && !message.deleted;
    if (isThere && !this.keeps(message)) {
      if (hasTerms(foldText(message.text), this.#terms)) {
        this.#messages.push(message);
        this.#messages.sort((one, other) => other.id - one.id);
        this.#messages.length = Math.min(this.#messages.length, this.#limit);
        this.#given++;
      }
    }
    return this.#given < this.#limit && this.#use(1, message.id);
  }

  /**
   * Passes over one of the index that is not for who asks. It hardly counts: by
   * where a search is given up, one would learn of words that others said.
   *
   * @returns As {@link add} does.
   */
  pass(id: number): boolean {
    return this.#use(passCost, id);
  }

  /** True when a block keeps it from who asks. */
  keeps({ id, sender, group }: StoredMessage): boolean {
    return group !== undefined &&
      this.#kept.some((each) =>
        each.sender === sender && id > each.after && id <= each.upto
      );
  }

  found(): Found {
    const rest = this.#rest;
    const messages = this.#messages.filter(({ id }) => id >= (rest ?? 0));
    const isFull = messages.length >= this.#limit;
    return {
      messages,
      receivers: [],
      ...(rest === undefined || isFull ? {} : { rest }),
    };
  }

  #use(cost: number, id: number): boolean {
    this.#left -= cost;
    if (this.#left > 0) return true;
    this.#rest = Math.max(this.#rest ?? 0, id);
    return false;
  }
}

/** Every three characters of the terms, as many as an index is to be asked. */
export function threesOfTerms(terms: readonly string[]): string[] {
  const threes = new Set<string>();
  for (const term of terms) addThrees(term, threes);
  return [...threes].slice(0, mostThrees);
}

/** Adds every three characters of a folded text. */
export function addThrees(text: string, threes: Set<string>): void {
  const characters = [...text];
  for (let i = 0; i + 3 <= characters.length; i++) {
    threes.add(characters.slice(i, i + 3).join(""));
  }
}

/** Three characters that no folded text has: a user, a group or all. */
export function markOf(kind: keyof typeof kinds, id: number): string {
  return String.fromCodePoint(
    kinds[kind],
    firstDigit + Math.floor(id / digits),
    firstDigit + id % digits,
  );
}

/** Messages in one step of looking through all. */
export const searchPage = 200;

const kinds = { user: 0x100000, group: 0x100001, broadcast: 0x100002 };
const firstDigit = 0xf0000;
const digits = 0xf000;
/** Messages that one answer looks at, about. */
const mostLooked = 4000;
/** What one that is passed over counts, of these. */
const passCost = 0.25;
/** Those of one source at least, where others were looked at before. */
const leastLooked = 100;
/** More say hardly more. */
const mostThrees = 24;
