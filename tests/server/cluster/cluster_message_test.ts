import { assert, assertEquals } from "@std/assert";
import {
  type ClusterItem,
  decodeClusterMessage,
  MessageWriter,
} from "../../../lib/server/cluster/cluster_message.ts";
import {
  ItemReader,
  ItemWriter,
} from "../../../lib/server/cluster/byte_items.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const header = {
  term: 2 ** 40,
  run: "0123456789abcdef",
  attachment: 3,
  number: 300,
};

const items: readonly ClusterItem[] = [
  {
    item: "attach",
    gateway: {
      node: "a",
      version: "1.2",
      udpPort: 6000,
      probePort: 0,
    },
  },
  { item: "accept" },
  {
    item: "open",
    connection: 7,
    remote: {
      ip: "2001:db8::1",
      port: 4711,
      local: false,
      binding: {
        type: "tls-server-end-point",
        data: new Uint8Array([0, 255, 3]),
      },
    },
  },
  { item: "open", connection: 8, remote: { ip: "::1", port: 1, local: true } },
  { item: "data", connection: 2 ** 32 - 1, bytes: new Uint8Array([1, 2, 10]) },
  { item: "closed", connection: 0 },
  { item: "written", connection: 7, bytes: 65_536 },
  { item: "heard", upto: 2 ** 33 },
  { item: "body", bytes: new Uint8Array(70_000).fill(9) },
  { item: "write", places: [0], connections: [1, 2, 3, 900_000, 4] },
  { item: "enter", connection: 1, restarts: true },
  { item: "finish", connection: 1 },
  { item: "abort", connection: 128 },
  {
    item: "news",
    news: {
      what: "seen",
      client: 4,
      addresses: [{ ip: "192.0.2.1", port: 9 }],
    },
  },
  { item: "news", news: { what: "used-up", transfer: "00ff", at: 5 } },
  {
    item: "news",
    news: { what: "relayed", day: 3, uses: [{ account: 7, bytes: 1e9 }] },
  },
  {
    item: "change",
    change: { do: "bind", client: 3, id: "aa", key: new Uint8Array(32) },
  },
  { item: "change", change: { do: "secret", secret: new Uint8Array([1]) } },
  { item: "change", change: { do: "unbind", client: 3 } },
  // Of a visit.
  {
    item: "change",
    change: { do: "bind", client: -3, id: "aa", key: new Uint8Array(32) },
  },
  { item: "change", change: { do: "unbind", client: -3 } },
  {
    item: "change",
    change: { do: "relay", transfer: "0a", from: 1, to: 2, account: 9 },
  },
  { item: "change", change: { do: "relay-end", transfer: "0a" } },
  { item: "change", change: { do: "used-up", account: 7, at: 9 } },
  { item: "end" },
];

function encode(items: readonly ClusterItem[]): Uint8Array {
  const writer = new MessageWriter(header);
  for (const item of items) {
    if (item.item === "body") writer.body(item.bytes);
    else writer.add(item);
  }
  return writer.take();
}

/** As plain data: checked objects have no prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      value,
      (_, each) => each instanceof Uint8Array ? [...each] : each,
    ),
  );
}

Deno.test("a cluster message is read as it was written, with every kind of item", () => {
  const read = decodeClusterMessage(encode(items));
  assertEquals(plain(read), plain({ ...header, items }));
});

Deno.test("a cluster message of a newer version: items that are not known are passed over", () => {
  const bytes = encode([{ item: "accept" }]);
  const unknown = [200, 3, 1, 2, 3];
  const more = new Uint8Array([...bytes, ...unknown, ...unknown]);
  const read = decodeClusterMessage(more);
  assertEquals(plain(read?.items), [{ item: "accept" }]);
  bytes[0] = 2;
  assertEquals(decodeClusterMessage(bytes), undefined, "another format");
});

Deno.test("a cluster message that is cut off anywhere within an item is none", () => {
  const whole = encode(items.slice(0, 5));
  const ends = new Set<number>();
  for (let count = 0; count <= 5; count++) {
    ends.add(encode(items.slice(0, count)).length);
  }
  for (let length = 0; length < whole.length; length++) {
    const read = decodeClusterMessage(whole.subarray(0, length));
    assertEquals(read !== undefined, ends.has(length), `${length} bytes`);
  }
});

Deno.test("any bytes are a cluster message or none, and name no body that is not there", () => {
  const random = new SeededRandom(5);
  const good = encode(items);
  for (let run = 0; run < 3000; run++) {
    const bytes = good.slice();
    for (let changes = 1 + random.below(4); changes > 0; changes--) {
      bytes[random.below(run % 2 ? 200 : bytes.length)] = random.below(256);
    }
    let bodies = 0;
    for (const item of decodeClusterMessage(bytes)?.items ?? []) {
      if (item.item === "body") bodies++;
      if (item.item !== "write") continue;
      assert(item.places.every((place) => place < bodies));
    }
  }
  for (let run = 0; run < 3000; run++) {
    decodeClusterMessage(random.bytes(random.below(64)));
  }
});

Deno.test("numbers: every size, and lists that rise and fall", () => {
  const numbers = [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];
  const writer = new ItemWriter();
  for (const each of numbers) writer.number(each);
  const list = [5, 4, 4, 1_000_000, 0, 2 ** 32];
  writer.numbers(list);
  const reader = new ItemReader(writer.take());
  assertEquals(numbers.map(() => reader.number()), numbers);
  assertEquals(reader.numbers(), list);
  assert(reader.isAtEnd && !reader.failed);
  assertEquals(reader.number(), 0);
  assert(reader.failed);
});
