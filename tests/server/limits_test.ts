/** What happens at each limit of the limit table that the server core keeps. */
import { assert, assertEquals } from "@std/assert";
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { limits } from "../../lib/protocol/limits.ts";
import {
  encodeBind,
  encodeProbe,
} from "../../lib/protocol/rendezvous_datagram.ts";
import { FailedLogins } from "../../lib/server/failed_logins.ts";
import { OutgoingQueue } from "../../lib/server/outgoing_queue.ts";
import { RateLimit } from "../../lib/server/rate_limit.ts";
import { RelayQuota } from "../../lib/server/relay_quota.ts";
import { Rendezvous } from "../../lib/server/rendezvous.ts";
import { RequestRate } from "../../lib/server/request_rate.ts";
import { UdpProbes } from "../../lib/server/udp_probes.ts";
import { User } from "../../lib/server/user.ts";
import {
  accountsOf,
  CoreHarness,
  type TestClient,
} from "../support/core_harness.ts";
import { SeededRandom } from "../support/seeded_random.ts";

/** `code` of a refusal, without its sentence. */
function codeOf(refusal: string): string {
  return refusal.split(":", 1)[0] ?? "";
}

/** A line of exactly `bytes` bytes that is a request. */
function lineOf(bytes: number): string {
  const frame = (pad: number) =>
    JSON.stringify({ id: 999, do: "ping", pad: "x".repeat(pad) });
  return frame(bytes - frame(0).length) + "\n";
}

function two(options = {}): {
  harness: CoreHarness;
  yoda: TestClient;
  luke: TestClient;
} {
  const harness = new CoreHarness({ options });
  const [yoda, luke] = [harness.login("yoda"), harness.login("luke")];
  return { harness, yoda, luke };
}

function user(id: number, name: string): User {
  return new User({ id, name, cursor: 0, lastSeen: 0 });
}

const key = "A".repeat(43);

/** A file offer to luke; each number another one. */
function offerOf(number: number, name = "a.mp4") {
  const offer = number.toString(16).padStart(16, "0");
  const file = { name, size: 9 };
  const addresses = [{ ip: "10.0.0.7", port: 6666 }];
  return { offer, to: "luke", kind: "file", key, addresses, file } as const;
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
  const { harness, yoda, luke } = two();
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
  const { yoda } = two();
  const nested = (depth: number) =>
    `{"id":5,"do":"ping","x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  yoda.sendText(nested(limits.frameDepth) + "\n");
  assertEquals(yoda.replyTo(5), { ok: {} });
  yoda.sendText(nested(limits.frameDepth + 1) + "\n");
  assertEquals((yoda.replyTo(-1) as { code: string }).code, "bad_frame");
  assert(!yoda.closed);
});

Deno.test("limit badFramesInARow: so many end the connection, a good one between does not", () => {
  const { yoda, luke } = two();
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
  const { harness, yoda } = two();
  harness.advance(limits.heartbeatMs - 1);
  const before = yoda.eventsOf("ping").length;
  harness.advance(2 * limits.heartbeatMs);
  assert(yoda.eventsOf("ping").length > before);
});

Deno.test("limit deadMs: who sends nothing for so long is taken for dead", () => {
  const { harness, yoda, luke } = two();
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

Deno.test("limit messageRate: what comes faster is refused with the time to wait, and nothing of it is lost", () => {
  const messageRate = 10;
  const { harness, yoda, luke } = two({ messageRate });
  const burst = messageRate * limits.messageBurstSeconds;
  const send = (number: number) => ({
    to: ["luke"],
    text: `m${number}`,
    mid: `m${number}`,
  });
  for (let i = 0; i < burst; i++) yoda.ask("message", send(i));
  assertEquals(
    yoda.refused("message", send(burst)),
    "too_fast: You are sending too fast. Please try again in 1 s",
  );
  assertEquals(
    JSON.parse(yoda.lines.at(-1) ?? "").error.wait,
    1000,
    "for programs",
  );
  // Later ones must not overtake it.
  harness.advance(500);
  assertEquals(codeOf(yoda.refused("message", send(burst + 1))), "too_fast");
  // Signs of life and leaving are free, and others are not concerned.
  yoda.ask("ping", {});
  luke.ask("message", { to: ["yoda"], text: "slowly", mid: "1" });
  assert(!yoda.closed);
  for (let second = 1; second <= 3; second++) {
    harness.advance(1000);
    for (let i = 0; i < messageRate; i++) {
      yoda.ask("message", send(burst + second * messageRate + i));
    }
  }
  assertEquals(luke.texts.length, burst + 3 * messageRate);
});

Deno.test("limit messageBurstSeconds: so much of the rate comes at once, after any pause", () => {
  const rate = new RequestRate(7);
  const yoda = user(1, "yoda");
  for (const at of [0, 1e6]) {
    let taken = 0;
    while (rate.take(yoda, 1, at) === 0) taken++;
    assertEquals(taken, 7 * limits.messageBurstSeconds);
  }
});

Deno.test("limit messageReceivers: more are no request, and each counts for the rate", () => {
  const { yoda } = two();
  const to = Array.from({ length: limits.messageReceivers + 1 }, () => "luke");
  assertEquals(
    codeOf(yoda.refused("message", { to, text: "hi", mid: "1" })),
    "bad_request",
  );
  yoda.ask("message", { to: to.slice(1), text: "hi", mid: "1" });
  // However slow the rate, the largest message can be sent.
  const rate = new RequestRate(1);
  const luke = user(1, "luke");
  assertEquals(rate.take(luke, limits.messageReceivers, 0), 0);
  assertEquals(rate.take(luke, 1, 0), 1000);
  assertEquals(new RequestRate(0).take(luke, 1e9, 0), 0);
});

Deno.test("limit textCharacters: one more is refused", () => {
  const { yoda, luke } = two();
  const text = "🙂".repeat(limits.textCharacters);
  yoda.ask("message", { to: ["luke"], text, mid: "1" });
  assertEquals(
    codeOf(yoda.refused("broadcast", { text: `${text}a`, mid: "2" })),
    "text_too_long",
  );
  assertEquals(luke.texts.length, 1);
});

Deno.test("limit messagesPerDay: then no message more is taken of that user until tomorrow", () => {
  const { harness, yoda, luke } = two({ messagesPerDay: 3 });
  const send = (mid: string, ...to: string[]) => ({ to, text: "hi", mid });
  yoda.ask("message", send("1", "luke", "leia"));
  yoda.ask("broadcast", { text: "hi", mid: "2" });
  assertEquals(
    yoda.refused("message", send("3", "luke")),
    "history_full: You have sent 3 messages today; " +
      "the server takes no more of you until 00:00 UTC",
  );
  yoda.ask("who", {});
  luke.ask("message", send("1", "yoda"));
  harness.advance(86_400_000);
  yoda.ask("message", send("3", "luke"));
});

Deno.test("limit mailboxMessages: a full mailbox takes no more, says so, and is emptied by reading", () => {
  const mailboxMessages = 3;
  let harness = new CoreHarness({ options: { mailboxMessages } });
  let yoda = harness.login("yoda");
  const send = (mid: string, ...to: string[]) => ({ to, text: mid, mid });
  for (const mid of ["1", "2", "3"]) yoda.ask("message", send(mid, "luke"));
  const full = "mailbox_full: The mailbox of luke is full: 3 messages wait " +
    "there already. Nothing was sent";
  assertEquals(yoda.refused("message", send("4", "leia", "luke")), full);
  // One that was sent already is told as sent.
  yoda.ask("message", send("3", "luke"));
  // What could not be stored takes no place; a restart forgets nothing.
  harness = harness.restarted({ options: { mailboxMessages } });
  yoda = harness.login("yoda");
  assertEquals(yoda.refused("message", send("4", "luke")), full);
  const luke = harness.login("luke");
  assertEquals(luke.texts.length, 3);
  yoda.ask("message", send("5", "luke"));
  const ids = luke.eventsOf("message").map(({ id }) => id);
  luke.ask("ack", { upto: ids[1] ?? 0 });
  luke.disconnect();
  // Two wait: "3" and "5", of which the latter was sent while luke was on line.
  yoda.ask("message", send("6", "luke"));
  harness.commits = "failing";
  assertEquals(
    codeOf(yoda.refused("message", send("7", "luke"))),
    "storage_failed",
  );
  harness.commits = "done";
  yoda.ask("message", send("8", "luke"));
  assertEquals(yoda.refused("message", send("9", "luke")), full);
});

Deno.test("limit messageIdCharacters: a longer id is no request", () => {
  const { yoda } = two();
  const mid = "m".repeat(limits.messageIdCharacters);
  yoda.ask("broadcast", { text: "hi", mid });
  assertEquals(
    codeOf(yoda.refused("broadcast", { text: "hi", mid: `${mid}m` })),
    "bad_request",
  );
});

Deno.test("limit rememberedMessageIds: an older id counts as new", () => {
  const { yoda } = two();
  const send = (mid: string) =>
    yoda.ask("broadcast", { text: "hi", mid }).number;
  const first = send("first");
  for (let i = 1; i < limits.rememberedMessageIds; i++) send(`m${i}`);
  assertEquals(send("first"), first);
  send("another");
  assert(send("first") > first);
});

Deno.test("limit unconfirmedMessages: more of one connection are refused until some are stored", () => {
  const { harness, yoda } = two();
  harness.commits = "held";
  const send = (mid: string) => yoda.send("broadcast", { text: "hi", mid });
  for (let i = 0; i < limits.unconfirmedMessages; i++) send(`m${i}`);
  const reply = yoda.replyTo(send("more"));
  assert(reply !== undefined && "code" in reply);
  assertEquals(reply.code, "too_many_unconfirmed");
  harness.release();
  yoda.ask("broadcast", { text: "hi", mid: "more" });
});

Deno.test("limit historyMessages: an answer holds no more, and more are not to be asked for", () => {
  const { yoda, luke } = two();
  for (let i = 0; i <= limits.historyMessages; i++) {
    yoda.ask("message", { to: ["luke"], text: "hi", mid: `m${i}` });
  }
  const limit = limits.historyMessages;
  assertEquals(luke.ask("history", { limit }).messages.length, limit);
  assertEquals(
    codeOf(luke.refused("history", { limit: limit + 1 })),
    "bad_request",
  );
});

Deno.test("limit historyBytes: an answer ends before it gets longer", () => {
  const { yoda, luke } = two();
  const text = "x".repeat(limits.textCharacters);
  for (let i = 0; i < 20; i++) {
    yoda.ask("message", { to: ["luke"], text, mid: `m${i}` });
  }
  const { messages } = luke.ask("history", {});
  const bytes = JSON.stringify(messages).length;
  assert(bytes <= limits.historyBytes, `${bytes}`);
  assert(messages.length >= 10);
});

Deno.test("limit profileCharacters: a longer value is refused", () => {
  const { yoda } = two();
  const value = "🙂".repeat(limits.profileCharacters);
  yoda.ask("profile-set", { field: "status", value });
  assertEquals(
    codeOf(
      yoda.refused("profile-set", { field: "status", value: `${value}a` }),
    ),
    "text_too_long",
  );
});

Deno.test("limit seenUsers: no more are listed, all are counted", () => {
  const { harness, yoda } = two();
  const accounts = accountsOf(["yoda", "luke"]);
  const credential = accounts.get("yoda");
  assert(credential !== undefined);
  const count = limits.seenUsers + 5;
  for (let i = 0; i < count; i++) accounts.set(`u${i}`, credential);
  harness.core.handleAccounts(accounts, harness.now);
  harness.drive();
  // As if all had been here: the store says when somebody was seen last.
  for (const stored of harness.store.users.values()) {
    const lastSeen = harness.now.wall - 1000;
    harness.store.users.set(stored.id, { ...stored, lastSeen });
  }
  yoda.disconnect();
  const later = harness.restarted({ accounts });
  const { users, total } = later.login("yoda").ask("who-since", {
    seconds: 60,
  });
  assertEquals(users.length, limits.seenUsers);
  assert(total >= count, `${total}`);
});

Deno.test("limit groupUsers: a group takes no more", () => {
  const { yoda } = two();
  const users = Array.from({ length: limits.groupUsers + 1 }, () => "luke");
  assertEquals(
    codeOf(yoda.refused("group-create", { group: "jedi", users })),
    "bad_request",
  );
  yoda.ask("group-create", { group: "jedi", users: users.slice(1) });
});

Deno.test("limits groupsPerUser and invitationsPerUser: no group and no invitation more", () => {
  const leaders = ["a", "b", "c", "d", "e"];
  const harness = new CoreHarness({ users: ["luke", ...leaders] });
  const create = (client: TestClient, group: string) =>
    client.send("group-create", { group, users: ["luke"] });
  let last: unknown;
  for (const name of leaders) {
    const client = harness.login(name);
    for (let i = 0; i < limits.groupsPerUser; i++) {
      last = client.replyTo(create(client, `${name}${i}`));
      if (name !== "e") assert("ok" in (last as object), JSON.stringify(last));
    }
    if (name === "e") continue;
    const more = client.replyTo(create(client, `${name}more`));
    assertEquals((more as { code: string }).code, "too_many_groups");
  }
  assertEquals(
    leaders.length * limits.groupsPerUser > limits.invitationsPerUser,
    true,
  );
  assertEquals((last as { code: string }).code, "too_many_groups");
});

Deno.test("limit outgoingBytes: a reader that leaves more unread is disconnected and costs nothing", () => {
  const queue = new OutgoingQueue();
  assert(queue.push(new Uint8Array(limits.outgoingBytes)));
  assert(!queue.push(new Uint8Array(1)));
  assertEquals(queue.bytes, 0);
  const { harness, yoda, luke } = two();
  luke.reads = false;
  const text = "x".repeat(limits.textCharacters);
  for (let i = 0; i * text.length <= limits.outgoingBytes; i++) {
    yoda.ask("message", { to: ["luke"], text, mid: `m${i}` });
  }
  assert(luke.closed);
  assert(harness.reports.some((line) => line.includes("luke")));
});

Deno.test("limit offersPerUser: no more are made until one has ended", () => {
  const { yoda, luke } = two();
  for (let i = 0; i < limits.offersPerUser; i++) yoda.ask("offer", offerOf(i));
  const more = offerOf(limits.offersPerUser);
  assertEquals(codeOf(yoda.refused("offer", more)), "too_many_offers");
  luke.ask("answer", { offer: offerOf(0).offer, accept: false });
  yoda.ask("offer", more);
});

Deno.test("limit offerMs: an offer without an answer ends for both", () => {
  const { harness, yoda, luke } = two();
  yoda.ask("offer", offerOf(1));
  harness.advance(limits.offerMs - 1000);
  assertEquals(yoda.eventsOf("offer-end"), []);
  harness.advance(1000);
  assertEquals(yoda.eventsOf("offer-end").length, 1);
  assertEquals(luke.eventsOf("offer-end").length, 1);
});

Deno.test("limit parkedFrames: no more is kept for who lost the connection", () => {
  const { yoda, harness } = two();
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
      luke.ask("answer", { offer: offerOf(base + i).offer, accept: true, key });
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

Deno.test("limit fileNameBytes: a longer name cannot be offered", () => {
  const { yoda } = two();
  const name = "é".repeat(127) + "a";
  yoda.ask("offer", offerOf(1, name));
  assertEquals(
    codeOf(yoda.refused("offer", offerOf(2, `${name}a`))),
    "bad_file_name",
  );
});

Deno.test("limit addresses: more in an offer are no request", () => {
  const { yoda } = two();
  const address = { ip: "10.0.0.7", port: 6666 };
  const addresses = Array.from({ length: limits.addresses }, () => address);
  yoda.ask("offer", { ...offerOf(1), addresses });
  const more = { ...offerOf(2), addresses: [...addresses, address] };
  assertEquals(codeOf(yoda.refused("offer", more)), "bad_request");
});

Deno.test("limit bindingMs: a client silent over UDP for so long has no address", () => {
  const random = new SeededRandom(1);
  const rendezvous = new Rendezvous({ find: () => undefined }, 0, random);
  const yoda = user(1, "yoda");
  yoda.awaySince = 1e6;
  const issued = rendezvous.issue(yoda);
  const [id, secret] = [decodeHex(issued.id), decodeBase64Url(issued.key)];
  const from = { ip: "192.0.2.1", port: 5 };
  const at = (mono: number) => ({ mono, wall: mono });
  rendezvous.handleDatagram(encodeBind(id, secret, 1), from, at(0));
  assertEquals(rendezvous.addresses(yoda, limits.bindingMs - 1), [from]);
  assertEquals(rendezvous.addresses(yoda, limits.bindingMs), []);
});

Deno.test("limit datagramsPerAddress: no more of one address are looked at in a second", () => {
  const rate = new RateLimit(limits.datagramsPerAddress);
  let taken = 0;
  for (let i = 0; i < 1000; i++) if (rate.take("192.0.2.1", 500)) taken++;
  assertEquals(taken, limits.datagramsPerAddress);
  assert(rate.take("192.0.2.2", 500));
  assert(rate.take("192.0.2.1", 1000));
  // Even from more addresses than it can tell apart.
  for (let i = 0; i < 100_000; i++) rate.take(`address ${i}`, 1000);
  assert(!rate.take("one more", 1000));
});

Deno.test("limit probesPerAddress: no more of one address are answered in a second", () => {
  const probes = new UdpProbes(new SeededRandom(1));
  const grant = probes.issue(0);
  const [id, secret] = [decodeHex(grant.id), decodeBase64Url(grant.key)];
  const answered = (ip: string, now: number) => {
    const probe = encodeProbe(id, secret, 1, 64);
    return probes.handleDatagram(probe, { ip, port: 5 }, now) !== undefined;
  };
  let count = 0;
  for (let i = 0; i < 200; i++) {
    if (answered(`2001:db8::${i.toString(16)}`, 500)) count++;
  }
  assertEquals(count, limits.probesPerAddress);
  assert(answered("2001:db8:0:1::1", 500) && answered("2001:db8::1", 1000));
});

Deno.test("limit relayBytesPerSecond: no more is relayed for a user", () => {
  const quota = new RelayQuota(1e12);
  const yoda = user(1, "yoda");
  let bytes = 0;
  for (let mono = 0; mono < 10_000; mono++) {
    const now = { mono, wall: mono };
    while (quota.take(yoda, 1000, now) === undefined) bytes += 1000;
  }
  const rate = bytes / 10;
  assert(rate <= 1.01 * limits.relayBytesPerSecond, `${rate}`);
  assert(rate >= 0.95 * limits.relayBytesPerSecond, `${rate}`);
});

Deno.test("limit relayMegabytesPerDay: no more is relayed for a user until tomorrow", () => {
  const quota = new RelayQuota(limits.relayMegabytesPerDay * 1e6);
  const yoda = user(1, "yoda");
  let bytes = 0;
  let now = { mono: 0, wall: 0 };
  for (;; now = { mono: now.mono + 30, wall: now.wall + 30 }) {
    const refusal = quota.take(yoda, 240_000, now);
    if (refusal !== undefined) {
      assertEquals(refusal, "quota");
      break;
    }
    bytes += 240_000;
  }
  assertEquals(Math.ceil(bytes / 1e6), limits.relayMegabytesPerDay);
  const tomorrow = { mono: now.mono, wall: now.wall + 86_400_000 };
  assertEquals(quota.take(yoda, 240_000, tomorrow), undefined);
});
