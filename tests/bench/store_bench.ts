/**
 * What the server's store does on a disk: messages a second through `commit` by
 * batch size, and the look-ups and the start with a million messages. Prints a
 * JSON line for each case; `DENO_BENCH_MESSAGES` sets how many messages.
 */
import { SqliteStore } from "../../lib/server/store/sqlite_store.io.ts";
import { PostgresStore } from "../../lib/server/store/postgres/postgres_store.io.ts";
import {
  placeOf,
  PostgresServer,
  programs,
} from "../support/postgres_server.ts";
import type { Store, StoreWrite } from "../../lib/server/model/store.ts";

/** Runs the cases with each store and prints a line for each. */
export async function storeBench(messages = 1_000_000): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await benchStore("sqlite", messages, () => (
      Promise.resolve(new SqliteStore(`${folder}/parley.db`))
    ));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  if (programs === undefined) return;
  await using server = await PostgresServer.start({ standard: true });
  const place = placeOf(await server.createDatabase());
  const news = { report() {}, stop() {} };
  await benchStore("postgres", messages, () => PostgresStore.open(place, news));
}

async function benchStore(
  name: string,
  messages: number,
  open: () => Promise<Store>,
): Promise<void> {
  let store = await open();
  let id = 0;
  const runs: [batch: number, count: number][] = [
    [1, messages / 50],
    [32, messages / 5],
    [400, messages],
  ];
  for (const [batch, until] of runs) {
    const start = performance.now();
    const first = id;
    while (id < until) {
      const writes: StoreWrite[] = [];
      for (let i = 0; i < batch; i++) writes.push(messageWrite(++id));
      await store.commit(writes);
    }
    const seconds = (performance.now() - start) / 1000;
    const rate = Math.round((id - first) / seconds);
    print({
      store: name,
      case: "store-commit",
      batch,
      messagesPerSecond: rate,
    });
  }
  await store.close();
  const opened = performance.now();
  store = await open();
  await store.load();
  report(name, "store-load", messages, performance.now() - opened);
  for (const after of [0, messages / 2, messages - 200]) {
    await timed(name, `store-inbox-after-${after}`, messages, async () => {
      await store.inbox({ user: 3 }, after, 100);
    });
    await timed(name, `store-logged-after-${after}`, messages, async () => {
      await store.logged(undefined, after, 100);
    });
  }
  await store.close();
}

/** Half of the messages in 100 groups, half between 1,000 people. */
function messageWrite(id: number): StoreWrite {
  const to = id % 2 === 0 ? { group: id % 200 } : { receiver: id * 7 % 1000 };
  return {
    write: "message",
    message: {
      id,
      number: id,
      sender: id * 13 % 1000,
      ...to,
      at: 1_780_000_000_000 + id,
      text: `message ${id} of a usual length, some sixty characters or so`,
      mid: `bench-${id}`,
    },
  };
}

async function timed(
  store: string,
  name: string,
  messages: number,
  body: () => Promise<void>,
): Promise<void> {
  const start = performance.now();
  const rounds = 20;
  for (let round = 0; round < rounds; round++) await body();
  report(store, name, messages, (performance.now() - start) / rounds);
}

function report(
  store: string,
  name: string,
  messages: number,
  ms: number,
): void {
  print({ store, case: name, messages, ms: Number(ms.toFixed(3)) });
}

function print(line: object): void {
  const cores = navigator.hardwareConcurrency;
  const text = JSON.stringify({ ...line, cores }) + "\n";
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

if (import.meta.main) {
  await storeBench(Number(Deno.env.get("DENO_BENCH_MESSAGES") ?? 1_000_000));
}
