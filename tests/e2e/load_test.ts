import { assert, assertEquals } from "@std/assert";
import { TestServer } from "../support/test_server.ts";
import { type Frame, ProtocolClient } from "../support/protocol_client.ts";
import { numberedAccounts } from "../support/account_line.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { waitUntil } from "../support/wait_until.ts";

const people = 50;
const messages = 10_000;

Deno.test("server: 50 people, 10,000 messages between random pairs and in groups", async () => {
  const { names, text } = numberedAccounts("user", people);
  await using server = await TestServer.start({ accounts: text });
  // Five at a time: an address may have 16 connections that are not logged in.
  const clients: ProtocolClient[] = [];
  for (let at = 0; at < names.length; at += 5) {
    clients.push(
      ...await Promise.all(
        names.slice(at, at + 5).map((name) =>
          ProtocolClient.login(server.port, { user: name, password: name })
        ),
      ),
    );
  }
  try {
    await exchange(server, clients, names);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
});

async function exchange(
  server: TestServer,
  clients: readonly ProtocolClient[],
  names: readonly string[],
): Promise<void> {
  // Ten groups of five: user 0–4, 5–9, …
  const groups = Array.from({ length: people / 5 }, (_, group) => `g${group}`);
  for (const [number, group] of groups.entries()) {
    const members = names.slice(number * 5, number * 5 + 5);
    const [leader, ...others] = clients.slice(number * 5, number * 5 + 5);
    assert(leader !== undefined);
    await leader.request("group-create", { group, users: members.slice(1) });
    for (const other of others) await other.request("group-join", { group });
  }

  // What each must receive from whom, in order.
  const expected = new Map(
    names.map((name) => [name, new Map<string, string[]>()]),
  );
  const expect = (to: string, from: string, text: string) => {
    const bySender = expected.get(to);
    assert(bySender !== undefined);
    const list = bySender.get(from);
    if (list === undefined) bySender.set(from, [text]);
    else list.push(text);
  };

  const random = new SeededRandom(2026);
  const counts = new Array<number>(people).fill(0);
  const replies: Promise<Frame>[] = [];
  let direct = 0;
  for (let number = 0; number < messages; number++) {
    const from = random.below(people);
    const client = clients[from];
    const sender = names[from];
    assert(client !== undefined && sender !== undefined);
    const text = `message ${number} of ${sender}`;
    const mid = `m${counts[from]}`;
    counts[from] = (counts[from] ?? 0) + 1;
    if (random.next() < 0.2) {
      const group = Math.floor(from / 5);
      for (const name of names.slice(group * 5, group * 5 + 5)) {
        if (name !== sender) expect(name, sender, text);
      }
      const fields = { group: `g${group}`, text, mid };
      replies.push(client.request("group-message", fields));
    } else {
      const to = names[(from + 1 + random.below(people - 1)) % people];
      assert(to !== undefined);
      direct++;
      expect(to, sender, text);
      replies.push(client.request("message", { to: [to], text, mid }));
    }
    // At most 256 messages of one client may be unconfirmed.
    if (replies.length >= 200) await Promise.all(replies.splice(0));
  }
  await Promise.all(replies);

  for (const [at, name] of names.entries()) {
    const client = clients[at];
    const bySender = expected.get(name);
    assert(client !== undefined && bySender !== undefined);
    const total = [...bySender.values()].reduce((sum, l) => sum + l.length, 0);
    const received = () => client.events.filter((e) => e.ev === "message");
    await waitUntil(`${name} to receive`, () => received().length >= total);
    assertEquals(received().length, total, `${name}: none lost, none doubled`);
    let last = 0;
    for (const frame of received()) {
      assert(frame.id > last, "ids rise");
      last = frame.id;
    }
    for (const [sender, texts] of bySender) {
      const got = received().filter((frame) => frame.from === sender);
      assertEquals(got.map((frame) => frame.text), texts, `${sender}→${name}`);
    }
  }

  // The logs have them all, numbered without a gap.
  const log = await server.dataWhen(
    "messagelog.txt",
    (text) => text.split("\n").length === direct + 1,
  );
  const numbers = log.trimEnd().split("\n").map((line) => parseInt(line));
  assertEquals(numbers, numbers.map((_, at) => at + 1));
  await waitUntil("the logs of the groups", async () => {
    const logs = await Promise.all(
      groups.map((group) => server.data(`${group}_messagelog.txt`)),
    );
    const lines = logs.map((text) => text.split("\n").length - 1);
    return lines.reduce((sum, count) => sum + count) === messages - direct;
  });
}
