import { assertEquals } from "@std/assert";
import { EndSignals } from "../../lib/cli/end_signals.io.ts";
import { sameKeyMs } from "../../lib/cli/same_key.ts";

/** Who listens, and what was asked, at a time that only passes when told to. */
class Signals {
  readonly asked: string[] = [];
  readonly #listeners = new Map<Deno.Signal, () => void>();
  #now = 0;
  #waits: { readonly at: number; readonly act: () => void }[] = [];
  readonly ends = new EndSignals(
    () => this.asked.push("end"),
    () => this.asked.push("key"),
    {
      addSignalListener: (signal, listener) => {
        this.#listeners.set(signal, listener);
      },
      removeSignalListener: (signal) => this.#listeners.delete(signal),
      now: () => this.#now,
      after: (ms, act) => {
        const wait = { at: this.#now + ms, act };
        this.#waits.push(wait);
        return () => this.#waits = this.#waits.filter((each) => each !== wait);
      },
    },
  );

  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  send(...signals: Deno.Signal[]): void {
    for (const signal of signals) this.#listeners.get(signal)?.();
  }

  pass(ms: number): void {
    this.#now += ms;
    for (const { at, act } of this.#waits) if (at <= this.#now) act();
  }
}

const other = Deno.build.os === "windows" ? "SIGBREAK" : "SIGHUP";
const another = Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM";

Deno.test("EndSignals: what comes twice at once is one, also while the client ends; another ends it", () => {
  const signals = new Signals();
  signals.send(other, another, "SIGINT", "SIGINT");
  assertEquals(signals.asked, ["end", "key"]);
  signals.ends.ending();
  signals.pass(sameKeyMs - 1);
  signals.send(other, another, "SIGINT");
  assertEquals(signals.asked, ["end", "key"]);
  assertEquals(signals.isHeard, true);
  signals.pass(1);
  assertEquals(signals.isHeard, false);
});

Deno.test("EndSignals: the first one while the client ends by itself does not kill it", () => {
  const signals = new Signals();
  signals.ends.ending();
  signals.pass(2 * sameKeyMs);
  assertEquals(signals.isHeard, true);
  signals.send(other);
  assertEquals([signals.isHeard, signals.asked], [true, []]);
  signals.pass(sameKeyMs);
  assertEquals(signals.isHeard, false);
});

Deno.test("EndSignals: later ones count again, until it is closed", () => {
  const signals = new Signals();
  signals.send(other);
  signals.pass(sameKeyMs - 1);
  signals.send(other);
  assertEquals(signals.asked.length, 1);
  signals.pass(1);
  signals.send(other);
  assertEquals(signals.asked.length, 2);
  signals.ends.close();
  assertEquals(signals.isHeard, false);
});
