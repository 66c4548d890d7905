/**
 * Those who watch a client beside the interface that it was started for. None
 * of them is waited for, and one that fails is detached: what it does costs
 * neither the client nor the others anything.
 */
import type { ClientEvent } from "../events/client_event.ts";
import type { QuietEvent } from "../events/quiet_event.ts";
import type { ViewSnapshot } from "../events/client_view.ts";
import { isQuiet } from "../events/event_kind.ts";
import type { Watcher } from "./user_interface.ts";

/** Watchers that come and go. */
export class Watchers {
  readonly #snapshot: () => ViewSnapshot;
  readonly #onFailure: (watcher: Watcher, error: unknown) => void;
  readonly #watching = new Map<Watcher, Watching>();
  /** Those that were detached and have not closed. */
  readonly #closing = new Set<Promise<void>>();

  /**
   * @param snapshot What there is to see now.
   * @param onFailure A watcher failed and was detached.
   */
  constructor(
    snapshot: () => ViewSnapshot,
    onFailure: (watcher: Watcher, error: unknown) => void,
  ) {
    this.#snapshot = snapshot;
    this.#onFailure = onFailure;
  }

  /** Somebody watches from now on. */
  add(watcher: Watcher): void {
    const watching = new Watching(watcher, this.#snapshot, (error) => {
      if (this.remove(watcher)) this.#onFailure(watcher, error);
    });
    this.#watching.set(watcher, watching);
    watching.begin();
  }

  /** Detaches and closes a watcher; false when it did not watch. */
  remove(watcher: Watcher): boolean {
    const watching = this.#watching.get(watcher);
    if (watching === undefined) return false;
    this.#watching.delete(watcher);
    watching.stop();
    const closed = watching.close()
      .catch((error) => this.#onFailure(watcher, error))
      .finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
    return true;
  }

  /**
   * Tells all what happened.
   *
   * @param by Who entered the line whose result it is: the others only take
   * note of it. For all when absent.
   */
  tell(event: ClientEvent | QuietEvent, by?: unknown): void {
    for (const [watcher, watching] of [...this.#watching]) {
      watching.tell({ event, isShown: by === undefined || by === watcher });
    }
  }

  /** Closes all; resolves when they have. */
  async close(): Promise<void> {
    for (const watcher of [...this.#watching.keys()]) this.remove(watcher);
    await Promise.all(this.#closing);
  }
}

/** One watcher with the events that wait for it. */
class Watching {
  readonly #watcher: Watcher;
  readonly #snapshot: () => ViewSnapshot;
  readonly #onFailure: (error: unknown) => void;
  #waiting: Told[] = [];
  #isBusy = false;
  /** So much waited that it has to begin again. */
  #isBehind = false;
  #isStopped = false;

  constructor(
    watcher: Watcher,
    snapshot: () => ViewSnapshot,
    onFailure: (error: unknown) => void,
  ) {
    this.#watcher = watcher;
    this.#snapshot = snapshot;
    this.#onFailure = onFailure;
  }

  begin(): void {
    this.#do(() => this.#watcher.begin(this.#snapshot()));
  }

  tell(told: Told): void {
    if (!this.#isBusy) return this.#do(() => this.#pass(told));
    if (this.#isBehind) return;
    this.#waiting.push(told);
    if (this.#waiting.length <= mostWaiting) return;
    this.#waiting = [];
    this.#isBehind = true;
  }

  stop(): void {
    this.#isStopped = true;
    this.#waiting = [];
  }

  async close(): Promise<void> {
    await this.#watcher.close();
  }

  #pass({ event, isShown }: Told): void | Promise<void> {
    if (isQuiet(event) || !isShown) return this.#watcher.note(event);
    return this.#watcher.show(event);
  }

  /** Lets the watcher do something; what comes meanwhile waits. */
  #do(step: () => void | Promise<void>): void {
    try {
      const done = step();
      if (done === undefined) return;
      this.#isBusy = true;
      done.then(() => this.#next(), this.#fail);
    } catch (error) {
      this.#fail(error);
    }
  }

  #next(): void {
    this.#isBusy = false;
    if (this.#isBehind) {
      this.#isBehind = false;
      this.begin();
    }
    while (!this.#isBusy && !this.#isStopped) {
      const told = this.#waiting.shift();
      if (told === undefined) return;
      this.#do(() => this.#pass(told));
    }
  }

  readonly #fail = (error: unknown) => {
    if (!this.#isStopped) this.#onFailure(error);
  };
}

interface Told {
  readonly event: ClientEvent | QuietEvent;
  readonly isShown: boolean;
}

/** Most events that wait for one watcher; then it begins again. */
export const mostWaiting = 1000;
