/**
 * What is found by a user's name, in whatever letter case that is typed. No two
 * users of today have names that differ only in case; where an older server has
 * made such, the exact spelling decides.
 */
import { userKey } from "../../wire/names.ts";

/** Things by the name of a user. */
export class NameIndex<Thing> {
  readonly #byName = new Map<string, Thing>();
  /** The names that have a capital letter, by key: those of most users do not. */
  readonly #capital = new Map<string, string[]>();

  /** All names, as they are spelled. */
  names(): IterableIterator<string> {
    return this.#byName.keys();
  }

  /** What has exactly this name. */
  exact(name: string): Thing | undefined {
    return this.#byName.get(name);
  }

  /** The names that differ from `name` in nothing but case, itself included. */
  alike(name: string): string[] {
    const key = userKey(name);
    const names = this.#capital.get(key) ?? [];
    return this.#byName.has(key) ? [key, ...names] : [...names];
  }

  /**
   * The name that is meant by one as it was typed.
   *
   * @returns `undefined` when there is none, or several and none of them is
   * spelled so.
   */
  nameOf(typed: string): string | undefined {
    if (this.#byName.has(typed)) return typed;
    const [only, ...others] = this.alike(typed);
    return others.length === 0 ? only : undefined;
  }

  /** What has the name that is meant; see {@link nameOf}. */
  find(typed: string): Thing | undefined {
    const name = this.nameOf(typed);
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** Something has this name from now on. */
  set(name: string, thing: Thing): void {
    const isNew = !this.#byName.has(name);
    this.#byName.set(name, thing);
    const key = userKey(name);
    if (!isNew || key === name) return;
    this.#capital.set(key, [...this.#capital.get(key) ?? [], name]);
  }

  /** Nothing has this name any more. */
  delete(name: string): void {
    if (!this.#byName.delete(name)) return;
    const key = userKey(name);
    const left = (this.#capital.get(key) ?? []).filter((each) => each !== name);
    if (left.length > 0) this.#capital.set(key, left);
    else this.#capital.delete(key);
  }
}
