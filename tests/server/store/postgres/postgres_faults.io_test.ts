/** What may happen to a database and to the way to it, with a real one. */
import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import type { DatabasePlace } from "../../../../lib/server/store/postgres/database_place.ts";
import { postgresSteps } from "../../../../lib/server/store/postgres/postgres_schema.ts";
import { PostgresSession } from "../../../../lib/server/store/postgres/postgres_session.io.ts";
import { PostgresStore } from "../../../../lib/server/store/postgres/postgres_store.io.ts";
import type { WriterOptions } from "../../../../lib/server/store/postgres/postgres_writer.io.ts";
import type { StoreWrite } from "../../../../lib/server/model/store.ts";
import { StartError } from "../../../../lib/system/errors.io.ts";
import { freePort } from "../../../support/free_port.ts";
import {
  noPostgres,
  placeOf,
  PostgresServer,
} from "../../../support/postgres_server.ts";
import { testUnless } from "../../../support/test_unless.ts";
import { noMount } from "../../../support/small_disk.ts";
import { storedUser } from "../../../support/stored_user.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";
import { waitUntil } from "../../../support/wait_until.ts";

const port = freePort();
let shared: PostgresServer | undefined;
Deno.test.afterAll(() => shared?.[Symbol.asyncDispose]());

/** The server of databases of most tests. */
async function server(): Promise<PostgresServer> {
  return shared ??= await PostgresServer.start({ port });
}

/** An empty database, and what happens to a store on it. */
async function world(options: WriterOptions = {}) {
  const at = await server();
  const place = placeOf(await at.createDatabase());
  const reports: string[] = [];
  const stops: string[] = [];
  const open = (place: DatabasePlace) =>
    PostgresStore.open(place, {
      report: (_, text) => void reports.push(text),
      stop: (why) => void stops.push(why),
    }, options);
  const execute = (sql: string) => at.execute(place.name, sql);
  const terminate = () => at.endConnections(place.name);
  return { place, open, execute, terminate, reports, stops };
}

function message(id: number, text = `text ${id}`): StoreWrite {
  return {
    write: "message",
    message: { id, number: id, sender: 1, receiver: 2, at: id, text, mid: "m" },
  };
}

/** Ids of what is stored, in order. */
async function idsOf(store: PostgresStore): Promise<number[]> {
  const inbox = await store.inbox({ user: 2 }, 0, 100_000);
  return inbox.map(({ id }) => id);
}

const upTo = (count: number) =>
  Array.from({ length: count }, (_, at) => at + 1);

testUnless(
  noPostgres,
  "PostgresStore: a second server is refused until the first one has gone",
  async () => {
    const { place, open } = await world();
    const first = await open(place);
    const error = await assertRejects(() => open(place), StartError, "in use");
    assert(!error.message.includes("\n"));
    await first.commit([message(1)]);
    await first.close();
    const second = await open(place);
    assertEquals(await idsOf(second), [1]);
    await second.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore: connections that end cost nothing and double nothing",
  async () => {
    const { place, open, terminate, reports } = await world();
    const store = await open(place);
    const ids = upTo(300);
    let ending = Promise.resolve();
    for (const id of ids) {
      if (id % 30 === 0) ending = terminate();
      await store.commit([message(id)]);
      if (id % 30 === 20) await ending;
    }
    assertEquals(await idsOf(store), ids);
    assertEquals((await store.load()).lastMessage, 300);
    assert(reports.some((text) => text.endsWith("is there again")));
    await store.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore learns what became of a commit whose connection ended, either way",
  async () => {
    const { place, open } = await world();
    await using proxy = new TcpProxy({ port, plain: true });
    const near = { ...place, host: "127.0.0.1", port: proxy.port };
    const store = await open(near);
    await store.commit([message(1)]);
    for (
      const [id, lose] of [
        // The database does it, and nobody hears of that.
        [2, () => proxy.swallowAnswers()],
        // It never hears of it.
        [3, () => proxy.swallowRequests()],
      ] as const
    ) {
      lose();
      let settled = false;
      const commit = store.commit([message(id)]).finally(() => settled = true);
      if (id === 2) {
        const looker = await PostgresSession.open(place);
        await waitUntil("the commit", async () => {
          const [row] = await looker.query("SELECT last_message FROM core");
          return row?.last_message === id;
        });
        looker.close();
      }
      assertEquals(settled, false);
      proxy.cut();
      await commit;
    }
    await store.commit([message(4)]);
    assertEquals(await idsOf(store), [1, 2, 3, 4]);
    await store.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore takes the lock from a connection of its own that never learned of it",
  async () => {
    const { place, open, terminate } = await world();
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const targets: Deno.Conn[] = [];
    /** Passes bytes on, until one of the sides ends or `isLast`. */
    const pass = async (
      from: Deno.Conn,
      to: Deno.Conn,
      isLast: (text: string) => boolean,
    ) => {
      const buffer = new Uint8Array(65_536);
      for (;;) {
        const count = await from.read(buffer);
        const bytes = buffer.subarray(0, count ?? 0);
        const text = new TextDecoder("latin1").decode(bytes);
        if (count === null || isLast(text)) break;
        await to.write(bytes);
      }
    };
    const serve = async (client: Deno.Conn) => {
      const target = await Deno.connect({ hostname: "127.0.0.1", port });
      const isSecond = targets.push(target) === 2;
      let asksForLock = false;
      const asking = pass(client, target, (text) => {
        asksForLock ||= text.includes("try_advisory_lock");
        return false;
      }).catch(() => {});
      // The database has given the lock, and does not see the connection go.
      await pass(
        target,
        client,
        (text) => isSecond && asksForLock && text.includes("\0\0\0\x01t"),
      ).catch(() => {});
      client.close();
      await asking;
      if (!isSecond) target.close();
    };
    const accepting = (async () => {
      for await (const client of listener) serve(client).catch(() => {});
    })();
    const near = { ...place, host: "127.0.0.1", port: listener.addr.port };
    const store = await open(near);
    await terminate();
    await store.commit([message(1)]);
    assertEquals(await idsOf(store), [1]);
    assertEquals(targets.length, 3);
    await store.close();
    listener.close();
    await accepting;
    targets[1]?.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore: a database that does not answer is asked on a new connection",
  async () => {
    const { place, open, reports } = await world({ answerMs: 2_000 });
    // To make the tables may take longer than that on a busy machine.
    const news = { report() {}, stop() {} };
    await (await PostgresStore.open(place, news)).close();
    await using proxy = new TcpProxy({ port, plain: true });
    const near = { ...place, host: "127.0.0.1", port: proxy.port };
    const store = await open(near);
    proxy.swallowAnswers();
    const commit = store.commit([message(1)]);
    await waitUntil("it is noticed", () => reports.length > 0);
    proxy.cut();
    await commit;
    assertEquals(await idsOf(store), [1]);
    await store.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore ends what its former connection still does",
  async () => {
    const { place, open } = await world();
    await using proxy = new TcpProxy({ port, plain: true });
    const near = { ...place, host: "127.0.0.1", port: proxy.port };
    const store = await open(near);
    await store.commit([{ write: "user", user: storedUser(1, "yoda") }]);
    const other = await PostgresSession.open(place);
    await other.query("BEGIN");
    await other.query("UPDATE users SET name = 'x' WHERE id = 1");
    // The database does not see that nobody waits for it any more.
    const commit = store.commit([
      { write: "user", user: storedUser(1, "master") },
      message(1),
    ]);
    const waits = async () => {
      const rows = await other.query(
        "SELECT pid FROM pg_locks WHERE NOT granted",
      );
      return rows[0]?.pid;
    };
    const former = await waitUntil("it waits", waits);
    proxy.cut();
    await waitUntil("another connection waits", async () => {
      const pid = await waits();
      return pid !== undefined && pid !== former;
    });
    await other.query("ROLLBACK");
    other.close();
    await commit;
    const { users } = await store.load();
    assertEquals(users.map(({ name }) => name), ["master"]);
    assertEquals(await idsOf(store), [1]);
    await store.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore: a commit that gets in the way of another program is tried again, or refused",
  async () => {
    const { place, open } = await world();
    const store = await open(place);
    await store.commit([{ write: "user", user: storedUser(1, "yoda") }]);
    const other = await PostgresSession.open(place);
    // Each waits for the other, until the database ends one of them.
    await other.query("BEGIN");
    await other.query("UPDATE users SET name = 'x' WHERE id = 1");
    const commit = store.commit([
      { write: "user", user: storedUser(1, "master") },
    ]);
    await waitUntil("it waits", async () => {
      const [row] = await other.query(
        "SELECT count(*) AS n FROM pg_locks WHERE NOT granted",
      );
      return row?.n === 1;
    });
    const ended = await other.query("UPDATE core SET indexed = 0").then(
      () => "ours",
      () => "the other",
    );
    await other.query(ended === "ours" ? "COMMIT" : "ROLLBACK");
    await commit;
    assertEquals((await store.load()).users[0]?.name, "master");
    await other.query("BEGIN");
    await other.query("LOCK TABLE messages");
    await assertRejects(
      () => store.commit([message(1)]),
      Error,
      "is locked by another program",
    );
    await other.query("ROLLBACK");
    other.close();
    await store.commit([message(1)]);
    assertEquals(await idsOf(store), [1]);
    await store.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore stops when another server has taken over",
  async () => {
    const { place, open, execute, terminate, stops } = await world();
    const store = await open(place);
    await store.commit([message(1)]);
    await execute("UPDATE core SET term = term + 1, holder = 'another'");
    await assertRejects(() => store.commit([message(2)]), Error, "taken");
    await assertRejects(() => store.commit([message(2)]), Error, "taken");
    assertEquals(stops.length, 1);
    await store.close();
    // It is noticed without a commit, too.
    const again = await open(place);
    assertEquals(await idsOf(again), [1]);
    await execute("UPDATE core SET term = term + 1, holder = 'another'");
    await terminate();
    await waitUntil("it stops", () => stops.length === 2);
    await again.close();
  },
);

testUnless(
  noPostgres ?? await noMount(),
  "PostgresStore: a full disk of the database refuses, and nothing more",
  async () => {
    await using own = await PostgresServer.start({ diskMegabytes: 24 });
    const place = placeOf(await own.createDatabase("small"));
    const execute = (sql: string) => own.execute(place.name, sql);
    const news = { report() {}, stop() {} };
    const store = await PostgresStore.open(place, news);
    await store.commit([message(1)]);
    await execute("CREATE TABLE filler (text text)");
    const fill = "INSERT INTO filler SELECT repeat(md5(n::text), 30) FROM " +
      "generate_series(1, 100) AS n";
    const isFull = () => execute(fill).then(() => false, () => true);
    while (!await isFull());
    let id = 1;
    const refusal = await (async () => {
      for (;;) {
        try {
          await store.commit([message(++id, "x".repeat(1000))]);
        } catch (error) {
          return (error as Error).message;
        }
      }
    })();
    assertStringIncludes(refusal, "its disk is full; free some space");
    assertEquals(await idsOf(store), upTo(id - 1));
    await execute("DROP TABLE filler");
    await store.commit([message(id)]);
    assertEquals(await idsOf(store), upTo(id));
    await store.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore: nothing is stored while the database is down, and all afterwards",
  async () => {
    const { place, open, execute, stops } = await world({ patienceMs: 200 });
    const own = await server();
    const store = await open(place);
    const confirmed: number[] = [];
    let next = 0;
    const say = async () => {
      const id = ++next;
      await store.commit([message(id)]).then(
        () => confirmed.push(id),
        (error) => assertStringIncludes(error.message, "database"),
      );
    };
    for (let round = 0; round < 2; round++) {
      let isDown = false;
      const killed = (async () => {
        while (confirmed.length < 20 * (round + 1)) {
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        await own.kill();
        isDown = true;
      })();
      while (!isDown) {
        await Promise.race([say(), killed]);
      }
      await killed;
      await own.run();
      await waitUntil("it goes on", async () => {
        const before = confirmed.length;
        await say();
        return confirmed.length > before;
      });
    }
    await store.close();
    const again = await open(place);
    assertEquals(await idsOf(again), confirmed);
    await again.close();

    // A copy that is put back under a server that runs is noticed.
    const last = await open(place);
    await execute("UPDATE core SET commits = commits - 1");
    await own.kill();
    await own.run();
    await waitUntil("it stops", () => stops.length === 1);
    assertStringIncludes(stops[0] ?? "", "a copy was put back");
    await last.close();
  },
);

testUnless(
  noPostgres,
  "PostgresStore refuses what it cannot use, in one line and without the password",
  async () => {
    const { place, open, execute } = await world();
    const refused = async (place: DatabasePlace, says: string) => {
      const secret = { ...place, password: "secret" };
      const error = await assertRejects(() => open(secret), StartError, says);
      assert(!/\n|secret/.test(error.message), error.message);
    };
    await refused({ ...place, name: "none" }, "does not exist");
    await refused({ ...place, user: "nobody" }, "lets nobody in");
    await refused({ ...place, host: "/tmp" }, "nothing listens there");
    await refused(
      { ...place, host: "127.0.0.1", port: freePort() },
      "nothing listens there",
    );
    await execute("CREATE TABLE users (id int)");
    await refused(place, "tables of another program");
    await execute("DROP TABLE users");
    (await open(place)).close();
    const version = postgresSteps.length + 1;
    await execute(`UPDATE schema_version SET version = ${version}`);
    await refused(place, `has schema version ${version}`);
  },
);

testUnless(
  noPostgres,
  "PostgresStore brings an older schema forward, or leaves it as it was",
  async () => {
    const { place, open } = await world();
    const store = await open(place);
    await store.commit([message(1)]);
    await store.close();
    const news = { report() {}, stop() {} };
    const next = "ALTER TABLE users ADD COLUMN status text";
    await assertRejects(
      () =>
        PostgresStore.open(place, news, {
          steps: [...postgresSteps, `${next}; CREATE nonsense`],
        }),
      StartError,
      "syntax error",
    );
    const steps = [...postgresSteps, next];
    for (let times = 0; times < 2; times++) {
      const newer = await PostgresStore.open(place, news, { steps });
      assertEquals(await idsOf(newer), [1]);
      await newer.close();
    }
    await assertRejects(() => open(place), StartError, "schema version");
  },
);
