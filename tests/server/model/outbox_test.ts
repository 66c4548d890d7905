import { assertEquals } from "@std/assert";
import { Connection, Outbox } from "../../../lib/server/model/connection.ts";

Deno.test("Outbox has what can wait written to some at a time, and nothing else wait for it", () => {
  const outbox = new Outbox();
  const remote = { ip: "192.0.2.1", port: 1, local: false };
  const connections = Array.from(
    { length: 200 },
    (_, id) => new Connection(id, remote, outbox, 0),
  );
  const [first, second, third] = connections;
  assertEquals(outbox.timeout, Infinity);
  connections.forEach((each, id) => each.sendLater("news", id < 150 ? 0 : 2));
  assertEquals(outbox.timeout, 100);
  assertEquals(outbox.take(99), []);

  // What was written with something else is not written again.
  second?.send("a message");
  assertEquals(outbox.take(99), [1]);
  second?.queue.take();
  const taken = outbox.take(100);
  assertEquals(taken, [0, ...Array.from({ length: 63 }, (_, id) => id + 2)]);
  for (const id of taken) connections[id]?.queue.take();
  assertEquals(outbox.timeout, 105);
  third?.send("a message");
  assertEquals(outbox.take(101), [2]);
  assertEquals(outbox.take(105).length, 64);
  // The rest was queued 2 ms later, but is due by now.
  assertEquals(outbox.take(110).length, 64);
  assertEquals(outbox.take(115), [193, 194, 195, 196, 197, 198, 199]);
  assertEquals(outbox.timeout, Infinity);

  first?.sendLater("news", 200);
  assertEquals(outbox.timeout, 300);
  assertEquals(outbox.take(300), [0]);
});
