/**
 * Users and groups a client has heard of in this run, for Tab completion and for
 * what was meant by a name that nobody has.
 */
import type { CommandSuccess } from "./client_event.ts";

/** Bounded sets of names; the ones heard longest ago go first. */
export class KnownNames {
  readonly #users = new Set<string>();
  readonly #groups = new Set<string>();
  readonly #blocked = new Set<string>();

  /** Names of users who are not blocked, in alphabetical order. */
  users(): string[] {
    return [...this.#users].filter((name) => !this.#blocked.has(name)).sort();
  }

  /** Names of those whom the user is known to have blocked, in that order. */
  blocked(): string[] {
    return [...this.#blocked].sort();
  }

  /** Group names in alphabetical order. */
  groups(): string[] {
    return [...this.#groups].sort();
  }

  addUser(name: string): void {
    add(this.#users, name);
  }

  /** Somebody has another name. */
  rename(from: string, to: string): void {
    this.#users.delete(from);
    this.addUser(to);
  }

  /** The user has blocked somebody. */
  addBlocked(name: string): void {
    add(this.#blocked, name);
  }

  addGroup(name: string): void {
    add(this.#groups, name);
  }

  /** The user is not in this group any more. */
  forgetGroup(name: string): void {
    this.#groups.delete(name);
  }

  /** Takes the names out of a command's answer. */
  learn(outcome: CommandSuccess): void {
    switch (outcome.command) {
      case "activeuser":
        for (const { user } of outcome.answer.users) this.addUser(user);
        break;
      case "block":
        this.addBlocked(outcome.answer.user);
        break;
      case "unblock":
        this.#blocked.delete(outcome.answer.user);
        this.addUser(outcome.answer.user);
        break;
      case "blocked":
        for (const { user } of outcome.answer.users) this.addBlocked(user);
        break;
      case "creategroup":
      case "createbroadcast":
      case "srb":
      case "joingroup":
        this.addGroup(outcome.answer.group);
        for (const user of outcome.answer.members) this.addUser(user);
        break;
      case "whoelsesince":
        for (const { user } of outcome.answer.users) this.addUser(user);
        break;
      case "leavegroup":
        this.forgetGroup(outcome.answer.group);
        break;
      case "addmember":
        this.addUser(outcome.answer.user);
        break;
      case "groups":
        for (const { group } of outcome.answer.groups) this.addGroup(group);
        break;
      case "members":
        for (const user of outcome.answer.joined) this.addUser(user);
        break;
      case "msgto":
        for (const { to } of outcome.answer.sent) this.addUser(to);
        break;
    }
  }
}

function add(names: Set<string>, name: string): void {
  names.delete(name);
  names.add(name);
  if (names.size <= mostNames) return;
  const [oldest] = names;
  if (oldest !== undefined) names.delete(oldest);
}

const mostNames = 2000;
