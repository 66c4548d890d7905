import type { CommandOutcome } from "./client_event.ts";

/** Numbers a run's commands and sees to it that each has exactly one outcome. */
export class OpenCommands {
  readonly #onSettled: (n: number, outcome: CommandOutcome) => void;
  readonly #open = new Map<number, string>();
  #last = 0;

  constructor(onSettled: (n: number, outcome: CommandOutcome) => void) {
    this.#onSettled = onSettled;
  }

  /** Commands that have no outcome yet. */
  get size(): number {
    return this.#open.size;
  }

  /** A command begins; returns its number, from 1. */
  begin(command: string): number {
    this.#open.set(++this.#last, command);
    return this.#last;
  }

  /** A command has its outcome; a second one is ignored. */
  settle(n: number, outcome: CommandOutcome): void {
    if (this.#open.delete(n)) this.#onSettled(n, outcome);
  }

  /** Nothing will be done any more: what is open has failed. */
  close(): void {
    for (const [n, command] of [...this.#open]) {
      const code = "not_confirmed";
      this.settle(n, { command, ok: false, code, message: closedMessage });
    }
  }
}

const closedMessage = "The session ended before this was done";
