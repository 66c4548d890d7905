import { assertEquals } from "@std/assert";
import { ReadMarks } from "../../../lib/server/model/read_marks.ts";
import { User } from "../../../lib/server/model/user.ts";
import { limits } from "../../../lib/wire/limits.ts";

function person(id: number): User {
  const account = `${id}`.padStart(16, "0");
  return new User({ id, account, name: `u${id}`, cursor: 0, lastSeen: 0 });
}

Deno.test("ReadMarks: a mark never goes back, and one of everything takes away what it has passed", () => {
  const marks = new ReadMarks();
  const [luke, leia] = [person(1), person(2)];
  assertEquals(marks.raise(luke, 5), true);
  assertEquals(marks.raise(luke, 5), false);
  assertEquals(marks.raise(luke, 4), false);
  assertEquals(marks.raise(leia, 9), true);
  assertEquals(marks.raise("broadcasts", 7), true);
  assertEquals(marks.upto(luke), 5);
  assertEquals(marks.raiseAll(7), true);
  assertEquals(marks.raiseAll(6), false);
  assertEquals(
    [luke, leia, "broadcasts" as const].map((each) => marks.upto(each)),
    [7, 9, 7],
  );
  assertEquals([...marks.above], [[leia, 9]]);
  assertEquals(marks.raise(luke, 6), false);
  marks.forget(leia);
  assertEquals([...marks.above], []);
});

Deno.test("limit readMarks: of very many the lowest is given up, and what is older counts as seen", () => {
  const marks = new ReadMarks();
  for (let n = 1; n <= limits.readMarks; n++) marks.raise(person(n), 10 + n);
  assertEquals([...marks.above].length, limits.readMarks);
  assertEquals(marks.everything, 0);
  marks.raise(person(0), 5_000);
  assertEquals([...marks.above].length, limits.readMarks);
  assertEquals(marks.everything, 11);
});
