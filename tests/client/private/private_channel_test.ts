import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { X25519KeyPair } from "../../../lib/security/x25519.ts";
import {
  ChannelEnd,
  ChannelPair,
  type EndOptions,
} from "../../support/channel_pair.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

for (const size of [Infinity, 1, 7]) {
  Deno.test(`PrivateChannel: opens and talks in pieces of ${size} bytes`, () => {
    const { offerer, answerer, ...pair } = flowing(size);
    for (const [index, text] of texts.entries()) {
      const from = index % 2 === 0 ? offerer : answerer;
      assertEquals(from.channel.handleText(text), undefined);
    }
    pair.flow();
    assertEquals(answerer.texts, texts.filter((_, index) => index % 2 === 0));
    assertEquals(offerer.texts, texts.filter((_, index) => index % 2 === 1));
    assertEquals(offerer.channel.unconfirmed, 0);
    assertEquals(answerer.channel.unconfirmed, 0);
    answerer.channel.handleClose("stopped");
    pair.flow();
    assertEquals(offerer.closed, {
      event: "closed",
      reason: "peer",
      message: "leia ended it",
    });
    assertEquals(answerer.closed, undefined);
    assert(offerer.channel.isFinished && answerer.channel.isFinished);
  });
}

Deno.test("PrivateChannel: an end that was called says nothing before a hello", () => {
  const { answerer, now } = new ChannelPair();
  assertEquals(answerer.take(now).length, 0);
  answerer.give(new Uint8Array(46), now);
  assertEquals(answerer.take(now).length, 0);
  assertEquals(closeOf(answerer).reason, "failed");
});

Deno.test("PrivateChannel: no two connections have the same keys", () => {
  const random = new SeededRandom(7);
  const keyPair = new X25519KeyPair(random);
  const other = new X25519KeyPair(random);
  const sealed = [1, 2].map((seed) => {
    const pair = new ChannelPair({ keyPair }, { keyPair: other }, seed).open();
    pair.offerer.channel.handleText("the same text");
    return pair.offerer.take(pair.now);
  });
  assertNotEquals(sealed[0], sealed[1]);
});

const someone = new X25519KeyPair(new SeededRandom(99));
const lies: Record<string, [EndOptions, EndOptions]> = {
  "another name of the peer": [{ peer: { user: "luke", key: "" } }, {}],
  "another own name": [{}, { self: "luke" }],
  "names swapped": [{ self: "leia", peer: { user: "han", key: "" } }, {}],
  "another key of the peer": [
    { peer: { user: "leia", key: someone.publicKey } },
    {},
  ],
  "a key that the server swapped for the answerer": [
    {},
    { peer: { user: "han", key: someone.publicKey } },
  ],
  "another id": [{ id: "ffffffffffffffff" }, {}],
  "the same role": [{}, { role: "offerer" }],
};
for (const [lie, [offerer, answerer]] of Object.entries(lies)) {
  Deno.test(`PrivateChannel: ${lie} never becomes established`, () => {
    const random = new SeededRandom(5);
    const keyPair = new X25519KeyPair(random);
    const other = new X25519KeyPair(random);
    const told = offerer.peer?.key === ""
      ? { ...offerer, peer: { ...offerer.peer, key: other.publicKey } }
      : offerer;
    const pair = new ChannelPair({ keyPair, ...told }, {
      keyPair: other,
      ...answerer,
    });
    pair.flow();
    for (const end of [pair.offerer, pair.answerer]) {
      end.channel.handleEnd();
      end.collect();
      assertEquals(end.events.map(({ event }) => event), ["closed"]);
    }
  });
}

Deno.test("PrivateChannel: unusable keys are refused", () => {
  const good = someone.publicKey;
  const twin = good.slice(0, -1) + String.fromCharCode(good.charCodeAt(42) + 1);
  for (
    const key of ["A".repeat(43), "", "x", good + "A", twin, "é".repeat(43)]
  ) {
    assertThrows(
      () => new ChannelPair({ peer: { user: "leia", key } }),
      RangeError,
    );
  }
});

Deno.test("PrivateChannel: any altered byte of a record ends the session", () => {
  const reference = new ChannelPair().open();
  reference.offerer.channel.handleText("hi");
  const length = reference.offerer.take(reference.now).length;
  for (let at = 0; at < length; at++) {
    const pair = new ChannelPair().open();
    pair.offerer.channel.handleText("hi");
    const bytes = pair.offerer.take(pair.now);
    bytes[at]! ^= 1 << (at % 8);
    pair.answerer.give(bytes, pair.now);
    pair.answerer.channel.handleEnd();
    pair.answerer.collect();
    assertEquals(pair.answerer.texts, []);
    const { reason, message } = closeOf(pair.answerer);
    // A longer length is no fault until the rest fails to come.
    if (reason === "lost") assertMatch(message, /in the middle of a message/);
    else assertMatch(message, /altered, repeated or left out/);
    assert(at < 2 || reason === "failed");
  }
});

Deno.test("PrivateChannel: the side that finds damage tells the other", () => {
  const pair = new ChannelPair().open();
  pair.offerer.channel.handleText("hi");
  const bytes = pair.offerer.take(pair.now);
  bytes[10]! ^= 1;
  pair.answerer.give(bytes, pair.now);
  pair.flow();
  assertEquals(closeOf(pair.offerer), {
    event: "closed",
    reason: "failed",
    message: "leia received damaged data and ended it",
  });
  assertEquals(pair.offerer.channel.unconfirmed, 1);
});

const tricks: Record<
  string,
  (first: Uint8Array, second: Uint8Array) => Uint8Array[]
> = {
  repeated: (first, second) => [first, first, second],
  reordered: (first, second) => [second, first],
  "left out": (_, second) => [second],
};
for (const [trick, change] of Object.entries(tricks)) {
  Deno.test(`PrivateChannel: a record ${trick} ends the session`, () => {
    const pair = new ChannelPair().open();
    const records = ["one", "two"].map((text) => {
      pair.offerer.channel.handleText(text);
      return pair.offerer.take(pair.now);
    });
    for (const bytes of change(records[0]!, records[1]!)) {
      pair.answerer.give(bytes, pair.now);
    }
    assertEquals(closeOf(pair.answerer).reason, "failed");
    assertEquals(pair.answerer.texts, trick === "repeated" ? ["one"] : []);
  });
}

Deno.test("PrivateChannel: a record sent back to its sender is refused", () => {
  const pair = new ChannelPair().open();
  pair.offerer.channel.handleText("echo");
  const bytes = pair.offerer.take(pair.now);
  pair.offerer.give(bytes, pair.now);
  assertEquals(pair.offerer.texts, []);
  assertEquals(closeOf(pair.offerer).reason, "failed");
});

Deno.test("PrivateChannel: a recorded connection cannot be played again", () => {
  const random = new SeededRandom(3);
  const keyPair = new X25519KeyPair(random);
  const other = new X25519KeyPair(random);
  const first = new ChannelPair({ keyPair }, { keyPair: other }, 10);
  const hello = first.offerer.take(first.now);
  first.answerer.give(hello, first.now);
  first.offerer.give(first.answerer.take(first.now), first.now);
  const proof = first.offerer.take(first.now);
  const second = new ChannelPair({ keyPair }, { keyPair: other }, 11);
  second.answerer.give(hello, second.now);
  second.answerer.take(second.now);
  second.answerer.give(proof, second.now);
  assertEquals(second.answerer.events.map(({ event }) => event), ["closed"]);
});

Deno.test("PrivateChannel: an end without a close is no clean end", () => {
  const pair = new ChannelPair().open();
  pair.offerer.channel.handleText("cut here");
  const bytes = pair.offerer.take(pair.now);
  pair.answerer.give(bytes.subarray(0, 50), pair.now);
  pair.answerer.channel.handleEnd();
  pair.answerer.collect();
  pair.offerer.channel.handleEnd();
  pair.offerer.collect();
  assertEquals(pair.answerer.closed, {
    event: "closed",
    reason: "lost",
    message: "The connection to han broke off in the middle of a message",
  });
  assertEquals(
    closeOf(pair.offerer).message,
    "The connection to leia was lost",
  );
  assertEquals(pair.offerer.channel.unconfirmed, 1);
});

Deno.test("PrivateChannel: records out of turn end the session", () => {
  const pair = new ChannelPair();
  pair.flow();
  assertThrows(() => pair.answerer.channel.handleChoose(), Error, "offerer");
  assertMatch(
    pair.answerer.channel.handleText("early") ?? "",
    /no private session/,
  );
  // The offerer ends before the answerer opened: no text or open is shown.
  pair.offerer.channel.handleClose("left");
  pair.flow();
  const names = pair.answerer.events.map(({ event }) => event);
  assertEquals(names, ["established", "closed"]);
});

Deno.test("PrivateChannel: refuses texts that are not allowed", () => {
  const { offerer } = new ChannelPair().open();
  for (
    const text of ["", "  ", "a\u001b[2J", "\ud800", "x".repeat(4097), "a\rb"]
  ) {
    assertMatch(offerer.channel.handleText(text) ?? "", /1 to 4096 characters/);
  }
  assertEquals(offerer.channel.unconfirmed, 0);
});

Deno.test("PrivateChannel: what waits for a peer that does not read is bounded", () => {
  const { offerer } = new ChannelPair().open();
  const text = "x".repeat(4096);
  let queued = 0;
  while (queued < 10_000 && offerer.channel.handleText(text) === undefined) {
    queued++;
  }
  assert(queued > 1_000 && queued < 10_000, `${queued}`);
  assertEquals(offerer.channel.unconfirmed, queued);
});

Deno.test("PrivateChannel: several pings owe one pong", () => {
  const pair = new ChannelPair().open();
  for (let i = 0; i < 2; i++) {
    pair.now += 10_000;
    pair.offerer.channel.handleTimeout(pair.now);
    const ping = pair.offerer.take(pair.now);
    assertEquals(ping.length, 82);
    pair.answerer.give(ping, pair.now);
  }
  assertEquals(pair.answerer.take(pair.now).length, 82);
});

Deno.test("PrivateChannel: heartbeats keep a silent session alive", () => {
  const pair = new ChannelPair().open();
  const end = pair.now + 3_600_000;
  let pings = 0;
  while (pair.now < end) {
    pair.now = Math.min(
      pair.offerer.channel.pollTimeout(),
      pair.answerer.channel.pollTimeout(),
    );
    pair.offerer.channel.handleTimeout(pair.now);
    pair.answerer.channel.handleTimeout(pair.now);
    pair.flow();
    pings++;
  }
  assert(pings <= 361, `${pings}`);
  assertEquals([pair.offerer.closed, pair.answerer.closed], [
    undefined,
    undefined,
  ]);
});

Deno.test("PrivateChannel: a silent peer is given up after 30 s", () => {
  const pair = new ChannelPair().open();
  const start = pair.now;
  while (pair.offerer.closed === undefined) {
    pair.now = pair.offerer.channel.pollTimeout();
    pair.offerer.channel.handleTimeout(pair.now);
    pair.offerer.take(pair.now);
    pair.offerer.collect();
  }
  assertEquals(pair.now - start, 30_000);
  assertEquals(pair.offerer.closed, {
    event: "closed",
    reason: "lost",
    message: "Nothing was heard from leia for 30 seconds",
  });
  assertEquals(pair.offerer.channel.pollTimeout(), Infinity);
});

Deno.test("PrivateChannel: a blocked socket does not spin the timer", () => {
  const { offerer, now } = new ChannelPair().open();
  offerer.channel.handleText("stuck");
  const at = offerer.channel.pollTimeout();
  assertEquals(at, now + 10_000);
  offerer.channel.handleTimeout(at);
  assertEquals(offerer.channel.pollTimeout(), now + 30_000);
});

Deno.test("PrivateChannel: an unfinished handshake ends after 10 s", () => {
  const pair = new ChannelPair();
  assertEquals(pair.answerer.channel.pollTimeout(), pair.now + 10_000);
  pair.answerer.channel.handleTimeout(pair.now + 9_999);
  pair.answerer.collect();
  assertEquals(pair.answerer.closed, undefined);
  pair.answerer.channel.handleTimeout(pair.now + 10_000);
  pair.answerer.collect();
  assertEquals(closeOf(pair.answerer).reason, "failed");
});

Deno.test("PrivateChannel: lengths on the wire come in steps of 64", () => {
  const pair = new ChannelPair().open();
  const lengths = [1, 20, 61, 62, 125, 126].map((count) => {
    pair.offerer.channel.handleText("x".repeat(count));
    return pair.offerer.take(pair.now).length;
  });
  assertEquals(lengths, [82, 82, 82, 146, 146, 210]);
});

Deno.test("PrivateChannel: random bytes in any state end it and show nothing", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), {
        minLength: 1,
        maxLength: 8,
      }),
      fc.constantFrom("hello", "proof", "established", "open"),
      fc.integer(),
      (pieces, state, seed) => {
        const pair = new ChannelPair({}, {}, seed);
        if (state === "proof") pair.answerer.give(pair.offerer.take(1), 1);
        if (state === "established") pair.flow();
        if (state === "open") pair.open();
        const before = pair.answerer.events.length;
        for (const piece of pieces) pair.answerer.give(piece, pair.now);
        pair.answerer.channel.handleEnd();
        pair.answerer.collect();
        const after = pair.answerer.events.slice(before);
        assertEquals(after.map(({ event }) => event), ["closed"]);
      },
    ),
    { numRuns: 300 },
  );
});

const texts = [
  "hi",
  "ünïcödé \u{1f600}",
  "x".repeat(4096),
  "\u{1f600}".repeat(4096),
  "last",
];

function flowing(size: number) {
  const pair = new ChannelPair().open(size);
  for (const end of [pair.offerer, pair.answerer]) {
    assertEquals(end.events.map(({ event }) => event), ["established", "open"]);
  }
  const { offerer, answerer } = pair;
  return { offerer, answerer, flow: () => pair.flow(size) };
}

function closeOf(end: ChannelEnd) {
  end.collect();
  const { closed } = end;
  if (closed?.event !== "closed") throw new Error("It did not close");
  return closed;
}
