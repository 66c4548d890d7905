/** The wall clock is set while the server runs: deadlines go on as they were. */
import { assert, assertEquals } from "@std/assert";
import { CoreHarness } from "../support/core_harness.ts";

const dayMs = 86_400_000;

/** Sets the wall clock; the monotonic one goes on. */
function setClock(harness: CoreHarness, byMs: number): void {
  const { mono, wall } = harness.now;
  harness.now = { mono, wall: wall + byMs };
}

for (const [name, jumpMs] of [["forward", dayMs], ["back", -dayMs]] as const) {
  Deno.test(`ServerCore logs nobody out when the clock is set a day ${name}`, () => {
    const harness = new CoreHarness({ options: { idleMs: 60_000 } });
    const yoda = harness.login("yoda");
    const luke = harness.login("luke");
    harness.advance(5_000);
    setClock(harness, jumpMs);
    harness.advance(50_000);
    for (const client of [yoda, luke]) {
      assert(!client.closed);
      client.ask("message", { to: ["leia"], text: "here", mid: "m1" });
    }
    const { users } = yoda.ask("who", {});
    assertEquals(users.map(({ user }) => user), ["luke"]);
    // Who does nothing is still logged out after a minute, not a day.
    harness.advance(61_000);
    assertEquals([yoda.bye, luke.bye], ["idle", "idle"]);
  });

  Deno.test(`ServerCore ends a lock on time when the clock is set a day ${name}`, () => {
    const harness = new CoreHarness();
    const code = () => {
      const client = harness.connect();
      const id = client.sendLogin("yoda", "wrong");
      const reply = client.replyTo(id) ?? client.replyTo(-1);
      client.disconnect();
      return reply !== undefined && "code" in reply ? reply.code : "ok";
    };
    assertEquals([code(), code(), code()], [
      "login_failed",
      "login_failed",
      "login_failed_blocked",
    ]);
    setClock(harness, jumpMs);
    harness.advance(9_000);
    const early = harness.connect();
    early.hello();
    assert(
      early.refused("login", {
        scram: "n,,n=yoda,r=nonce-of-a-client",
        udpPort: 0,
      })
        .startsWith("account_blocked"),
    );
    early.disconnect();
    harness.advance(1_100);
    harness.login("yoda");
  });

  Deno.test(`ServerCore keeps a token for ten minutes when the clock is set a day ${name}`, () => {
    const harness = new CoreHarness();
    const yoda = harness.login("yoda");
    const luke = harness.login("luke");
    yoda.disconnect();
    luke.disconnect();
    setClock(harness, jumpMs);
    harness.advance(590_000);
    harness.connect().resume(yoda.token);
    harness.advance(20_000);
    const late = harness.connect();
    late.hello();
    assert(
      late.refused("resume", { token: luke.token, udpPort: 0 })
        .startsWith("token_invalid"),
    );
  });
}

Deno.test("ServerCore lets a clock that was set back prolong no token over a restart", () => {
  const harness = new CoreHarness();
  const { token } = harness.login("yoda");
  // The server dies, and its machine comes up a day in the past.
  const { wall } = harness.now;
  const again = harness.restarted({ now: { mono: 50, wall: wall - dayMs } });
  again.advance(16 * 60_000);
  const late = again.connect();
  late.hello();
  assert(
    late.refused("resume", { token, udpPort: 0 }).startsWith("token_invalid"),
  );
});

Deno.test("ServerCore stores a living session's token anew when the clock was set", () => {
  for (const jumpMs of [dayMs, -dayMs]) {
    const harness = new CoreHarness();
    const { token } = harness.login("yoda");
    setClock(harness, jumpMs);
    harness.advance(12_000);
    // A crash after that: the token is as good as after any crash.
    const again = harness.restarted();
    again.advance(60_000);
    again.connect().resume(token);
  }
});

Deno.test("ServerCore keeps numbers and order when the clock is set back", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  yoda.ask("message", { to: ["luke"], text: "first", mid: "1" });
  setClock(harness, -dayMs);
  yoda.ask("message", { to: ["luke"], text: "second", mid: "2" });
  const luke = harness.login("luke");
  harness.advance(1_000);
  const got = luke.eventsOf("message").map(({ number, text }) =>
    `${number} ${text}`
  );
  assertEquals(got, ["1 first", "2 second"]);
  const past = luke.ask("history", {});
  assertEquals(past.messages.map(({ number }) => number), [1, 2]);
});
