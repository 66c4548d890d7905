/** Users and groups a client has heard of in this run, for Tab completion. */
import type { CommandSuccess } from "./client_event.ts";

/** Bounded sets of names; the ones heard longest ago go first. */
export class KnownNames {
  readonly #users = new Set<string>();
  readonly #groups = new Set<string>();

  /** User names in alphabetical order. */
  users(): string[] {
    return [...this.#users].sort();
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
