import { assert, assertEquals } from "@std/assert";
import { Lockout } from "../../../lib/server/accounts/lockout.ts";

Deno.test("Lockout locks after the given number of failures", () => {
  for (const attempts of [1, 2, 3, 5]) {
    const lockout = new Lockout({ attempts, blockMs: 1000 });
    for (let i = 1; i < attempts; i++) {
      assertEquals(locks(lockout, "a", true, 0), false);
      assertEquals(isBlocked(lockout, "a", 0), false);
    }
    assertEquals(locks(lockout, "a", true, 0), true);
    assertEquals(isBlocked(lockout, "a", 0), true);
    assertEquals(isBlocked(lockout, "A", 0), false);
  }
});

Deno.test("Lockout ends on time and counts afresh", () => {
  const lockout = new Lockout({ attempts: 2, blockMs: 1000 });
  lockout.handleFailure("a", true, 100);
  lockout.handleFailure("a", true, 200);
  assert(isBlocked(lockout, "a", 1199));
  // A failure while locked neither counts nor prolongs.
  assertEquals(lockout.handleFailure("a", true, 1199).wait, 1);
  assert(!isBlocked(lockout, "a", 1200));
  assertEquals(locks(lockout, "a", true, 1200), false);
  assertEquals(locks(lockout, "a", true, 1200), true);
});

Deno.test("Lockout forgets failures after a success or an unlock", () => {
  const lockout = new Lockout({ attempts: 2, blockMs: 1000 });
  lockout.handleFailure("a", true, 0);
  lockout.handleSuccess("a");
  assertEquals(locks(lockout, "a", true, 0), false);
  assertEquals(locks(lockout, "a", true, 0), true);
  assertEquals(lockout.unlock("a"), true);
  assertEquals(lockout.unlock("a"), false);
  assert(!isBlocked(lockout, "a", 0));
});

Deno.test("Lockout bounds the unknown names and keeps accounts and locked ones", () => {
  const lockout = new Lockout({ attempts: 2, blockMs: 1000, capacity: 10 });
  lockout.handleFailure("account", true, 0);
  lockout.handleFailure("locked", false, 0);
  lockout.handleFailure("locked", false, 0);
  for (let i = 0; i < 1000; i++) lockout.handleFailure(`n${i}`, false, 1);
  assertEquals(lockout.unknownNames, 10);
  assert(isBlocked(lockout, "locked", 1));
  assert(locks(lockout, "account", true, 1));
  assert(locks(lockout, "n999", false, 1));
  assert(!locks(lockout, "n0", false, 1));
});

Deno.test("Lockout stays bounded when every name is locked", () => {
  const lockout = new Lockout({ attempts: 1, blockMs: 1000, capacity: 200 });
  for (let i = 0; i < 1000; i++) lockout.handleFailure(`n${i}`, false, 1);
  assertEquals(lockout.unknownNames, 200);
  assert(isBlocked(lockout, "n999", 1));
});

Deno.test("Lockout takes the worst of what was counted for each spelling of a name", () => {
  const lockout = new Lockout({ attempts: 3, blockMs: 10_000 });
  const stored = [
    { name: "Ann", failures: 1 },
    { name: "aNN", failures: 2 },
    { name: "BOB", failures: 3, until: 5_000 },
    { name: "bob", failures: 1 },
  ];
  const nameOf = (name: string) => name.toLowerCase();
  const now = { mono: 0, wall: 0 };
  lockout.restore(stored, { nameOf, isKnown: () => true }, now);
  assertEquals(lockout.handleFailure("ann", true, 0).attempts, 0);
  assertEquals(lockout.blockedFor("bob", 0), 5_000);
  // The rows of the other spellings go.
  const changed = lockout.takeChanged().map((name) =>
    lockout.toStored(name, now)
  );
  assertEquals(
    changed.filter(({ failures }) => failures === 0).map(({ name }) => name),
    ["Ann", "aNN", "BOB"],
  );
});

Deno.test("Lockout says how many attempts are left and how long a lock lasts", () => {
  const lockout = new Lockout({ attempts: 3, blockMs: 1000 });
  for (const isKnown of [true, false]) {
    const name = `known ${isKnown}`;
    const fail = (now: number) => lockout.handleFailure(name, isKnown, now);
    assertEquals(fail(0), { attempts: 2, wait: 0 });
    assertEquals(fail(0), { attempts: 1, wait: 0 });
    assertEquals(fail(100), { attempts: 0, wait: 1000 });
    assertEquals(fail(300), { attempts: 0, wait: 800 });
    assertEquals(lockout.blockedFor(name, 1099), 1);
    assertEquals(lockout.blockedFor(name, 1100), 0);
  }
});

Deno.test("Lockout: counts and locks outlive the server, no longer than they last", () => {
  const options = { attempts: 2, blockMs: 10_000 };
  const before = new Lockout(options);
  for (const name of ["locked", "locked", "once", "forgotten"]) {
    before.handleFailure(name, name !== "once", 1_000);
  }
  before.handleSuccess("forgotten");
  const now = { mono: 3_000, wall: 50_000 };
  const names = before.takeChanged();
  assertEquals(before.takeChanged(), []);
  const stored = names.map((name) => before.toStored(name, now));
  assertEquals(stored, [
    { name: "locked", failures: 2, until: 58_000 },
    { name: "once", failures: 1 },
    { name: "forgotten", failures: 0 },
  ]);
  const kept = stored.filter(({ failures }) => failures > 0);
  const restored = (wall: number) => {
    const after = new Lockout(options);
    const isKnown = (name: string) => name === "locked";
    after.restore(kept, { nameOf: String, isKnown }, { mono: 7, wall });
    return after;
  };
  assertEquals(restored(51_000).blockedFor("locked", 7), 7_000);
  // A clock that was set back makes no lock longer.
  assertEquals(restored(0).blockedFor("locked", 7), 10_000);
  const late = restored(58_000);
  assertEquals(late.blockedFor("locked", 7), 0);
  assertEquals(late.takeChanged(), ["locked"]);
  assertEquals(locks(late, "once", false, 7), true);
  assertEquals(restored(51_000).unknownNames, 1);
});

Deno.test("Lockout: names without an account that are forgotten are so in the store", () => {
  const lockout = new Lockout({ attempts: 2, blockMs: 1000, capacity: 2 });
  for (const name of ["a", "b", "c"]) lockout.handleFailure(name, false, 0);
  const now = { mono: 0, wall: 0 };
  const stored = lockout.takeChanged()
    .map((name) => lockout.toStored(name, now).failures);
  assertEquals(stored, [0, 1, 1]);
});

function isBlocked(lockout: Lockout, name: string, now: number): boolean {
  return lockout.blockedFor(name, now) > 0;
}

/** True when the failure locks the name. */
function locks(
  lockout: Lockout,
  name: string,
  isKnown: boolean,
  now: number,
): boolean {
  const { attempts } = lockout.handleFailure(name, isKnown, now);
  return attempts === 0;
}
