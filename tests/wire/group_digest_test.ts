import { assertEquals } from "@std/assert";
import { groupDigest } from "../../lib/wire/group_digest.ts";

const jedi = { members: ["yoda", "luke"], history: false, topic: "" };

Deno.test("groupDigest: as the page says, in whatever order the members are named", () => {
  // FNV-1a of "a" in 32 bits is e40c292c.
  const alone = { ...jedi, members: ["a"] };
  assertEquals(groupDigest(alone).slice(0, 8), "e40c292c");
  assertEquals(groupDigest({ ...jedi, members: [] }), "0".repeat(16));
  const turned = { ...jedi, members: ["luke", "yoda"] };
  assertEquals(groupDigest(turned), groupDigest(jedi));
});

Deno.test("groupDigest: each difference is another one", () => {
  const groups = [
    jedi,
    { ...jedi, members: ["yoda"] },
    { ...jedi, members: ["yoda", "leia"] },
    { ...jedi, members: ["yoda", "Luke"] },
    { ...jedi, members: ["yoda", "luke", "luke"] },
    { ...jedi, members: ["yoda", "luke", "history"] },
    { ...jedi, history: true },
    { ...jedi, topic: "luke" },
    { ...jedi, topic: "\u{1F680}" },
  ];
  assertEquals(new Set(groups.map(groupDigest)).size, groups.length);
});
