import { assertEquals, assertStrictEquals } from "@std/assert";
import { LatestLog } from "../../lib/base/latest_log.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (part: { readonly bytes: Uint8Array | undefined }) =>
  part.bytes === undefined ? undefined : new TextDecoder().decode(part.bytes);

Deno.test("LatestLog gives readers at one position the same bytes", () => {
  const log = new LatestLog<string>(100);
  for (const key of ["a", "b", "c"]) log.add(key, bytes(key), undefined);
  const part = log.read(1, "x");
  assertEquals([text(part), part.next], ["bc", 3]);
  assertStrictEquals(log.read(1, "y").bytes, part.bytes);
  assertEquals(log.read(3, "x"), { bytes: undefined, next: 3 });

  log.add("d", bytes("d"), undefined);
  assertEquals(text(log.read(1, "x")), "bcd");
});

Deno.test("LatestLog tells who is behind what was said last of each key", () => {
  const log = new LatestLog<string>(100);
  log.add("a", bytes("a on;"), undefined);
  log.add("b", bytes("b on;"), undefined);
  log.add("a", bytes("a off;"), undefined);
  assertEquals(text(log.read(0, "x")), "b on;a off;");
  assertEquals(log.size, 2);
  for (let count = 0; count < 10_000; count++) {
    log.add("b", bytes(`b ${count};`), undefined);
  }
  assertEquals(text(log.read(0, "x")), "a off;b 9999;");
});

Deno.test("LatestLog hides what it says from some, and gives the rest in parts", () => {
  const log = new LatestLog<string>(100);
  log.add("a", bytes("aa"), undefined);
  log.add("b", bytes("bb"), new Set(["x"]));
  log.add("c", bytes("cc"), undefined);
  assertEquals(text(log.read(0, "x")), "aacc");
  assertEquals(text(log.read(0, "y")), "aabbcc");

  const parts = new LatestLog<string>(3);
  parts.add("a", bytes("aa"), undefined);
  parts.add("b", bytes("bb"), undefined);
  parts.add("c", bytes("cc"), new Set(["x"]));
  const first = parts.read(0, "y");
  assertEquals([text(first), first.next], ["aabb", 2]);
  const rest = parts.read(first.next, "y");
  assertEquals([text(rest), rest.next], ["cc", 3]);
  assertEquals(parts.read(2, "x"), { bytes: undefined, next: 3 });
});

Deno.test("LatestLog forgets what everybody has read", () => {
  const log = new LatestLog<string>(100);
  for (const key of ["a", "b", "a"]) log.add(key, bytes(key), undefined);
  log.trim(2);
  assertEquals(log.size, 1);
  assertEquals(text(log.read(2, "x")), "a");
  log.trim(log.end);
  assertEquals(log.size, 0);
  log.add("a", bytes("A"), undefined);
  assertEquals(text(log.read(3, "x")), "A");
});
