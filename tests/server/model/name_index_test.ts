import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { NameIndex } from "../../../lib/server/model/name_index.ts";

Deno.test("NameIndex finds a name in any case, and of several alike the one spelled so", () => {
  const index = new NameIndex<number>();
  index.set("luke", 1);
  index.set("Leia", 2);
  assertEquals(
    ["luke", "LUKE", "leia", "han"].map((each) => index.find(each)),
    [
      1,
      1,
      2,
      undefined,
    ],
  );
  assertEquals(index.exact("LUKE"), undefined);
  index.set("Luke", 3);
  assertEquals(["luke", "Luke", "LUKE"].map((each) => index.find(each)), [
    1,
    3,
    undefined,
  ]);
  assertEquals(index.alike("LUKE"), ["luke", "Luke"]);
  index.delete("luke");
  assertEquals(["luke", "Luke"].map((each) => index.find(each)), [3, 3]);
  index.delete("luke");
  index.delete("Luke");
  assertEquals([index.find("luke"), index.alike("luke")], [undefined, []]);
});

Deno.test("NameIndex: whatever comes and goes, it finds what a look at all names finds", () => {
  const name = fc.constantFrom("a", "A", "ab", "Ab", "aB", "AB", "b");
  fc.assert(
    fc.property(fc.array(fc.tuple(name, fc.boolean())), (steps) => {
      const index = new NameIndex<string>();
      const all = new Set<string>();
      for (const [name, isThere] of steps) {
        if (isThere) index.set(name, name);
        else index.delete(name);
        if (isThere) all.add(name);
        else all.delete(name);
      }
      for (const typed of ["a", "A", "ab", "Ab", "aB", "AB", "b", "B"]) {
        const alike = [...all].filter((each) =>
          each.toLowerCase() === typed.toLowerCase()
        );
        assertEquals(index.alike(typed).sort(), alike.sort());
        const meant = all.has(typed)
          ? typed
          : alike.length === 1
          ? alike[0]
          : undefined;
        assertEquals(index.find(typed), meant);
      }
    }),
  );
});
