/**
 * The other users that a client has heard of, each with what is known of them.
 * Bounded; those heard of longest ago go first.
 */
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { KeyTrust } from "./quiet_event.ts";

/** Somebody else. */
export interface Person {
  readonly name: string;
  /** Absent while it is not known. */
  readonly online?: boolean;
  /** Online since then, or last seen then; ms since 1970 UTC. */
  readonly since?: number;
  readonly blocked?: true;
  /** They and this user have written to each other. */
  readonly talks?: true;
  /**
   * Number of the last private message to them that is known to be on a device
   * of theirs, as all before it are.
   */
  readonly delivered?: number;
  /** Of the key that was named last; absent as long as none was. */
  readonly trust?: KeyTrust;
}

/** People by name. */
export class KnownPeople {
  readonly #byName = new Map<string, Person>();

  /** Everybody, in the order in which they were heard of last. */
  all(): Person[] {
    return [...this.#byName.values()];
  }

  /**
   * Somebody by name.
   *
   * @param isApart Leaves out that somebody is online: it is not known any more.
   */
  find(name: string, isApart = false): Person | undefined {
    const person = this.#byName.get(name);
    if (!isApart || !person?.online) return person;
    const { online: _, since: __, ...known } = person;
    return known;
  }

  /** Names of those who are not blocked, in alphabetical order. */
  users(): string[] {
    return this.#names(({ blocked }) => !blocked);
  }

  /** Names of those whom the user is known to have blocked, in that order. */
  blocked(): string[] {
    return this.#names(({ blocked }) => blocked === true);
  }

  /** Names of those who are online, in that order. */
  online(): string[] {
    return this.#names(({ online }) => online === true);
  }

  /** Somebody is there, perhaps with news. */
  hear(name: string, news?: Partial<Person>): void {
    const known = this.#byName.get(name);
    const person = known !== undefined && news === undefined
      ? known
      : { ...known, ...news, name };
    this.put(person);
  }

  /** News of somebody, if they were heard of. */
  change(name: string, news: Partial<Person>): void {
    const known = this.#byName.get(name);
    if (known !== undefined) this.#byName.set(name, { ...known, ...news });
  }

  /** Somebody as they are now, who counts as heard of last. */
  put(person: Person): void {
    this.#byName.delete(person.name);
    this.#byName.set(person.name, person);
    if (this.#byName.size <= mostPeople) return;
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined) this.#byName.delete(oldest);
  }

  /** Somebody has another name. */
  rename(from: string, to: string): void {
    const known = this.#byName.get(from);
    this.#byName.delete(from);
    this.put({ ...known, name: to });
  }

  /** The user has somebody blocked no more. */
  unblock(name: string): void {
    const { blocked: _, ...known } = this.#byName.get(name) ?? {};
    this.put({ ...known, name });
  }

  /** Numbers are those of other messages from now on. */
  forgetDelivered(): void {
    for (const { delivered: _, ...person } of this.#byName.values()) {
      this.#byName.set(person.name, person);
    }
  }

  /** All who are online. */
  learnOnline(users: ReplyFields<"who">["users"]): void {
    const listed = new Set(users.map(({ user }) => user));
    for (const { since: _, ...person } of this.#byName.values()) {
      if (!person.online || listed.has(person.name)) continue;
      this.#byName.set(person.name, { ...person, online: false });
    }
    for (const { user, since } of users) {
      this.hear(user, { online: true, since });
    }
  }

  /** All whom the user has blocked. */
  learnBlocked(users: ReplyFields<"blocked">["users"]): void {
    const listed = new Set(users.map(({ user }) => user));
    const freed = this.blocked().filter((name) => !listed.has(name));
    for (const name of freed) this.unblock(name);
    for (const name of listed) this.hear(name, { blocked: true });
  }

  #names(isMeant: (person: Person) => boolean): string[] {
    return this.all().filter(isMeant).map(({ name }) => name).sort();
  }
}

/** Most people who are remembered. */
export const mostPeople = 2000;
