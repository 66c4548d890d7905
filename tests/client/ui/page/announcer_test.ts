import { assertEquals } from "@std/assert";
import { Announcer } from "../../../../lib/client/ui/page/model/announcer.ts";

Deno.test("what comes is told, and not more often than can be listened to", () => {
  const announcer = new Announcer();
  assertEquals(announcer.pollTimeout(), undefined);
  announcer.add({ from: "luke", text: "hello" });
  assertEquals(announcer.poll(0), "luke: hello");
  assertEquals(announcer.poll(1), undefined);
  announcer.add({ from: "leia", text: "hi\nthere", where: "jedi" });
  const next = announcer.pollTimeout()!;
  assertEquals(announcer.poll(next - 1), undefined);
  assertEquals(announcer.poll(next), "jedi, leia: hi there");
});

Deno.test("what waits for one user is told to no other", () => {
  const announcer = new Announcer();
  announcer.add({ from: "luke", text: "hello" });
  announcer.clear();
  assertEquals(announcer.pollTimeout(), undefined);
  assertEquals(announcer.poll(0), undefined);
});

Deno.test("of many only the number is told, place by place", () => {
  const announcer = new Announcer();
  for (let count = 0; count < 4; count++) announcer.add({ text: "x" });
  for (let count = 0; count < 1000; count++) {
    announcer.add({ text: "y", where: "jedi" });
  }
  assertEquals(announcer.poll(0), "200 new in jedi");
  announcer.add({ text: "x" });
  for (let count = 0; count < 3; count++) {
    announcer.add({ text: "y", where: "jedi" });
  }
  assertEquals(announcer.poll(10_000), "1 new, 3 new in jedi");
});
