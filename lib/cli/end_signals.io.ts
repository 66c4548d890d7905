import { sameKeyMs } from "./same_key.ts";

/** What tells of signals, and of time. */
export interface SignalSystem
  extends Pick<typeof Deno, "addSignalListener" | "removeSignalListener"> {
  /** Monotonic, ms. */
  now(): number;
  /** Calls `act` after `ms`; what is returned prevents that. */
  after(ms: number, act: () => void): () => void;
}

/**
 * The signals that ask a client to end: Ctrl-C, SIGTERM and SIGHUP, on Windows
 * Ctrl-C and Ctrl-Break. What comes twice at once, as where a terminal closes or
 * from `timeout`, is one of them. Listens as soon as it is made.
 */
export class EndSignals {
  readonly #system: SignalSystem;
  readonly #listeners: [Deno.Signal, () => void][] = [];
  #wereAny = false;
  #isEnding = false;
  #stopWaiting: (() => void) | undefined;

  /**
   * @param interrupt Called when the client is asked to end.
   * @param key What Ctrl-C does, where that is something else.
   * @param system Where the signals come from; the system by default.
   */
  constructor(
    interrupt: () => void,
    key = interrupt,
    system: SignalSystem = deno,
  ) {
    this.#system = system;
    const whenAsked = this.#once(interrupt);
    for (const signal of others) this.#listen(signal, whenAsked);
    this.#listen("SIGINT", this.#once(key));
  }

  /**
   * The client is ending: what comes twice at once still does nothing, another
   * one ends it as if nobody listened.
   */
  ending(): void {
    this.#isEnding = true;
    if (this.#wereAny) this.#endSoon();
  }

  /** Listens no more. */
  close(): void {
    this.#stopWaiting?.();
    for (const [signal, listener] of this.#listeners.splice(0)) {
      this.#system.removeSignalListener(signal, listener);
    }
  }

  #listen(signal: Deno.Signal, listener: () => void): void {
    this.#system.addSignalListener(signal, listener);
    this.#listeners.push([signal, listener]);
  }

  #once(act: () => void): () => void {
    let last = -Infinity;
    return () => {
      if (this.#isEnding) return this.#endSoon();
      const now = this.#system.now();
      if (now - last < sameKeyMs) return;
      last = now;
      this.#wereAny = true;
      act();
    };
  }

  #endSoon(): void {
    this.#stopWaiting ??= this.#system.after(sameKeyMs, () => this.close());
  }
}

const deno: SignalSystem = {
  addSignalListener: Deno.addSignalListener,
  removeSignalListener: Deno.removeSignalListener,
  now: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

const others: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGBREAK"]
  : ["SIGTERM", "SIGHUP"];
