import { assertEquals } from "@std/assert";
import { KnownFiles } from "../../../lib/client/tree/known_files.ts";
import type { KnownFile } from "../../../lib/client/tree/tree_journal.ts";

const entries = ["trip", "trip/a", "trip/b", "trip/c", "d"].map((path) => ({
  ...{ path, isFolder: path === "trip", size: 9, modified: 7 },
  isExecutable: false,
}));

const a: KnownFile = { local: "a", size: 9, modified: 7, checks: [] };

Deno.test("KnownFiles gives back whatever is known of a file", () => {
  const several: KnownFile[] = [
    a,
    { ...a, local: "trip/a" },
    { ...a, local: "a (1)" },
    { ...a, checks: [2 ** 32 - 1], digest: "" },
    { ...a, digest: "" },
    { ...a, checks: [5] },
    { ...a, checks: [5, 6] },
    { ...a, checks: [5, 6], digest: "" },
    { ...a, digest: "q" },
    { ...a, size: 8 },
    { ...a, modified: -1e15 },
  ];
  const known = new KnownFiles(entries, new Map());
  assertEquals([known.get(1), known.size], [undefined, 0]);
  // Each after each, so that nothing stays of the one before.
  for (const first of several) {
    for (const second of several) {
      known.set(1, first);
      assertEquals(known.get(1), first);
      known.set(1, second);
      assertEquals(known.get(1), second);
    }
  }
  assertEquals(known.size, 1);
  known.set(1, { ...a, digest: "" });
  assertEquals(known.isLasting(1), false);
  known.setLasting(1);
  assertEquals([known.isLasting(1), known.get(1)], [true, {
    ...a,
    digest: "",
  }]);
  known.set(1, a);
  assertEquals(known.isLasting(1), false);
  const folder = { local: "trip", size: 0, modified: 0, checks: [] };
  known.set(0, folder);
  assertEquals(known.get(0), folder);
  assertEquals(known.get(2), undefined);
});

Deno.test("KnownFiles takes a begun file for whole, whatever its name is here", () => {
  for (const local of ["a", "trip/a", "a (1)"]) {
    const known = new KnownFiles(entries, new Map());
    known.set(1, { ...a, local });
    known.setLasting(1);
    known.setWhole(1, 5);
    const whole = { ...a, local, checks: [5], digest: "" };
    assertEquals([known.get(1), known.isLasting(1)], [whole, false]);
  }
});

Deno.test("KnownFiles takes what was known before, and keeps apart what is no longer listed", () => {
  const made = { local: "trip", size: 0, modified: 0, checks: [] };
  const before = new Map<string, KnownFile>([
    ["trip/", made],
    ["trip/b", { ...a, local: "b", digest: "x" }],
    ["gone", { ...a, local: "gone" }],
    // Now it is a file, and this a folder.
    ["d/", { ...made, local: "d" }],
  ]);
  const known = new KnownFiles(entries, before);
  assertEquals(known.size, 4);
  assertEquals(known.get(0), made);
  assertEquals(known.get(2)?.digest, "x");
  assertEquals([1, 3, 4].map((index) => known.get(index)), [
    ...[undefined, undefined, undefined],
  ]);
  assertEquals([...known.rest.keys()], ["gone", "d/"]);
});
