import { assertEquals } from "@std/assert";
import { globToRegExp } from "@std/path";
import { includedEntries } from "../../../lib/client/tree/included_entries.ts";

const entries = ["a", "b", "b/a", "b/b", "b/b/c"].map((path) => ({
  ...{ path, size: 0, modified: 0, isExecutable: false },
  isFolder: path.endsWith("b"),
}));

function included(...patterns: string[]): string {
  const are = includedEntries(
    entries,
    patterns.map((each) => globToRegExp(each)),
  );
  return entries.filter((_, index) => are[index]).map(({ path }) => path)
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
