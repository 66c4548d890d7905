/**
 * The groups that a user is in or invited to, each with what is known of it.
 * Bounded; those heard of longest ago go first.
 */
import type { ReplyFields } from "../../wire/server_frame.ts";

/** A group chat. */
export interface KnownGroup {
  readonly name: string;
  /** False for who is only invited. */
  readonly joined: boolean;
  /** Absent, as what follows, while it is not known. */
  readonly leader?: string;
  readonly leaderOnly?: boolean;
  /** Whether who joins may see what was said before. */
  readonly history?: boolean;
  /** What it is about; empty when nothing is said. */
  readonly topic?: string;
  /** How many have joined. */
  readonly size?: number;
  /** Who has joined, after an answer that named them all. */
  readonly members?: readonly string[];
}

/** Groups by name. */
export class KnownGroups {
  readonly #byName = new Map<string, KnownGroup>();
  /** Names in all member lists. */
  #members = 0;

  /** All of them, in the order in which they were heard of last. */
  all(): KnownGroup[] {
    return [...this.#byName.values()];
  }

  find(name: string): KnownGroup | undefined {
    return this.#byName.get(name);
  }

  /** Their names in alphabetical order. */
  names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  /** True when somebody is in a group that the user is in. */
  isShared(user: string): boolean {
    for (const { joined, members } of this.#byName.values()) {
      if (joined && members?.includes(user)) return true;
    }
    return false;
  }

  /** The name of a group as it was made, which may be typed otherwise. */
  nameOf(typed: string): string {
    if (this.#byName.has(typed)) return typed;
    const wanted = typed.toLowerCase();
    return this.names().find((name) => name.toLowerCase() === wanted) ?? typed;
  }

  /** A group as it is now, which counts as heard of last. */
  put(group: KnownGroup): void {
    this.forget(group.name);
    this.#byName.set(group.name, group);
    this.#members += group.members?.length ?? 0;
    for (const { members, ...rest } of this.#byName.values()) {
      if (this.#members <= mostMembers) break;
      this.#members -= members?.length ?? 0;
      this.#byName.set(rest.name, rest);
    }
    if (this.#byName.size <= mostGroups) return;
    const [oldest] = this.#byName.keys();
    if (oldest !== undefined) this.forget(oldest);
  }

  /** What is known of a group that the user is in or invited to. */
  learn(
    name: string,
    news: Partial<KnownGroup> & Pick<KnownGroup, "joined">,
  ): void {
    this.put({ ...this.#byName.get(name), ...news, name });
  }

  /** News of a group, if it was heard of. */
  change(name: string, news: Partial<KnownGroup>): void {
    const known = this.#byName.get(name);
    if (known !== undefined) this.put({ ...known, ...news });
  }

  /** All groups that the user is in or invited to. */
  learnAll(groups: ReplyFields<"groups">["groups"]): void {
    const listed = new Set(groups.map(({ group }) => group));
    for (const name of this.names()) if (!listed.has(name)) this.forget(name);
    for (const { group, ...rest } of groups) this.learn(group, rest);
  }

  /** Somebody joined. */
  addMember(name: string, user: string): void {
    const { size, members } = this.#byName.get(name) ?? {};
    this.change(name, {
      ...(size !== undefined && { size: size + 1 }),
      ...(members && { members: [...members, user] }),
    });
  }

  /** Somebody is no member any more, or is no longer invited. */
  removeMember(name: string, user: string): void {
    const known = this.#byName.get(name);
    if (known === undefined) return;
    const { size: _, members, ...rest } = known;
    // Who was only invited is in no list and does not count.
    if (members === undefined) return this.put(rest);
    const others = members.filter((each) => each !== user);
    this.put({ ...rest, size: others.length, members: others });
  }

  /** Somebody has another name. */
  rename(from: string, to: string): void {
    for (const group of this.#byName.values()) {
      const { name, leader, members } = group;
      if (leader !== from && !members?.includes(from)) continue;
      this.#byName.set(name, {
        ...group,
        ...(leader === from && { leader: to }),
        ...(members && {
          members: members.map((each) => each === from ? to : each),
        }),
      });
    }
  }

  /** The user is not in this group any more, or it is none. */
  forget(name: string): void {
    this.#members -= this.#byName.get(name)?.members?.length ?? 0;
    this.#byName.delete(name);
  }
}

/** Most groups that are remembered. */
export const mostGroups = 2000;
/** Most names in the member lists of all groups. */
export const mostMembers = 20_000;
