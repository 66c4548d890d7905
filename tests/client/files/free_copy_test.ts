import { assert, assertEquals } from "@std/assert";
import { freeCopy } from "../../../lib/client/files/free_copy.ts";

/** What is found where these are taken, and in how many looks. */
function find(isTaken: (copy: number) => boolean) {
  const search = freeCopy(16);
  let next = search.next();
  let looks = 0;
  while (!next.done) {
    looks++;
    next = search.next(isTaken(next.value));
  }
  return { copy: next.value, looks };
}

Deno.test("freeCopy() finds the first that is free in few looks", () => {
  for (const count of [16, 17, 33, 1_000, 1_001, 99_999, 900_000]) {
    const { copy, looks } = find((copy) => copy < count);
    assertEquals(copy, count);
    assert(looks <= 40, `${count} took ${looks} looks`);
  }
  // Where there are gaps, it is one that is free.
  const isTaken = (copy: number) => copy % 7 !== 3 && copy < 5_000;
  assert(!isTaken(find(isTaken).copy));
  // Somebody who takes them all does not keep it busy for ever.
  assert(find(() => true).looks <= 40);
});
