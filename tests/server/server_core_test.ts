import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { TestClient } from "../support/core_client.ts";
import { CoreHarness } from "../support/core_harness.ts";

Deno.test("ServerCore takes frames however they are cut", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const text =
    '{"id":900,"do":"message","to":["luke"],"text":"é🙂","mid":"1"}\r\n' +
    '{"id":901,"do":"message","to":["luke"],"text":"b","mid":"2"}\n';
  for (const byte of new TextEncoder().encode(text)) {
    yoda.sendBytes(Uint8Array.of(byte));
  }
  assertEquals(luke.texts, ["yoda: é🙂", "yoda: b"]);
});

Deno.test("ServerCore answers what is no request and stays", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  yoda.sendText("nonsense\n");
  assertEquals(codeOf(yoda, -1), "bad_frame");
  yoda.sendText('{"id":500,"do":"dance"}\n');
  assertEquals(codeOf(yoda, 500), "unknown_request");
  yoda.sendText('{"id":501,"do":"ack","upto":"x"}\n');
  assertEquals(codeOf(yoda, 501), "bad_request");
  yoda.sendText("[".repeat(5000) + "\n");
  for (let i = 0; i < 100; i++) {
    yoda.sendText('{"id":502,"do":"x"}\n'.replace("502", `${600 + i}`));
  }
  assert(!yoda.closed);
  yoda.ask("who", {});
});

Deno.test("ServerCore ends a connection that begins with TLS at once, with a word", () => {
  const harness = new CoreHarness();
  const lost = harness.connect();
  lost.sendBytes(Uint8Array.of(0x16));
  assertEquals(codeOf(lost, -1), "bad_frame");
  assert(lost.closed);
  // Later such a byte is a malformed line like any other.
  const yoda = harness.login("yoda");
  yoda.sendText("\x16\x03\n");
  assert(!yoda.closed);
});

Deno.test("ServerCore closes a connection after 20 malformed lines in a row", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  yoda.sendText("x\n".repeat(19));
  yoda.ask("who", {});
  yoda.sendText("x\n".repeat(19));
  assert(!yoda.closed);
  yoda.sendText("x\n");
  assert(yoda.closed);
});

Deno.test("ServerCore ends a connection with a line too long or not UTF-8", () => {
  const harness = new CoreHarness();
  const stranger = harness.connect();
  stranger.sendText("x".repeat(4096));
  assert(!stranger.closed);
  stranger.sendText("xx");
  assertEquals(codeOf(stranger, -1), "frame_too_long");
  assert(stranger.closed);
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.sendText(`{"do":"ping","x":"${"x".repeat(60_000)}"}\n`);
  assert(!yoda.closed, "the limit is higher after login");
  yoda.sendText("x".repeat(65_540));
  assertEquals(codeOf(yoda, -1), "frame_too_long");
  luke.sendBytes(Uint8Array.of(0x7b, 0xff, 0x7d, 0x0a));
  assertEquals(codeOf(luke, -1), "bad_frame");
  assert(yoda.closed && luke.closed);
  assertEquals(harness.userLog, []);
});

Deno.test("ServerCore replies and delivers only after the commit", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  harness.commits = "held";
  const first = yoda.send("message", { to: ["luke"], text: "1", mid: "1" });
  const create = luke.send("group-create", { group: "g", users: ["yoda"] });
  const second = yoda.send("message", { to: ["luke"], text: "2", mid: "2" });
  assertEquals(luke.texts, []);
  assertEquals(harness.log, []);
  yoda.ask("who", {});
  for (const id of [first, create, second]) {
    assertEquals(yoda.replyTo(id) ?? luke.replyTo(create), undefined);
  }
  harness.release();
  assertEquals(luke.texts, ["yoda: 1", "yoda: 2"]);
  assertEquals(harness.log.length, 2);
  assertEquals(yoda.eventsOf("invited").length, 1);
});

Deno.test("ServerCore undoes a batch that cannot be stored, and numbers on without a gap", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("group-create", { group: "jedi", users: ["luke"] });
  harness.commits = "failing";
  const message = { to: ["luke", "leia"], text: "x", mid: "m" };
  const failed =
    "storage_failed: The server could not store this. Nothing was sent; please try again";
  assertEquals(yoda.refused("message", message), failed);
  assertEquals(
    yoda.refused("group-message", { group: "jedi", text: "x", mid: "n" }),
    failed,
  );
  assertEquals(luke.refused("group-join", { group: "jedi" }), failed);
  assertEquals(
    yoda.refused("group-create", { group: "sith", users: ["luke"] }),
    failed,
  );
  assertEquals([luke.texts, harness.log, harness.logOf("jedi")], [[], [], []]);
  assertEquals(luke.eventsOf("invited").length, 1);
  assertEquals(yoda.eventsOf("joined"), []);
  harness.commits = "done";
  const { sent } = yoda.ask("message", message);
  assertEquals(sent.map(({ number }) => number), [1, 2]);
  assertEquals(
    yoda.ask("group-message", { group: "jedi", text: "x", mid: "n" }).number,
    1,
  );
  assertEquals(harness.store.messages.map(({ id }) => id), [1, 2, 3]);
  luke.ask("group-join", { group: "jedi" });
  yoda.ask("group-create", { group: "sith", users: ["luke"] });
});

Deno.test("ServerCore fails a whole batch and handles what waited for it against what is stored", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  harness.commits = "failing";
  const lines = [1, 2, 3].map((i) =>
    `{"id":${900 + i},"do":"group-create","group":"g","users":["luke"]}\n`
  );
  yoda.sendText(lines.join(""));
  // Only the first could have been made; but none was.
  assertEquals([901, 902, 903].map((id) => codeOf(yoda, id)), [
    "storage_failed",
    "storage_failed",
    "storage_failed",
  ]);
  harness.commits = "done";
  luke.ask("group-create", { group: "G", users: ["yoda"] });
});

Deno.test("ServerCore bounds the requests of a connection that wait for the store", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.commits = "held";
  let last = 0;
  for (let i = 0; i < 257; i++) {
    last = yoda.send("message", { to: ["luke"], text: "x", mid: `${i}` });
  }
  assertEquals(codeOf(yoda, last), "too_many_unconfirmed");
  harness.release();
  assertEquals(harness.store.messages.length, 256);
});

Deno.test("ServerCore disconnects a reader that is too slow, and nobody else", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const slow = harness.login("leia");
  yoda.ask("group-create", { group: "g", users: ["luke", "leia"] });
  luke.ask("group-join", { group: "g" });
  slow.ask("group-join", { group: "g" });
  slow.reads = false;
  const text = "x".repeat(4000);
  for (let i = 0; i < 300; i++) {
    yoda.ask("group-message", { group: "g", text, mid: `${i}` });
  }
  assert(slow.closed);
  assertEquals(luke.texts.length, 300);
  assertEquals(yoda.eventsOf("presence").at(-1)?.user, "leia");
  const again = harness.connect();
  assertEquals(again.resume(slow.token).waiting, 300);
  harness.advance(5_000);
  assertEquals(again.texts.length, 300);
});

Deno.test("ServerCore hands a full mailbox to a slow connection without ending it", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const text = "x".repeat(4000);
  const send = (i: number) =>
    yoda.ask("message", { to: ["luke"], text: `${i} ${text}`, mid: `${i}` });
  for (let i = 0; i < 700; i++) send(i);
  const luke = harness.connect();
  luke.hello();
  luke.sendLogin("luke");
  luke.reads = false;
  for (let i = 700; i < 1000; i++) {
    if (i % 50 === 0) {
      luke.reads = true;
      harness.advance(30);
      luke.reads = false;
    }
    send(i);
  }
  luke.reads = true;
  harness.advance(10_000);
  assert(!luke.closed);
  assertEquals(
    luke.eventsOf("message").map((each) => parseInt(each.text)),
    Array.from({ length: 1000 }, (_, i) => i),
  );
});

Deno.test("ServerCore pings what is silent and hangs up on what is dead", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  luke.alive = false;
  harness.advance(10_100);
  assertEquals(luke.eventsOf("ping").length, 1);
  harness.advance(20_000);
  assert(luke.closed);
  assertEquals(luke.bye, "heartbeat_missed");
  assertEquals(harness.userLog.map(({ user }) => user), ["yoda"]);
  assertEquals(yoda.eventsOf("presence").at(-1)?.online, false);
  harness.advance(300_000);
  assert(!yoda.closed);
});

Deno.test("ServerCore logs out who asks for nothing; messages and pings do not count", () => {
  const harness = new CoreHarness({ options: { idleMs: 60_000 } });
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  for (let i = 0; i < 5; i++) {
    harness.advance(11_000);
    yoda.ask("message", { to: ["luke"], text: "x", mid: `${i}` });
    luke.ask("ack", { upto: i + 1 });
    luke.ask("ping", {});
  }
  assert(!luke.closed);
  // A quarter of the time before the end, and once.
  assertEquals(luke.eventsOf("idle"), [{ wait: 15_000 }]);
  assertEquals(yoda.eventsOf("idle"), []);
  harness.advance(6_000);
  assert(luke.closed && !yoda.closed);
  assertEquals(luke.eventsOf("bye"), [{
    code: "idle",
    message: "Logged out after 60 seconds of inactivity",
  }]);
  const again = harness.connect();
  again.hello();
  assert(
    again.refused("resume", { token: luke.token, udpPort: 0 })
      .startsWith("token_invalid"),
  );
});

Deno.test("ServerCore logs out on time when the idle time-out is short", () => {
  const harness = new CoreHarness({ options: { idleMs: 3000 } });
  harness.advance(500);
  const yoda = harness.login("yoda");
  harness.advance(2200);
  assertEquals(yoda.eventsOf("idle"), []);
  harness.advance(100);
  const [{ wait } = { wait: 0 }] = yoda.eventsOf("idle");
  assert(wait > 650 && wait <= 750, `${wait}`);
  harness.advance(600);
  assert(!yoda.closed);
  harness.advance(200);
  assertEquals(yoda.bye, "idle");
});

Deno.test("ServerCore warns a minute before a long idle time-out, again after activity", () => {
  const harness = new CoreHarness({ options: { idleMs: 900_000 } });
  const yoda = harness.login("yoda");
  const stay = (ms: number) => {
    for (let passed = 0; passed < ms; passed += 10_000) {
      harness.advance(10_000);
      yoda.ask("ping", {});
    }
  };
  stay(830_000);
  assertEquals(yoda.eventsOf("idle"), []);
  stay(40_000);
  const [first = { wait: 0 }, ...others] = yoda.eventsOf("idle");
  assertEquals(others, []);
  assert(first.wait > 49_000 && first.wait <= 60_000, `${first.wait}`);
  yoda.ask("who", {});
  stay(830_000);
  assertEquals(yoda.eventsOf("idle").length, 1);
  stay(60_000);
  assertEquals(yoda.eventsOf("idle").length, 2);
  assert(!yoda.closed);
});

Deno.test("ServerCore takes traffic between clients as activity", () => {
  const harness = new CoreHarness({ options: { idleMs: 60_000 } });
  const yoda = harness.login("yoda");
  for (let i = 0; i < 20; i++) {
    harness.advance(10_000);
    yoda.ask("ping", { active: true });
  }
  assert(!yoda.closed);
  harness.advance(60_100);
  assertEquals(yoda.bye, "idle");
});

Deno.test("ServerCore says goodbye to all at shutdown and stores what is left", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const stranger = harness.connect();
  yoda.ask("message", { to: ["luke"], text: "x", mid: "x" });
  luke.ask("ack", { upto: 1 });
  luke.events.length = 0;
  harness.core.handleShutdown(harness.now);
  harness.drive();
  for (const client of [yoda, luke, stranger]) {
    assertEquals(client.bye, "shutting_down");
    assert(client.closed);
  }
  assertEquals(luke.eventsOf("presence"), []);
  assertEquals(harness.userLog, []);
  assertEquals(harness.reports.filter((each) => /^(yoda|luke) /.test(each)), [
    "yoda logged in from 192.0.2.1",
    "luke logged in from 192.0.2.1",
  ]);
  assert(harness.core.stopped);
  assertEquals(harness.connect().bye, "shutting_down");
  const after = harness.restarted();
  assertEquals(after.connect().resume(luke.token).waiting, 0);
});

Deno.test("ServerCore ends the batch under way before it says goodbye", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.commits = "held";
  const id = yoda.send("message", { to: ["luke"], text: "x", mid: "x" });
  const late = yoda.send("message", { to: ["luke"], text: "y", mid: "y" });
  harness.core.handleShutdown(harness.now);
  harness.drive();
  assert(!yoda.closed && !harness.core.stopped);
  harness.release();
  assert(yoda.closed && harness.core.stopped);
  assert("ok" in (yoda.replyTo(id) ?? {}));
  assertEquals(codeOf(yoda, late), "shutting_down");
  assertEquals(harness.store.messages.length, 1);
});

Deno.test("ServerCore retries what no request waited for", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  yoda.ask("message", { to: ["luke"], text: "x", mid: "x" });
  harness.commits = "failing";
  luke.ask("ack", { upto: 1 });
  harness.advance(5_000);
  harness.commits = "done";
  harness.advance(1_100);
  assertEquals(harness.cursorOf("luke"), 1);
});

Deno.test("ServerCore hands waiting messages over when reading them failed at first", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  yoda.ask("message", { to: ["luke"], text: "1", mid: "1" });
  harness.queries = "failing";
  const luke = harness.login("luke");
  yoda.ask("message", { to: ["luke"], text: "2", mid: "2" });
  harness.advance(3_000);
  assertEquals(luke.texts, []);
  harness.queries = "done";
  harness.advance(1_100);
  assertEquals(luke.texts, ["yoda: 1 (kept)", "yoda: 2"]);
  yoda.ask("message", { to: ["luke"], text: "3", mid: "3" });
  assertEquals(luke.texts.at(-1), "yoda: 3");
});

Deno.test("ServerCore holds what is sent while waiting messages are read", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  const text = "x".repeat(4000);
  const send = (i: number) =>
    yoda.ask("message", { to: ["luke"], text: `${i} ${text}`, mid: `${i}` });
  send(0);
  // A few are held; too many to hold are read from the store again.
  for (const count of [3, 200]) {
    harness.queries = "held";
    const luke = harness.connect();
    luke.hello();
    luke.sendLogin("luke");
    for (let i = 1; i < count; i++) send(i);
    assertEquals(luke.texts, []);
    harness.answer();
    harness.advance(1_000);
    assertEquals(
      luke.eventsOf("message").map((each) => parseInt(each.text)),
      Array.from({ length: count }, (_, i) => i),
    );
    luke.disconnect();
  }
});

Deno.test("ServerCore takes a logout behind a message, and both once", () => {
  const harness = new CoreHarness();
  const yoda = harness.login("yoda");
  harness.commits = "held";
  const message = yoda.send("message", { to: ["luke"], text: "1", mid: "1" });
  const logout = yoda.send("logout", {});
  yoda.send("logout", {});
  assert(!yoda.closed);
  harness.release();
  assert(yoda.closed);
  assert("ok" in (yoda.replyTo(message) ?? {}));
  assert("ok" in (yoda.replyTo(logout) ?? {}));
  assertEquals(harness.login("luke").texts, ["yoda: 1 (kept)"]);
});

Deno.test("ServerCore survives random bytes", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 20 }),
      (chunks) => {
        const harness = new CoreHarness();
        const client = harness.connect();
        for (const chunk of chunks) client.sendBytes(chunk);
        harness.login("yoda").ask("who", {});
      },
    ),
    { numRuns: 200 },
  );
});

Deno.test("ServerCore survives random requests, and keeps what it promised", () => {
  const name = fc.constantFrom("yoda", "luke", "leia", "nobody", "", "\u0000");
  const group = fc.constantFrom("g", "G", "h", "?", "");
  const text = fc.constantFrom("hi", "", "\u001b", "x".repeat(5000));
  const mid = fc.constantFrom("1", "2", "3", "");
  const offer = fc.constantFrom("00".repeat(8), "11".repeat(8), "z");
  const key = fc.constantFrom("k".repeat(43), "");
  const request = fc.oneof(
    fc.record({
      do: fc.constant("message"),
      to: fc.array(name, { maxLength: 3 }),
      text,
      mid,
    }),
    fc.record({
      do: fc.constant("group-create"),
      group,
      users: fc.array(name),
    }),
    fc.record({ do: fc.constant("group-join"), group }),
    fc.record({ do: fc.constant("group-leave"), group }),
    fc.record({
      do: fc.constantFrom("group-add", "group-remove", "group-promote"),
      group,
      user: name,
    }),
    fc.record({ do: fc.constant("group-message"), group, text, mid }),
    fc.record({
      do: fc.constant("offer"),
      offer,
      to: name,
      kind: fc.constant("session"),
      key,
      addresses: fc.constant([]),
    }),
    fc.record({ do: fc.constant("answer"), offer, accept: fc.boolean(), key }),
    fc.record({
      do: fc.constant("offer-end"),
      offer,
      result: fc.constant("closed"),
    }),
    fc.record({ do: fc.constant("ack"), upto: fc.nat(20) }),
    fc.record({
      do: fc.constantFrom(
        "who",
        "groups",
        "hello",
        "proof",
        "resume",
        "logout",
        "x",
      ),
      token: fc.string(),
    }),
    fc.anything(),
  );
  const step = fc.record({
    client: fc.nat(2),
    request,
    commits: fc.constantFrom(
      "done" as const,
      "done" as const,
      "held" as const,
      "failing" as const,
    ),
    advance: fc.constantFrom(0, 0, 50, 11_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const harness = new CoreHarness();
      const users = ["yoda", "luke", "leia"];
      const clients = users.map((user) => harness.login(user));
      for (
        const [i, { client, request, commits, advance }] of steps.entries()
      ) {
        harness.release();
        harness.commits = commits;
        let sender = clients[client];
        if (sender?.closed) {
          harness.release();
          sender = clients[client] = harness.login(users[client] ?? "");
        }
        // Ids of its own, so that the clients' own requests are not confused.
        const frame = { ...request as object, id: 1e6 + i };
        sender?.sendText(JSON.stringify(frame) + "\n");
        harness.advance(advance);
      }
      harness.release();
      const ids = harness.store.messages.map(({ id }) => id);
      assertEquals(ids, ids.map((_, index) => index + 1), "no gaps");
      const numbers = harness.log.map((line) => parseInt(line));
      assertEquals(numbers, numbers.map((_, index) => index + 1));
      for (const client of clients) {
        const got = client.eventsOf("message").map(({ id }) => id);
        assertEquals(got, [...new Set(got)].sort((a, b) => a - b));
      }
      assertEquals(memberships(harness), memberships(harness.restarted()));
    }),
    { numRuns: 300 },
  );
});

/** Every group with its members, as they see it. */
function memberships(harness: CoreHarness): string[] {
  const seen = ["yoda", "luke", "leia"].flatMap((name) => {
    for (const other of harness.clients.values()) {
      if (!other.closed) other.disconnect();
    }
    const client = harness.login(name);
    return client.ask("groups", {}).groups.map(({ group }) => {
      const { joined, invited, leader } = client
        .ask("group-members", { group });
      assert(joined.includes(leader));
      return JSON.stringify([group, leader, joined.sort(), invited.sort()]);
    });
  });
  return [...new Set(seen)].sort();
}

function codeOf(client: TestClient, id: number): string | undefined {
  const reply = client.replyTo(id);
  return reply !== undefined && "code" in reply ? reply.code : undefined;
}

Deno.test("ServerCore prepares the next batch while one is stored, and undoes both when that fails", () => {
  const harness = new CoreHarness({ options: { batchRequests: 2 } });
  const yoda = harness.login("yoda");
  const luke = harness.login("luke");
  const texts = () => luke.eventsOf("message").map(({ text }) => text);
  const send = (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      yoda.send("message", { to: ["luke"], text: `t${i}`, mid: `m${i}` });
    }
  };
  harness.commits = "held";
  send(0, 5);
  assertEquals(texts(), []);
  harness.release("failing");
  // The first was under way, the next two prepared, the others waited.
  assertEquals(texts(), ["t3", "t4"]);
  assertEquals(
    harness.store.messages.map(({ id, number, text }) => [id, number, text]),
    [[1, 1, "t3"], [2, 2, "t4"]],
  );
  harness.commits = "held";
  send(0, 3);
  harness.release();
  assertEquals(texts(), ["t3", "t4", "t0", "t1", "t2"]);
  assertEquals(
    harness.store.messages.map(({ number }) => number),
    [1, 2, 3, 4, 5],
  );
});
