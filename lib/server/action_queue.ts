import type { ServerLogLevel } from "../log/server_log.ts";
import type { ServerAction } from "./server_action.ts";

/** What the shell is still to be asked, oldest first. */
export class ActionQueue {
  #actions: ServerAction[] = [];
  #next = 0;
  #lastQuery = 0;

  push(action: ServerAction): void {
    this.#actions.push(action);
  }

  /** A line for the server's own log. */
  report(level: ServerLogLevel, text: string): void {
    this.push({ action: "report", level, text });
  }

  /** A number for a question to the store. */
  newQuery(): number {
    return ++this.#lastQuery;
  }

  shift(): ServerAction | undefined {
    const action = this.#actions[this.#next];
    if (action === undefined) {
      if (this.#next > 0) this.#actions = [];
      this.#next = 0;
    } else this.#next++;
    return action;
  }
}
