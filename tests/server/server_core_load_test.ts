import { assertEquals } from "@std/assert";
import { Authenticator } from "../../lib/server/accounts/authenticator.ts";
import { ServerCore } from "../../lib/server/server_core.ts";
import { MemoryStore } from "../support/memory_store.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { storedDevice, storedUser } from "../support/stored_user.ts";

Deno.test("ServerCore.load() is made in steps, none of which grows with the users", () => {
  const store = new MemoryStore();
  for (let id = 1; id <= many; id++) {
    store.users.set(id, storedUser(id, `user${id}`));
    store.devices.set(id, storedDevice(id));
  }
  const now = { mono: 1_000, wall: Date.UTC(2026, 5, 1, 12) };
  const random = new SeededRandom(1);
  const logins = new Authenticator({
    ...{ attempts: 3, blockMs: 10_000, allowDemo: true },
    secret: new Uint8Array(32),
  }, random);
  const accounts = new Map(
    [...store.users.values()].map(({ name }) => [
      name,
      { kind: "password", password: "green" } as const,
    ]),
  );
  let steps = 0;
  for (const _ of logins.takeAccounts(accounts)) steps++;
  assertEquals(steps, many / 1_000);
  const loading = ServerCore.load({
    options: { idleMs: 0, udpPort: 0, agent: "test" },
    state: store.load(),
    ...{ logins, random, now },
  });
  steps = 0;
  for (;;) {
    const { done, value } = loading.next();
    if (done !== true) {
      steps++;
      continue;
    }
    assertEquals(value.gauges().devices, many);
    break;
  }
  // Users, devices, and who has an account.
  assertEquals(steps, 3 * many / 1_000);
});

const many = 4_000;
