import type { Instant } from "../../base/ports.ts";
import type { ActionQueue, CredentialChange } from "../model/actions.ts";

/** What follows when the accounts were rewritten, or could not be. */
export interface CredentialEdit {
  /** The file has the change; the accounts in memory do not have it yet. */
  written?(): void;
  /** The accounts in memory have it too. */
  done(now: Instant): void;
  /** The file is as it was. */
  failed(): void;
}

/** The changes of `credentials.txt` that users have asked for. */
export class CredentialEdits {
  readonly #actions: ActionQueue;
  readonly #open = new Map<number, CredentialEdit>();
  #last = 0;

  constructor(actions: ActionQueue) {
    this.#actions = actions;
  }

  /** Has a change made. */
  start(change: CredentialChange, edit: CredentialEdit): void {
    this.#open.set(++this.#last, edit);
    this.#actions.push({ action: "credentials", edit: this.#last, change });
  }

  /** What follows from a change that has ended. */
  take(number: number): CredentialEdit | undefined {
    const edit = this.#open.get(number);
    this.#open.delete(number);
    return edit;
  }
}
