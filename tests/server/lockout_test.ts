import { assert, assertEquals } from "@std/assert";
import { Lockout } from "../../lib/server/lockout.ts";

Deno.test("Lockout locks after the given number of failures", () => {
  for (const attempts of [1, 2, 3, 5]) {
    const lockout = new Lockout({ attempts, blockMs: 1000 });
    for (let i = 1; i < attempts; i++) {
      assertEquals(lockout.handleFailure("a", true, 0), false);
      assertEquals(lockout.isBlocked("a", 0), false);
    }
    assertEquals(lockout.handleFailure("a", true, 0), true);
    assertEquals(lockout.isBlocked("a", 0), true);
    assertEquals(lockout.isBlocked("A", 0), false);
  }
});

Deno.test("Lockout ends on time and counts afresh", () => {
  const lockout = new Lockout({ attempts: 2, blockMs: 1000 });
  lockout.handleFailure("a", true, 100);
  lockout.handleFailure("a", true, 200);
  assert(lockout.isBlocked("a", 1199));
  // A failure while locked neither counts nor prolongs.
  assertEquals(lockout.handleFailure("a", true, 1199), false);
  assert(!lockout.isBlocked("a", 1200));
  assertEquals(lockout.handleFailure("a", true, 1200), false);
  assertEquals(lockout.handleFailure("a", true, 1200), true);
});

Deno.test("Lockout forgets failures after a success or an unlock", () => {
  const lockout = new Lockout({ attempts: 2, blockMs: 1000 });
  lockout.handleFailure("a", true, 0);
  lockout.handleSuccess("a");
  assertEquals(lockout.handleFailure("a", true, 0), false);
  assertEquals(lockout.handleFailure("a", true, 0), true);
  assertEquals(lockout.unlock("a"), true);
  assertEquals(lockout.unlock("a"), false);
  assert(!lockout.isBlocked("a", 0));
});

Deno.test("Lockout bounds the unknown names and keeps accounts and locked ones", () => {
  const lockout = new Lockout({ attempts: 2, blockMs: 1000, capacity: 10 });
  lockout.handleFailure("account", true, 0);
  lockout.handleFailure("locked", false, 0);
  lockout.handleFailure("locked", false, 0);
  for (let i = 0; i < 1000; i++) lockout.handleFailure(`n${i}`, false, 1);
  assertEquals(lockout.unknownNames, 10);
  assert(lockout.isBlocked("locked", 1));
  assert(lockout.handleFailure("account", true, 1));
  assert(lockout.handleFailure("n999", false, 1));
  assert(!lockout.handleFailure("n0", false, 1));
});

Deno.test("Lockout stays bounded when every name is locked", () => {
  const lockout = new Lockout({ attempts: 1, blockMs: 1000, capacity: 200 });
  for (let i = 0; i < 1000; i++) lockout.handleFailure(`n${i}`, false, 1);
  assertEquals(lockout.unknownNames, 200);
  assert(lockout.isBlocked("n999", 1));
});
