import { assert, assertEquals } from "@std/assert";
import { groupKey, isGroupName, isUserName } from "../../lib/wire/names.ts";

Deno.test("isUserName() takes 1 to 32 of its alphabet", () => {
  for (const name of ["a", "Yoda", "a.b-c_9", "x".repeat(32)]) {
    assert(isUserName(name), name);
  }
  const bad = ["", ".", "..", "x".repeat(33), "a b", "ü", "a/b", "a\n", "a;b"];
  for (const name of bad) assert(!isUserName(name), name);
});

Deno.test("isGroupName() takes 1 to 32 letters, digits, - and _", () => {
  for (const name of ["a", "Jedi9", "my-team", "a_b", "-", "x".repeat(32)]) {
    assert(isGroupName(name), name);
  }
  for (const name of ["", "x".repeat(33), "a.b", "a b", "ä", "a\n", "a/b"]) {
    assert(!isGroupName(name), name);
  }
});

Deno.test("groupKey() ignores case", () => {
  assertEquals(groupKey("JeDi"), groupKey("jedi"));
});
