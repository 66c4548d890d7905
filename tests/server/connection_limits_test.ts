/** What happens at each limit of the limit table that concerns connections. */
import { assert, assertEquals } from "@std/assert";
import { limits } from "../../lib/wire/limits.ts";
import {
  connectionsWithin,
  enoughFiles,
  FailedLogins,
  newcomersWithin,
} from "../../lib/server/core/limits.ts";
import { OutgoingQueue } from "../../lib/server/model/outgoing_queue.ts";
import { CoreHarness } from "../support/core_harness.ts";
import { codeOf, offerOf, peerKey, twoUsers } from "../support/limit_case.ts";

/** A line of exactly `bytes` bytes that is a request. */
function lineOf(bytes: number): string {
  const frame = (pad: number) =>
    JSON.stringify({ id: 999, do: "ping", pad: "x".repeat(pad) });
  return frame(bytes - frame(0).length) + "\n";
}

Deno.test("limit frameBytesBeforeLogin: one byte more ends the connection", () => {
  const harness = new CoreHarness();
  const client = harness.connect();
  client.hello();
  client.sendText(lineOf(limits.frameBytesBeforeLogin));
  assert(!client.closed);
  client.sendText(lineOf(limits.frameBytesBeforeLogin + 1));
  assertEquals(client.replyTo(-1), {
    code: "frame_too_long",
    message: "This line is longer than 4096 bytes",
  });
  assert(client.closed);
});

Deno.test("limit frameBytes: one byte more ends the connection, held or not", () => {
  const { harness, yoda, luke } = twoUsers();
  yoda.sendText(lineOf(limits.frameBytes));
  assert(!yoda.closed);
  yoda.sendText(lineOf(limits.frameBytes + 1));
  assert(yoda.closed);
  // Without a line feed nothing past the limit is waited for.
  luke.sendText("x".repeat(limits.frameBytes + 1));
  assert(!luke.closed);
  luke.sendText("x");
  assert(luke.closed);
  assertEquals(harness.core.gauges().online, 0);
});

Deno.test("limit frameDepth: a deeper line is no request", () => {
  const { yoda } = twoUsers();
  const nested = (depth: number) =>
    `{"id":5,"do":"ping","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  yoda.sendText(nested(limits.frameDepth) + "\n");
  assertEquals(yoda.replyTo(5), { ok: {} });
  yoda.sendText(nested(limits.frameDepth + 1) + "\n");
  assertEquals((yoda.replyTo(-1) as { code: string }).code, "bad_frame");
  assert(!yoda.closed);
});

Deno.test("limit badFramesInARow: so many end the connection, a good one between does not", () => {
  const { yoda, luke } = twoUsers();
  for (let i = 1; i < limits.badFramesInARow; i++) yoda.sendText("[]\n");
  yoda.sendText('{"do":"ping"}\n');
  for (let i = 1; i < limits.badFramesInARow; i++) yoda.sendText("[]\n");
  assert(!yoda.closed);
  yoda.sendText("[]\n");
  assert(yoda.closed);
  for (let i = 0; i < 2 * limits.badFramesInARow; i++) {
    luke.sendText('{"do":"of a newer protocol"}\n');
  }
  assert(!luke.closed);
});

Deno.test("limit loginMs: who has not logged in by then is hung up on", () => {
  const harness = new CoreHarness();
  const client = harness.connect();
  client.hello();
  for (let second = 1; second < 10; second++) {
    harness.advance(1000);
    client.sendText(" ");
    assert(!client.closed);
  }
  harness.advance(1000);
  assertEquals([client.bye, client.closed], ["login_timeout", true]);
});

Deno.test("limit unauthenticatedPerAddress: one more is refused, elsewhere none is", () => {
  const harness = new CoreHarness();
  const open = (ip: string, count: number) =>
    Array.from({ length: count }, () => harness.connect(ip));
  const most = limits.unauthenticatedPerAddress;
  const first = open("192.0.2.1", most);
  const [refused] = open("192.0.2.1", 1);
  assertEquals([refused?.bye, refused?.closed], ["too_many_connections", true]);
  assert(first.every((client) => !client.closed));
  open("192.0.2.2", 1).forEach((client) => client.hello());
  // All addresses of an IPv6 network count as one.
  const six = Array.from(
    { length: most + 1 },
    (_, i) => harness.connect(`2001:db8::${i.toString(16)}`),
  );
  assertEquals(six.filter((client) => client.closed).length, 1);
  assert(!harness.connect("2001:db8:0:1::1").closed);
  // Who logs in leaves a place.
  first[0]?.login("yoda");
  assert(!harness.connect("192.0.2.1").closed);
});

Deno.test("limit unauthenticated: one more is refused, whatever its address", () => {
  const harness = new CoreHarness();
  for (let i = 0; i < limits.unauthenticated; i++) {
    harness.connect(`10.0.${i >> 3}.1`);
  }
  const refused = harness.connect("192.0.2.1");
  assertEquals([refused.bye, refused.closed], ["too_many_connections", true]);
});

Deno.test("limit reservedFiles: half of the others are for those who are not logged in", () => {
  assertEquals(
    [enoughFiles, enoughFiles - 1, 1000, 256, 20].map(newcomersWithin),
    [limits.unauthenticated, limits.unauthenticated - 1, 436, 64, 16],
  );
  const unauthenticated = newcomersWithin(256);
  const harness = new CoreHarness({ options: { unauthenticated } });
  const strangers = Array.from(
    { length: 70 },
    (_, i) => harness.connect(`10.0.${i >> 3}.1`),
  );
  assertEquals(strangers.filter(({ closed }) => closed).length, 6);
  // Those who are logged in do not count.
  harness.advance(limits.makeRoomMs);
  for (const name of ["yoda", "luke"]) harness.login(name, "192.0.2.1");
  assertEquals(harness.core.gauges().online, 2);
});

Deno.test("limit ownFiles: all clients together leave the server some", () => {
  assertEquals(
    [enoughFiles, enoughFiles - 1, 256, 20].map(connectionsWithin),
    [Infinity, enoughFiles - 1 - limits.ownFiles, 256 - limits.ownFiles, 32],
  );
  // Strangers alone cannot make it full: who comes makes one of them go.
  for (let files = 0; files < enoughFiles; files++) {
    assert(newcomersWithin(files) < connectionsWithin(files), `${files} files`);
  }
});

Deno.test("limit makeRoomMs: from then on the oldest goes, not who comes", () => {
  const harness = new CoreHarness();
  const idle = [];
  for (let i = 0; i < limits.unauthenticatedPerAddress; i++) {
    idle.push(harness.connect());
  }
  harness.advance(limits.makeRoomMs - 1);
  assert(harness.connect().closed);
  harness.advance(1);
  const late = harness.connect();
  late.login("yoda");
  assertEquals(idle.map((client) => client.closed).indexOf(false), 1);
  assertEquals(idle[0]?.bye, "too_many_connections");
  // Whoever waits for the store does not have to go.
  harness.commits = "held";
  const first = harness.connect("192.0.2.5");
  const id = first.sendLogin("leia");
  for (let i = 1; i < limits.unauthenticatedPerAddress; i++) {
    harness.connect("192.0.2.5");
  }
  harness.advance(limits.makeRoomMs);
  for (let i = 0; i < 9; i++) assert(!harness.connect("192.0.2.5").closed);
  harness.release();
  assert("ok" in (first.replyTo(id) ?? {}));
  // In all, too.
  for (let i = 0; i < 2 * limits.unauthenticated; i++) {
    harness.connect(`10.${i >> 8}.${i & 255}.1`);
  }
  assert(harness.connect("192.0.2.7").closed);
  harness.advance(limits.makeRoomMs);
  harness.connect("192.0.2.7").login("luke");
});

Deno.test("limit addressFailures: then logins from there wait, but not of who came in from there", () => {
  const harness = new CoreHarness({ options: { addressFailures: 5 } });
  const from = "192.0.2.1";
  harness.login("luke", from).disconnect();
  const client = harness.connect(from);
  client.hello();
  const scram = (name: string) => ({
    scram: `n,,n=${name},r=noncenoncenoncenonce`,
    udpPort: 0,
  });
  for (let i = 0; i < 5; i++) client.ask("login", scram(`nobody${i}`));
  assertEquals(
    client.refused("login", scram("yoda")),
    "too_many_failures: Too many failed logins from your address. " +
      "Please try again in 12 s",
  );
  assert(!client.closed);
  // Neither others behind the same address who are known there, nor others
  // elsewhere, nor who sits at the server.
  harness.connect(from).login("luke");
  harness.connect("192.0.2.2").login("leia");
  const local = harness.connect("127.0.0.1");
  local.hello();
  for (let i = 0; i < 9; i++) local.ask("login", scram(`nobody${i}`));
  harness.advance(9_000);
  assertEquals(
    codeOf(client.refused("login", scram("x"))),
    "too_many_failures",
  );
  const again = harness.connect(from);
  again.hello();
  harness.advance(3_000);
  again.login("yoda");
});

Deno.test("limit failingAddresses: the one longest without a failure is forgotten", () => {
  const failed = new FailedLogins(1);
  assertEquals(failed.take("first", "yoda", 0), 0);
  assert(failed.take("first", "yoda", 0) > 0);
  for (let i = 0; i < limits.failingAddresses; i++) {
    failed.take(`address ${i}`, "yoda", 0);
  }
  assertEquals(failed.size, limits.failingAddresses);
  assertEquals(failed.take("first", "yoda", 0), 0);
});

Deno.test("limit heartbeatMs: who was sent nothing for so long is pinged", () => {
  const { harness, yoda } = twoUsers();
  harness.advance(limits.heartbeatMs - 1);
  const before = yoda.eventsOf("ping").length;
  harness.advance(2 * limits.heartbeatMs);
  assert(yoda.eventsOf("ping").length > before);
});

Deno.test("limit deadMs: who sends nothing for so long is taken for dead", () => {
  const { harness, yoda, luke } = twoUsers();
  yoda.alive = false;
  harness.advance(limits.deadMs - 1);
  assert(!yoda.closed);
  harness.advance(limits.heartbeatMs);
  assertEquals([yoda.bye, yoda.closed], ["heartbeat_missed", true]);
  assert(!luke.closed);
});

Deno.test("limit tokenMs: a token is good as long after the loss, not longer", () => {
  for (const [late, good] of [[-1000, true], [1000, false]] as const) {
    const harness = new CoreHarness();
    const yoda = harness.login("yoda");
    yoda.disconnect();
    harness.advance(limits.tokenMs + late);
    const back = harness.connect();
    back.hello();
    const id = back.send("resume", { token: yoda.token, udpPort: 0 });
    const reply = back.replyTo(id) ?? {};
    assertEquals("ok" in reply, good, JSON.stringify(reply));
  }
});

Deno.test("limit outgoingBytes: a reader that leaves more unread is disconnected and costs nothing", () => {
  const queue = new OutgoingQueue();
  assert(queue.push(new Uint8Array(limits.outgoingBytes)));
  assert(!queue.push(new Uint8Array(1)));
  assertEquals(queue.bytes, 0);
  const { harness, yoda, luke } = twoUsers();
  luke.reads = false;
  const text = "x".repeat(limits.textCharacters);
  for (let i = 0; i * text.length <= limits.outgoingBytes; i++) {
    yoda.ask("message", { to: ["luke"], text, mid: `m${i}` });
  }
  assert(luke.closed);
  assert(harness.reports.some((line) => line.includes("luke")));
});

Deno.test("limit parkedFrames: no more is kept for who lost the connection", () => {
  const { yoda, harness } = twoUsers();
  const leia = harness.login("leia");
  for (const client of [yoda, leia]) {
    for (let i = 0; i < limits.offersPerUser; i++) {
      const base = client === yoda ? 0 : 1000;
      client.ask("offer", offerOf(base + i));
    }
  }
  const luke = harness.clients.get(2);
  assert(luke !== undefined);
  for (const client of [yoda, leia]) {
    const base = client === yoda ? 0 : 1000;
    for (let i = 0; i < limits.offersPerUser; i++) {
      luke.ask("answer", {
        offer: offerOf(base + i).offer,
        accept: true,
        key: peerKey,
      });
    }
  }
  const { token } = luke;
  luke.disconnect();
  for (const client of [yoda, leia]) {
    const base = client === yoda ? 0 : 1000;
    for (let i = 0; i < limits.offersPerUser; i++) {
      client.ask("offer-end", {
        offer: offerOf(base + i).offer,
        result: "cancelled",
      });
    }
  }
  const back = harness.connect();
  back.resume(token ?? "");
  assertEquals(back.eventsOf("offer-end").length, limits.parkedFrames);
});
