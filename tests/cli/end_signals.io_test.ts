import { assertEquals } from "@std/assert";
import { EndSignals } from "../../lib/cli/end_signals.io.ts";
import { sameKeyMs } from "../../lib/cli/same_key.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Who listens, and what was asked. */
class Signals {
  readonly asked: string[] = [];
  readonly #listeners = new Map<Deno.Signal, () => void>();
  readonly ends = new EndSignals(
    () => this.asked.push("end"),
    () => this.asked.push("key"),
    {
      addSignalListener: (signal, listener) => {
        this.#listeners.set(signal, listener);
      },
      removeSignalListener: (signal) => this.#listeners.delete(signal),
    },
  );

  get isHeard(): boolean {
    return this.#listeners.size > 0;
  }

  send(...signals: Deno.Signal[]): void {
    for (const signal of signals) this.#listeners.get(signal)?.();
  }
}

const other = Deno.build.os === "windows" ? "SIGBREAK" : "SIGHUP";
const another = Deno.build.os === "windows" ? "SIGBREAK" : "SIGTERM";

Deno.test("EndSignals: what comes twice at once is one, also while the client ends; another ends it", async () => {
  const signals = new Signals();
  signals.send(other, another, "SIGINT", "SIGINT");
  assertEquals(signals.asked, ["end", "key"]);
  signals.ends.ending();
  signals.send(other, another, "SIGINT");
  assertEquals(signals.asked, ["end", "key"]);
  assertEquals(signals.isHeard, true);
  await waitUntil("nobody listens", () => !signals.isHeard);
});

Deno.test("EndSignals: the first one while the client ends by itself does not kill it", async () => {
  const signals = new Signals();
  signals.ends.ending();
  await new Promise((resolve) => setTimeout(resolve, 2 * sameKeyMs));
  assertEquals(signals.isHeard, true);
  signals.send(other);
  assertEquals([signals.isHeard, signals.asked], [true, []]);
  await waitUntil("nobody listens", () => !signals.isHeard);
});

Deno.test("EndSignals: later ones count again, until it is closed", async () => {
  const signals = new Signals();
  signals.send(other);
  await waitUntil("another counts", () => {
    signals.send(other);
    return signals.asked.length > 1;
  });
  signals.ends.close();
  assertEquals(signals.isHeard, false);
});
