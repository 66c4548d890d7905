/**
 * Work that takes turns with everything else: in each turn of the event loop
 * some of it is done, so that a storm of it delays nobody by more than that.
 */
import { setImmediate } from "node:timers";

/** A queue of tasks, done in order. */
export class TurnQueue {
  readonly #budgetMs: number;
  #waiting: (() => void)[] = [];
  #next = 0;
  #scheduled = false;

  /** @param budgetMs After how long a turn is over, ms. */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** How many tasks wait. */
  get size(): number {
    return this.#waiting.length - this.#next;
  }

  /** Does `task` in one of the next turns. */
  add(task: () => void): void {
    this.#waiting.push(task);
    this.#schedule();
  }

  /** @param waitMs How long all else has, after this turn. */
  #schedule(waitMs = 1): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    // While immediates wait, or a timer that is due, the event loop hardly looks
    // for what comes from sockets and workers. So the timer begins after what
    // this turn has left for immediates, and is not due before the loop looks.
    setImmediate(() =>
      setTimeout(() => {
        this.#scheduled = false;
        this.#run();
      }, waitMs)
    );
  }

  #run(): void {
    const end = performance.now() + this.#budgetMs;
    do {
      const task = this.#waiting[this.#next++];
      if (task === undefined) break;
      task();
    } while (performance.now() < end);
    if (this.#next < this.#waiting.length) return this.#schedule(crowdMs);
    this.#waiting = [];
    this.#next = 0;
  }
}

/** What all else has between two turns of a crowd, ms. */
const crowdMs = 3;
