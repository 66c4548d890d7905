import { assert, assertEquals } from "@std/assert";
import { globToRegExp } from "@std/path";
import fc from "fast-check";
import type { TreeEntry } from "../../../lib/client/tree/entry_list.ts";
import {
  decodeChoice,
  encodeChoice,
  fileStreamSize,
  includedEntries,
  leftOutFiles,
  missingBytes,
  noStart,
  streamSize,
} from "../../../lib/client/tree/tree_choice.ts";
import { decodeRequest } from "../../../lib/wire/request.ts";
import { SeededRandom } from "../../support/seeded_random.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";

const { blockBytes } = transferLimits;

function entry(path: string, size: number, isFolder = false): TreeEntry {
  return { path, size, isFolder, modified: 0, isExecutable: false };
}

const entries = [
  entry("a", 0, true),
  entry("a/b", 3 * blockBytes),
  entry("a/c", 10),
];

Deno.test("decodeChoice() gives back what was encoded", () => {
  const digest = new Uint8Array(32).fill(7);
  const start = { entry: 1, blocks: 2, digest };
  const choice = { wanted: [true, true, false], start };
  assertEquals(decodeChoice(encodeChoice(choice), entries), choice);
  const some = { ...choice, leftOut: [false, false, true] };
  assertEquals(decodeChoice(encodeChoice(some), entries), some);
  assertEquals(leftOutFiles(entries, some), 1);
  const all = { wanted: [true, true, true], start };
  const none = { ...all, leftOut: [false, false, false] };
  assertEquals(decodeChoice(encodeChoice(none), entries), all);
});

Deno.test("the choice among as many entries as there may be fits into an answer", () => {
  const random = new SeededRandom(1);
  // As many of each kind as take most room: nothing of it can be foreseen.
  const kinds = Array.from(random.bytes(100_000), (byte) => byte % 3);
  const wanted = kinds.map((kind) => kind === 0);
  const leftOut = kinds.map((kind) => kind === 1);
  const choice = { wanted, leftOut, start: noStart };
  const text = encodeChoice(choice);
  const answer = { do: "answer", id: 1, offer: "0".repeat(16), accept: true };
  const line = JSON.stringify({ ...answer, resume: text });
  assert("request" in decodeRequest(line));
  const all = wanted.map((_, index) => entry(`${index}`, 1));
  assertEquals(decodeChoice(text, all), choice);
});

Deno.test("decodeChoice() refuses a part of a file that is not wanted, or that is whole", () => {
  const wanted = [true, true, false];
  const digest = new Uint8Array(32);
  for (const [index, blocks] of [[1, 3], [0, 1], [2, 1], [9, 1]] as const) {
    const start = { entry: index, blocks, digest };
    const text = encodeChoice({ wanted, start });
    assertEquals(decodeChoice(text, entries), undefined);
  }
});

Deno.test("decodeChoice() of any text gives a choice or nothing", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const each of [text, `tree ${text}`]) decodeChoice(each, entries);
    }),
    { seed: 3 },
  );
  // What would unpack to more than a choice can be.
  const bomb = encodeChoice({
    wanted: new Array(1_000_000).fill(false),
    start: noStart,
  });
  assertEquals(decodeChoice(bomb, entries), undefined);
});

Deno.test("streamSize() counts what is missing, its marks, a footer each, and the digest", () => {
  const start = { entry: 1, blocks: 2, digest: new Uint8Array(32) };
  const choice = { wanted: [true, true, true], start };
  assertEquals(missingBytes(entries, choice), blockBytes + 10);
  assertEquals(streamSize(entries, choice), blockBytes + 10 + 2 + 2 * 33 + 32);
  const mib = 1024 * 1024;
  assertEquals([0, 1, mib, mib + 1].map(fileStreamSize), [
    33,
    1 + 1 + 33,
    mib + 1 + 33,
    mib + 1 + 2 + 33,
  ]);
});

const tree = ["a", "b", "b/a", "b/b", "b/b/c"].map((path) => ({
  ...{ path, size: 0, modified: 0, isExecutable: false },
  isFolder: path.endsWith("b"),
}));

function included(...patterns: string[]): string {
  const are = includedEntries(
    tree,
    patterns.map((each) => globToRegExp(each)),
  );
  return tree.filter((_, index) => are[index]).map(({ path }) => path)
    .join(" ");
}

Deno.test("includedEntries() goes by last name, path, or path below the folder", () => {
  assertEquals(included(), "a b b/a b/b b/b/c");
  assertEquals(included("a"), "a b b/a");
  assertEquals(included("b/a"), "b b/a");
  assertEquals(included("b/c"), "b b/b b/b/c");
  assertEquals(included("x"), "");
});

Deno.test("includedEntries() takes one alone behind a slash", () => {
  assertEquals(included("/a"), "a");
  assertEquals(included("/b/a"), "b b/a");
  assertEquals(included("/b/b"), "b b/b b/b/c");
  assertEquals(included("/c"), "");
});
