import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { nearestWord } from "../../lib/base/nearest_word.ts";

Deno.test("nearestWord: what was begun, or is a slip or two away", () => {
  const words = ["leia", "luke", "obiwan", "chewbacca", "r2"];
  const cases: [string, string | undefined][] = [
    ["lei", "leia"],
    ["LEIA", "leia"],
    ["leai", "leia"],
    ["lu", "luke"],
    ["obi", "obiwan"],
    ["obiwna", "obiwan"],
    ["chubacca", "chewbacca"],
    ["lukas", "luke"],
    ["r", undefined],
    ["han", undefined],
    ["l", undefined],
    ["lando", undefined],
    ["leiaaaa", undefined],
    ["", undefined],
    ["leia".repeat(100), undefined],
  ];
  for (const [given, expected] of cases) {
    assertEquals(nearestWord(given, words), expected, given);
  }
  assertEquals(nearestWord("leia", []), undefined);
});

Deno.test("nearestWord: any text gets one of the words or none", () => {
  fc.assert(
    fc.property(fc.string(), fc.array(fc.string()), (given, words) => {
      const nearest = nearestWord(given, words);
      return nearest === undefined || words.includes(nearest);
    }),
  );
});
