import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { KnownPeers } from "../../../lib/client/trust/known_peers.ts";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const random = new SeededRandom(2);
const one = Identity.fromSeed(random.bytes(32)).publicKey;
const two = Identity.fromSeed(random.bytes(32)).publicKey;

Deno.test("KnownPeers.judge() tells first, same, changed and renamed, and remembers nothing", () => {
  const peers = new KnownPeers("", "a:1");
  assertEquals(peers.judge("yoda", one), { trust: "first" });
  assertEquals(peers.judge("yoda", one), { trust: "first" });
  peers.pin("yoda", one);
  assertEquals(peers.judge("yoda", one), { trust: "same", verified: false });
  assertEquals(peers.judge("yoda", two), { trust: "changed", verified: false });
  assertEquals(peers.judge("master", one), {
    trust: "renamed",
    formerly: "yoda",
    verified: false,
  });
  peers.pin("yoda", two);
  assertEquals(peers.judge("yoda", two), { trust: "same", verified: false });
});

Deno.test("KnownPeers reads and ends lines as the file does", () => {
  const text = `# mine\r\na:1 yoda ${one} verified\r\n`;
  const peers = new KnownPeers(text, "a:1");
  assertEquals(peers.find("yoda"), { key: one, verified: true });
  assertEquals(peers.toText(), text);
});

Deno.test("KnownPeers.pin() forgets that a key was verified when it changes", () => {
  const peers = new KnownPeers("", "a:1");
  peers.pin("yoda", one, true);
  assertEquals(peers.find("yoda"), { key: one, verified: true });
  peers.pin("yoda", two);
  assertEquals(peers.find("yoda"), { key: two, verified: false });
});

Deno.test("KnownPeers.handleRenamed() takes the key along and keeps it at the old name", () => {
  const peers = new KnownPeers("", "a:1");
  peers.pin("luke", one, true);
  peers.handleRenamed("luke", "ben");
  peers.handleRenamed("nobody", "vader");
  assertEquals(peers.find("ben"), { key: one, verified: true });
  assertEquals(peers.judge("luke", two), { trust: "changed", verified: true });
  // A name that somebody else had is not overwritten.
  peers.pin("leia", two);
  peers.handleRenamed("ben", "leia");
  assertEquals(peers.find("leia"), { key: two, verified: false });
  assertEquals(peers.find("vader"), undefined);
});

Deno.test("KnownPeers.toText() reads back and keeps other lines", () => {
  const other = `b:1 yoda ${two} verified\n# note\n`;
  const peers = new KnownPeers(other, "a:1");
  assertEquals(peers.find("yoda"), undefined);
  peers.pin("yoda", one, true);
  peers.pin("leia", two);
  const text = peers.toText();
  assertEquals(text, `${other}a:1 yoda ${one} verified\na:1 leia ${two}\n`);
  assertEquals(new KnownPeers(text, "a:1").toText(), text);
  const others = new KnownPeers(text, "b:1");
  assertEquals(others.find("yoda"), { key: two, verified: true });
});

Deno.test("KnownPeers: whom a server's clients met by one address they know by all", () => {
  const server = { fingerprint: `SHA256:${"A".repeat(43)}`, store: "a b\n" };
  const mark = `@ ${server.fingerprint} 6120620a`;
  // An older file does not say which server is where.
  const old = `# note\na:1 luke ${one} verified\n`;
  assertEquals(new KnownPeers(old, "a:1").toText(), old);
  assertEquals(new KnownPeers(old, "b:1", server).toText(), old);
  const marked = new KnownPeers(old, "a:1", server).toText();
  assertEquals(marked, `# note\na:1 ${mark}\na:1 luke ${one} verified\n`);
  assertEquals(new KnownPeers(marked, "a:1").toText(), marked);
  assertEquals(new KnownPeers(marked, "a:1", server).toText(), marked);

  const there = new KnownPeers(marked, "b:1", server);
  assertEquals(there.find("luke"), { key: one, verified: true });
  assertEquals(there.judge("luke", two).trust, "changed");
  there.pin("leia", two);
  const both = there.toText();
  for (const label of ["a:1", "b:1"]) {
    const known = new KnownPeers(both, label);
    assertEquals(known.find("luke"), { key: one, verified: true });
    assertEquals(known.find("leia"), { key: two, verified: false });
    assertEquals(new KnownPeers(both, label, server).find("leia")?.key, two);
  }
  // What is accepted by one address is by the other.
  const accepting = new KnownPeers(both, "a:1", server);
  accepting.pin("luke", two);
  const accepted = accepting.toText();
  const by = new KnownPeers(accepted, "b:1", server);
  assertEquals(by.judge("luke", two), { trust: "same", verified: false });
});

Deno.test("KnownPeers: no other server has any part in what is known of one", () => {
  const server = { fingerprint: `SHA256:${"A".repeat(43)}`, store: "1" };
  const known = new KnownPeers("", "a:1", server);
  known.pin("luke", one, true);
  const text = known.toText();
  for (
    const other of [
      undefined,
      { ...server, store: "2" },
      { ...server, fingerprint: `SHA256:${"B".repeat(43)}` },
    ]
  ) {
    const elsewhere = new KnownPeers(text, "b:1", other);
    assertEquals(elsewhere.find("luke"), undefined);
    elsewhere.pin("luke", two);
    const after = elsewhere.toText();
    assertEquals(new KnownPeers(after, "a:1", server).find("luke")?.key, one);
    // Who leads to another server from now on keeps what it has.
    const moved = new KnownPeers(text, "a:1", other);
    assertEquals(moved.find("luke"), { key: one, verified: true });
    if (other === undefined) continue;
    const left = new KnownPeers(moved.toText(), "b:1", server);
    assertEquals(left.find("luke"), undefined);
  }
});

Deno.test("KnownPeers: of two addresses that differ, a number that was compared counts", () => {
  const server = { fingerprint: `SHA256:${"A".repeat(43)}`, store: "1" };
  const lines = (label: string, key: string, mark = "") =>
    `${label} @ ${server.fingerprint} 31\n${label} luke ${key}${mark}\n`;
  for (
    const [text, key] of [
      [lines("a:1", one) + lines("b:1", two), one],
      [lines("b:1", two) + lines("a:1", one), one],
      [lines("a:1", one) + lines("b:1", two, " verified"), two],
      [lines("a:1", one, " verified") + lines("b:1", two), one],
    ] as const
  ) {
    assertEquals(new KnownPeers(text, "a:1", server).find("luke")?.key, key);
  }
});

Deno.test("KnownPeers: a damaged line is a changed key, not a user never met", () => {
  for (
    const rest of [
      "",
      one.slice(1),
      `${one} verifie`,
      `${one} verified x`,
      `${one} verified 0123456789abcdef`,
      `${one} 0123456789abcdeX`,
    ]
  ) {
    const text = `a:1 yoda ${rest}\n`;
    const peers = new KnownPeers(text, "a:1");
    assertEquals(peers.judge("yoda", one).trust, "changed", rest);
    assertEquals(peers.toText(), text);
    peers.pin("yoda", one);
    assertEquals(peers.toText(), `a:1 yoda ${one}\n`);
  }
});

Deno.test("KnownPeers: a name under another account is another person's", () => {
  const [first, second] = ["0123456789abcdef", "fedcba9876543210"];
  const peers = new KnownPeers("", "a:1");
  peers.pin("yoda", one, true, first);
  peers.pin("luke", two, false, second);
  const text = `a:1 yoda ${one} ${first} verified\na:1 luke ${two} ${second}\n`;
  assertEquals(peers.toText(), text);
  const read = new KnownPeers(text, "a:1");
  assertEquals(read.toText(), text);
  const other = { trust: "changed", verified: true, isOther: true } as const;
  assertEquals(read.judge("yoda", one, second), other);
  assertEquals(read.judge("yoda", two, second), other);
  const same = { trust: "same", verified: true } as const;
  assertEquals(read.judge("yoda", one, first), same);
  assertEquals(read.judge("yoda", one), same);
});

Deno.test("KnownPeers is bounded, and full for new users only", () => {
  const lines = Array.from({ length: 10_000 }, (_, i) => `a:1 u${i} ${one}\n`);
  const peers = new KnownPeers(lines.join(""), "a:1");
  assert(peers.isFull);
  assertThrows(() => peers.pin("yoda", one), RangeError);
  peers.pin("u7", two);
  peers.handleRenamed("u8", "yoda");
  assertEquals(peers.find("yoda"), undefined);
});

Deno.test("KnownPeers refuses malformed keys and takes any text", () => {
  const peers = new KnownPeers("", "a:1");
  assertThrows(() => peers.pin("yoda", "x"), TypeError);
  assertThrows(() => peers.pin("yo da", one), TypeError);
  fc.assert(
    fc.property(fc.string(), (text) => {
      const read = new KnownPeers(text, "a:1").toText();
      assertEquals(new KnownPeers(read, "a:1").toText(), read);
    }),
    { seed: 4 },
  );
});

Deno.test("KnownPeers.join() adds who is not known and replaces no key", () => {
  const [id, other] = ["0123456789abcdef", "fedcba9876543210"];
  const there = new KnownPeers(`a:1 broken line\n`, "a:1");
  there.pin("luke", one, true, id);
  there.pin("leia", two, true);
  there.pin("hans", two, true);
  there.pin("ben", one, true, other);
  const lines = there.toLines();
  assertEquals(
    lines,
    `luke ${one} ${id} verified\nleia ${two} verified\nhans ${two} verified\n` +
      `ben ${one} ${other} verified\n`,
  );

  const here = new KnownPeers(`b:2 luke ${two}\na:1 damaged x\n`, "a:1");
  here.pin("leia", two);
  here.pin("hans", one);
  here.pin("ben", one, false, id);
  const more = `damaged ${one}\n\u{1b}[2J ${one}\nvader short\n\nvader\n`;
  for (const added of [1, 0]) {
    assertEquals(here.join(lines + more), {
      added,
      others: ["hans", "ben", "damaged"],
    });
    assertEquals(
      ["luke", "leia", "hans", "ben"].map((user) => here.find(user)),
      [
        { key: one, verified: true, account: id },
        { key: two, verified: true },
        { key: one, verified: false },
        { key: one, verified: false, account: id },
      ],
    );
    assertEquals(here.find("vader"), undefined);
  }
  // What is verified here stays so; the account is learnt.
  here.pin("leia", two, true);
  here.join(`leia ${two} ${id}\n`);
  assertEquals(here.find("leia"), { key: two, verified: true, account: id });

  const full = new KnownPeers("", "a:1");
  for (let n = 0; n < 10_000; n++) full.pin(`u${n}`, one);
  assertEquals(full.join(`luke ${two}\n`), { added: 0, others: [] });
});
