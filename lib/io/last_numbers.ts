import type { StoredMessage } from "../server/store.ts";
import type { SqliteStatements } from "./sqlite_statements.ts";

/** The highest numbers that the messages of one commit bring. */
export class LastNumbers {
  #message = 0;
  #number = 0;
  readonly #groups = new Map<number, number>();

  /** Takes in a message. */
  note({ id, number, group }: StoredMessage): void {
    this.#message = Math.max(this.#message, id);
    if (group === undefined) this.#number = Math.max(this.#number, number);
    else {
      this.#groups.set(group, Math.max(this.#groups.get(group) ?? 0, number));
    }
  }

  /** Adds what was noted to the transaction. */
  save({ raiseMeta, raiseGroup }: SqliteStatements): void {
    if (this.#message > 0) raiseMeta.run(this.#message, "last_message");
    if (this.#number > 0) raiseMeta.run(this.#number, "last_number");
    for (const [group, number] of this.#groups) raiseGroup.run(number, group);
  }
}
