import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { TreeEntry } from "../../../lib/client/tree/entry_list.ts";
import {
  decodeManifest,
  encodeManifest,
} from "../../../lib/client/tree/manifest.ts";
import { limits } from "../../../lib/wire/limits.ts";

function file(path: string, more: Partial<TreeEntry> = {}): TreeEntry {
  const plain = { isFolder: false, size: 3, modified: 5, isExecutable: false };
  return { path, ...plain, ...more };
}

function folder(path: string): TreeEntry {
  return file(path, { isFolder: true, size: 0 });
}

/** What is in a list, entry by entry. */
function decoded(bytes: Uint8Array): TreeEntry[] {
  return Array.from(
    decodeManifest(bytes),
    ({ path, isFolder, size, modified, isExecutable }) => ({
      ...{ path, isFolder, size, modified, isExecutable },
    }),
  );
}

Deno.test("decodeManifest() gives back what was encoded", () => {
  const entries = [
    folder("trip"),
    file("trip/a.txt", { size: 2 ** 48 - 1, modified: 1_780_000_000_123 }),
    folder("trip/äöü 😀\n"),
    file("trip/äöü 😀\n/run me", { isExecutable: true, modified: -86_400_000 }),
    file("trip/empty", { size: 0, modified: 0 }),
  ];
  assertEquals(decoded(encodeManifest(entries)), entries);
  assertEquals(
    encodeManifest(decodeManifest(encodeManifest(entries))),
    encodeManifest(entries),
  );
  assertEquals(decoded(encodeManifest([])), []);
});

Deno.test("encodeManifest() writes what paths have in common once", () => {
  const deep = `x/${"long name of a folder/".repeat(20)}`.slice(0, -1);
  const folders = deep.split("/").map((_, i, all) =>
    folder(all.slice(0, i + 1).join("/"))
  );
  const files = Array.from({ length: 10_000 }, (_, i) => file(`${deep}/${i}`));
  assertEquals(encodeManifest([...folders, ...files]).length < 100_000, true);
});

Deno.test("decodeManifest() refuses names that lead elsewhere", () => {
  const wrong = ["/etc", "..", ".", "", "a/", "a\0b", "a/../b", "a//b", "./a"];
  for (const path of wrong) {
    const bytes = encodeManifest([folder("a"), file(path)]);
    assertThrows(() => decodeManifest(bytes), RangeError, undefined, path);
  }
});

Deno.test("decodeManifest() refuses what is in no folder, a file as a folder, and a name twice", () => {
  const refused: [TreeEntry[], string][] = [
    [[file("a/b")], "in no folder"],
    [[file("a"), file("a/b")], "in no folder"],
    [[file("a"), file("a")], "twice"],
    [[folder("a"), file("a")], "twice"],
    [[folder("a"), file("a/c"), file("a/b"), file("a/c")], "twice"],
    [[folder("a"), file("a/b"), folder("a/b")], "twice"],
  ];
  for (const [entries, why] of refused) {
    assertThrows(
      () => decodeManifest(encodeManifest(entries)),
      RangeError,
      why,
    );
  }
});

Deno.test("limit treePathBytes: a longer path is refused", () => {
  const names = Array.from({ length: 17 }, () => "n".repeat(255));
  const entries = names.map((_, i) => folder(names.slice(0, i + 1).join("/")));
  assertEquals(decodeManifest(encodeManifest(entries.slice(0, 16))).length, 16);
  const error = assertThrows(
    () => decodeManifest(encodeManifest(entries)),
    RangeError,
  );
  assertEquals(error.message, "a path in it is too long");
  assertEquals(limits.treePathBytes, 4096);
});

Deno.test("limit treeEntries: a longer list is refused before it is read", () => {
  const most = limits.treeEntries;
  const all = Array.from({ length: most + 1 }, (_, i) => file(`${i}`));
  assertEquals(decodeManifest(encodeManifest(all.slice(1))).length, most);
  assertThrows(() => decodeManifest(encodeManifest(all)), RangeError);
  // Says that there are many, and has none.
  assertThrows(() => decodeManifest(Uint8Array.of(1, 0xff, 0xff, 0x03)));
});

Deno.test("decodeManifest() of any bytes gives a list or a RangeError", () => {
  const good = encodeManifest([folder("a"), file("a/b"), file("c")]);
  const damaged = fc.tuple(
    fc.nat(good.length - 1),
    fc.nat(255),
    fc.nat(good.length),
  ).map(([at, value, length]) => {
    const bytes = good.slice(0, length);
    if (at < length) bytes[at] = value;
    return bytes;
  });
  const any = fc.oneof(fc.uint8Array({ maxLength: 64 }), damaged);
  fc.assert(
    fc.property(any, (bytes) => {
      try {
        const entries = decoded(bytes);
        assertEquals(decoded(encodeManifest(entries)), entries);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
      }
    }),
    { numRuns: 2_000, seed: 7 },
  );
});
