import { assertEquals } from "@std/assert";
import { Connection, Outbox } from "../../../lib/server/model/connection.ts";
import { Device } from "../../../lib/server/model/device.ts";
import { Session } from "../../../lib/server/model/session.ts";
import { User } from "../../../lib/server/model/user.ts";
import { storedDevice, storedUser } from "../../support/stored_user.ts";

const now = { mono: 0, wall: 0 };
const news = new TextEncoder().encode("news");

/** A connection that somebody is logged in on, who reads the news. */
function reader(outbox: Outbox, id: number): Connection {
  const remote = { ip: "192.0.2.1", port: 1, local: false };
  const connection = new Connection(id, remote, outbox, 0);
  const user = new User(storedUser(id, `user${id}`));
  const device = new Device(user, storedDevice(id));
  connection.session = new Session(device, connection, 0, now);
  outbox.addReader(connection);
  return connection;
}

Deno.test("Outbox has news written to some at a time, and nothing else wait for it", () => {
  const outbox = new Outbox();
  const connections = Array.from(
    { length: 200 },
    (_, id) => reader(outbox, id),
  );
  const [, second, third] = connections;
  const write = (ids: readonly number[]) => {
    for (const id of ids) connections[id]?.queue.take();
    return ids;
  };
  const from = (first: number, count: number) =>
    Array.from({ length: count }, (_, id) => first + id);
  const subject = new User(storedUser(1000, "yoda"));
  const tell = (at: number) => outbox.tellReaders(subject, news, undefined, at);
  assertEquals(outbox.timeout, Infinity);
  tell(0);
  assertEquals(outbox.timeout, 100);
  assertEquals(outbox.take(99), []);

  // What was written with something else is not written again.
  second?.send("a message");
  assertEquals(write(outbox.take(99)), [1]);
  assertEquals(write(outbox.take(100)), [0, ...from(2, 63)]);
  assertEquals(outbox.timeout, 105);
  third?.send("a message");
  assertEquals(write(outbox.take(101)), [2]);
  assertEquals(write(outbox.take(105)), from(65, 64));
  assertEquals(write(outbox.take(110)), from(129, 64));
  assertEquals(write(outbox.take(115)), from(193, 7));
  assertEquals(outbox.timeout, Infinity);

  tell(150);
  assertEquals(outbox.timeout, 250);
  assertEquals(outbox.take(249), []);
  // Whose turn was last still waits: nobody is told more often than that.
  const first = write(outbox.take(250));
  tell(252);
  assertEquals(first.length, 64);
  assertEquals(write(outbox.take(255)).length, 64);
  assertEquals(write(outbox.take(260)).length, 64);
  assertEquals(write(outbox.take(265)).length, 8);
  assertEquals(outbox.timeout, 350);
  assertEquals(write(outbox.take(350)), first);
});

Deno.test("Outbox keeps what a reader does not take once for all, and bounded", () => {
  const outbox = new Outbox();
  const [slow, quick] = [reader(outbox, 1), reader(outbox, 2)];
  const subjects = Array.from(
    { length: 100 },
    (_, id) => new User(storedUser(1000 + id, `other${id}`)),
  );
  const text = (connection: Connection) =>
    connection.queue.take().map((frame) =>
      typeof frame === "string" ? frame : new TextDecoder().decode(frame)
    ).join("");
  let at = 0;
  for (let round = 0; round < 50; round++) {
    for (const [index, subject] of subjects.entries()) {
      const frame = new TextEncoder().encode(`${round}:${index} `);
      outbox.tellReaders(subject, frame, undefined, at);
    }
    at += 100;
    outbox.take(at);
    if (round > 0) assertEquals(text(quick), roundText(round));
    else text(quick);
  }
  assertEquals(slow.queue.bytes, roundText(0).length);
  assertEquals(text(slow), roundText(0));
  outbox.take(at + 100);
  assertEquals(text(slow), roundText(49));
  assertEquals(outbox.timeout, Infinity);
});

/** What is said of a hundred in one round. */
function roundText(round: number): string {
  return Array.from({ length: 100 }, (_, index) => `${round}:${index} `).join(
    "",
  );
}
