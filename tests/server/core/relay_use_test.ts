import { assertEquals } from "@std/assert";
import { RelayUse } from "../../../lib/server/core/relay_use.ts";

const dayMs = 86_400_000;

/** What a relay says that it has carried for account 7. */
function relayed(bytes: number, day = 3) {
  return { what: "relayed", day, uses: [{ account: 7, bytes }] } as const;
}

Deno.test("RelayUse adds up what all relays tell of a day, each count once", () => {
  const use = new RelayUse(100_000);
  assertEquals(use.handleRelayed("a", relayed(40_000)), []);
  assertEquals(use.handleRelayed("a", relayed(40_000)), []);
  assertEquals(use.handleRelayed("b", relayed(40_000)), []);
  assertEquals(use.handleRelayed("a", relayed(59_000)), [
    { account: 7, at: 4 * dayMs },
  ]);
  assertEquals(use.handleRelayed("a", relayed(60_000)), [], "told once");
  assertEquals(use.handleRelayed("b", relayed(10_000, 4)), [], "a new day");
  assertEquals(use.handleRelayed("a", relayed(99_000)), [], "the day before");
  assertEquals(use.handleRelayed("a", relayed(89_000, 4)), [
    { account: 7, at: 5 * dayMs },
  ]);
});
