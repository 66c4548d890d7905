/** Nodes that want to be the core, with a real database between them. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Steps } from "../../../../lib/base/steps.ts";
import type { LeaseOwner } from "../../../../lib/server/store/lease.ts";
import type { Store, StoreWrite } from "../../../../lib/server/model/store.ts";
import {
  openLease,
  type PostgresLease,
} from "../../../../lib/server/store/postgres/postgres_lease.io.ts";
import {
  postgresSteps,
  tryLock,
} from "../../../../lib/server/store/postgres/postgres_schema.ts";
import { PostgresSession } from "../../../../lib/server/store/postgres/postgres_session.io.ts";
import { givenChannel } from "../../../../lib/server/store/postgres/postgres_writer.io.ts";
import { PostgresStore } from "../../../../lib/server/store/postgres/postgres_store.io.ts";
import { StartError } from "../../../../lib/system/errors.io.ts";
import { takeSteps } from "../../../../lib/base/take_steps.io.ts";
import { freePort } from "../../../support/free_port.ts";
import {
  noPostgres,
  placeOf,
  PostgresServer,
} from "../../../support/postgres_server.ts";
import { testUnless } from "../../../support/test_unless.ts";
import { TcpProxy } from "../../../support/tcp_proxy.ts";
import { waitUntil } from "../../../support/wait_until.ts";

const port = freePort();
let shared: PostgresServer | undefined;
Deno.test.afterAll(() => shared?.[Symbol.asyncDispose]());

async function databases(): Promise<PostgresServer> {
  return shared ??= await PostgresServer.start({ port });
}

/** A node that notes what it is told, and stores while it is the core. */
class TestNode implements LeaseOwner {
  readonly lease: PostgresLease;
  readonly told: string[] = [];
  readonly reports: string[];
  /** Of the term in which it is the core. */
  store: Store | undefined;
  term: number | undefined;

  private constructor(lease: PostgresLease, reports: string[]) {
    this.lease = lease;
    this.reports = reports;
  }

  static async start(
    database: string,
    node: string,
    key = "",
  ): Promise<TestNode> {
    const reports: string[] = [];
    const lease = await openLease(
      { database, node, version: "1", key },
      (_, text) => void reports.push(text),
    );
    const started = new TestNode(lease, reports);
    lease.start(started);
    return started;
  }

  handleHeld(term: number): void {
    this.told.push(`held ${term}`);
    this.term = term;
    this.store = this.lease.openStore();
  }

  handleLost(why: string): void {
    this.told.push(`lost: ${why}`);
    this.term = undefined;
    this.store?.close();
  }

  handleOther(holder: string, term: number): void {
    this.told.push(`other ${holder} ${term}`);
  }

  handleReachable(isReachable: boolean): void {
    this.told.push(`reachable ${isReachable}`);
  }

  handleStopped(why: string): void {
    this.told.push(`stopped: ${why}`);
  }

  /** Waits until it is the core. */
  async held(): Promise<Store> {
    await waitUntil("it is the core", () => this.term !== undefined);
    assert(this.store !== undefined);
    return this.store;
  }

  /** Waits until it is told something that begins like that. */
  hears(start: string): Promise<unknown> {
    return waitUntil(
      start,
      () => this.told.some((each) => each.startsWith(start)),
    );
  }

  async stop(): Promise<void> {
    await this.store?.close();
    await this.lease.close();
  }
}

function message(id: number): StoreWrite {
  return {
    write: "message",
    message: {
      ...{ id, number: id, sender: 1, receiver: 2, at: id },
      ...{ text: `text ${id}`, mid: `m${id}` },
    },
  };
}

/** A core that reaches its new database by a proxy. */
async function startFar() {
  const at = await databases();
  const url = await at.createDatabase();
  const { name } = placeOf(url);
  const way = new TcpProxy({ port, plain: true });
  const far = `postgres://parley@127.0.0.1:${way.port}/${name}`;
  const first = await TestNode.start(far, "first");
  return { at, url, name, way, first, store: await first.held() };
}

async function idsOf(store: Store): Promise<number[]> {
  return (await store.inbox({ user: 2 }, 0, 1000)).map(({ id }) => id);
}

testUnless(
  noPostgres,
  "PostgresLease: of nodes that race one is the core, and hands over before its time is over",
  async () => {
    const url = await (await databases()).createDatabase();
    const nodes = await Promise.all(
      ["a", "b", "c"].map((name) => TestNode.start(url, name)),
    );
    const terms: number[] = [];
    for (let round = 1; round <= 3; round++) {
      await waitUntil("a core", () => nodes.some(({ term }) => term));
      const cores = nodes.filter(({ term }) => term !== undefined);
      assertEquals(cores.length, 1);
      const [core] = cores;
      assert(core?.store !== undefined && core.term !== undefined);
      terms.push(core.term);
      await core.store.commit([message(round)]);
      assertEquals(
        await idsOf(core.store),
        Array.from({ length: round }, (_, at) => at + 1),
      );
      for (const node of nodes) {
        if (node === core) continue;
        await node.hears(
          `other ${"abc"[nodes.indexOf(core)]} ${core.term}`,
        );
      }
      // Those before it still leave it to others.
      if (round === nodes.length) break;
      const before = performance.now();
      await core.store.close();
      await core.lease.release();
      core.term = undefined;
      await waitUntil("another core", () => nodes.some(({ term }) => term));
      const tookMs = performance.now() - before;
      // Well before the row would have run out; on a machine with time it is a tenth.
      assert(tookMs < 4_500, `${tookMs} ms`);
      assert(core.term === undefined, "it leaves it to the others");
    }
    assertEquals(terms, [1, 2, 3]);
    await Promise.all(nodes.map((node) => node.stop()));
  },
);

testUnless(
  noPostgres,
  "PostgresLease: a core keeps its place while it loads for longer than that lasts, and its users come page by page",
  async () => {
    const postgres = await databases();
    const database = await postgres.createDatabase();
    const node = await TestNode.start(database, "a");
    const other = await TestNode.start(database, "b");
    try {
      await postgres.execute(
        placeOf(database).name,
        "INSERT INTO nodes (run, name, version, key, seen) VALUES ('x', 'b', " +
          "'1', '', clock_timestamp() + interval '1 hour')",
      );
      const store = await Promise.race([node.held(), other.held()]);
      const core = node.term === undefined ? other : node;
      await postgres.execute(
        placeOf(database).name,
        "INSERT INTO users (id, name, cursor, last_seen, account) SELECT i, " +
          "'u' || i, 0, 1, lpad(to_hex(i), 16, '0') " +
          `FROM generate_series(1, ${manyUsers}) AS i`,
      );
      const { users } = await store.load();
      assertEquals(users.length, manyUsers);
      assertEquals(users.at(-1)?.name, `u${manyUsers}`);
      const stop = new AbortController();
      const loading = store.load(stop.signal);
      stop.abort(new Error("enough"));
      await assertRejects(() => loading, Error, "enough");

      await takeSteps(slowSteps());
      let isStored = false;
      store.commit([message(1)]).then(() => isStored = true);
      const last = () => core.told.at(-1);
      await waitUntil("news", () => isStored || last() !== "held 1");
      assertEquals([isStored, last()], [true, "held 1"]);

      const namesakes = ({ reports }: TestNode) =>
        reports.filter((text) => text.startsWith("another node is called"));
      await waitUntil("it is told", () => namesakes(other).length > 0);
      assertEquals([namesakes(node), namesakes(other).length], [[], 1]);
    } finally {
      await node.stop();
      await other.stop();
    }
  },
);

testUnless(
  noPostgres,
  "PostgresLease: the others hear that the row was given back, and look at it",
  async () => {
    const postgres = await databases();
    const database = await postgres.createDatabase();
    const place = placeOf(database);
    const node = await TestNode.start(database, "a");
    await node.held();
    let heard = 0;
    const other = await PostgresSession.open(place, {
      onNotice: () => heard++,
    });
    await other.query(`LISTEN ${givenChannel}`);
    await node.stop();
    await waitUntil("the notice", () => heard > 0);
    const [row] = await other.query("SELECT expires FROM core");
    assertEquals([row?.expires, heard], [null, 1]);
    other.close();
  },
);

/** More than come at once. */
const manyUsers = 5_000;

/** As one with very many users makes its core of them, but without the work. */
function* slowSteps(): Steps<void> {
  const still = new Int32Array(new SharedArrayBuffer(4));
  for (let step = 0; step < 50; step++) {
    Atomics.wait(still, 0, 0, 100);
    yield;
  }
}

testUnless(
  noPostgres,
  "PostgresLease: a core that is cut off in the middle of a commit stops by itself, and stores nothing after another one",
  async () => {
    const { at, url, name, first, store, way } = await startFar();
    await using proxy = way;
    await store.commit([message(1)]);
    const second = await TestNode.start(url, "second");
    await second.hears("other first 1");
    const letGo = await at.holdMessage(name, 2);
    let isConfirmed = false;
    store.commit([message(2)]).then(() => isConfirmed = true, () => {});
    await waitUntil("the commit", () => at.isWaiting(name));
    // Both directions: what becomes of it never comes to be known.
    proxy.swallowRequests();
    proxy.swallowAnswers();
    await first.hears("lost");
    assertEquals(second.term, undefined);
    const after = await second.held();
    assertEquals(second.term, 2);
    // The other one ended it: the database has nothing to go on with.
    letGo();
    await after.commit([message(3)]);
    proxy.cut();
    await first.hears("other second 2");
    assertEquals(isConfirmed, false);
    assertEquals(await idsOf(after), [1, 3]);
    await first.stop();
    await second.stop();
  },
);

testUnless(
  noPostgres,
  "PostgresLease: a renewal that is carried out too late holds up nobody, nor does the lock of who asked for it",
  async () => {
    const { at, url, name, first, way } = await startFar();
    await using proxy = way;
    // Gets the lock when the core's connection ends, in its place.
    const left = await PostgresSession.open(placeOf(url));
    const locking = left.query("SELECT pg_advisory_lock(1346458700, 1)")
      .catch(() => {});
    proxy.swallowAnswers();
    proxy.swallowRequests();
    await first.hears("lost: the database did not renew it in time");
    await at.execute(
      name,
      "UPDATE core SET expires = clock_timestamp() + interval '1 hour'",
    );
    proxy.cut();
    await waitUntil("it is the core again", () => first.term === 2);
    await locking;
    await waitUntil("the other is ended", () => !left.isOpen);
    await first.stop();
  },
);

testUnless(
  noPostgres,
  "PostgresLease: a core that was not told of its end is refused by the fence, and told then",
  async () => {
    const at = await databases();
    const url = await at.createDatabase();
    const { name } = placeOf(url);
    const first = await TestNode.start(url, "first");
    const store = await first.held();
    await store.commit([message(1)]);
    const accounts = first.lease.openAccounts();
    const yoda = { name: "yoda", credential: 'a "b" \\ $1 {é}, \'' };
    const luke = { name: "luke", credential: "two" };
    await accounts.add([yoda, luke]);
    assertEquals(await accounts.read(), [yoda, luke]);
    const master = { name: "Master", credential: "$2" };
    await accounts.change(yoda, master);
    await assertRejects(
      () => accounts.change(yoda, luke),
      StartError,
      "edited meanwhile",
    );
    for (
      const taken of [
        () => accounts.change(luke, { ...luke, name: "master" }),
        () => accounts.add([yoda, luke]),
      ]
    ) await assertRejects(taken, StartError, "of that name already");
    assertEquals(await accounts.read(), [master, luke]);
    // As if another node had taken it, and nobody had looked since.
    await at.execute(
      name,
      "UPDATE core SET term = term + 1, lease = lease + 1, holder = 'x', " +
        "node = 'x', expires = clock_timestamp() + interval '5 s'",
    );
    await assertRejects(() => accounts.change(luke, yoda), Error, "taken");
    await assertRejects(() => store.commit([message(2)]), Error, "taken");
    await first.hears("lost");
    await first.hears("other x 2");
    await first.stop();
  },
);

testUnless(
  noPostgres,
  "PostgresLease survives lost connections and a database that is killed, in the same term",
  async () => {
    const at = await databases();
    const url = await at.createDatabase();
    const { name } = placeOf(url);
    const first = await TestNode.start(url, "first");
    const second = await TestNode.start(url, "second");
    await waitUntil("a core", () => first.term ?? second.term);
    const core = first.term === undefined ? second : first;
    const store = await core.held();
    await store.commit([message(1)]);
    await at.endConnections(name);
    await store.commit([message(2)]);
    await at.kill();
    await at.run();
    // It may have taken too long: then the lease is somebody's again.
    let kept = await waitUntil("it goes on", async () => {
      const core = [first, second].find(({ term }) => term !== undefined);
      if (core?.store === undefined) return undefined;
      const id = 10 + core.told.length;
      return await core.store.commit([message(id)]).then(
        () => idsOf(core.store as Store),
        () => undefined,
      );
    });
    kept = kept?.filter((id) => id < 10);
    assertEquals(kept, [1, 2]);
    await first.stop();
    await second.stop();
  },
);

testUnless(
  noPostgres,
  "PostgresLease: who cannot read a table that another program locks does not take the row",
  async () => {
    const at = await databases();
    const url = await at.createDatabase();
    const place = placeOf(url);
    const first = await TestNode.start(url, "first");
    await (await first.held()).commit([message(1)]);
    const others = [
      await TestNode.start(url, "second"),
      await TestNode.start(url, "third"),
    ];
    for (const other of others) await other.hears("other first 1");
    const program = await PostgresSession.open(place);
    // Tables are locked in this mode by VACUUM FULL and most of ALTER TABLE.
    await program.run("BEGIN; LOCK TABLE profiles");
    await first.stop();
    await waitUntil(
      "it is told",
      () =>
        others.some(({ reports }) =>
          reports.some((text) => text.includes("is locked by another program"))
        ),
    );
    assertEquals(others.map(({ term }) => term), [undefined, undefined]);
    await program.run("ROLLBACK");
    program.close();
    const core = await waitUntil(
      "a core",
      () => others.find(({ term }) => term !== undefined),
    );
    assertEquals(core?.term, 2);
    assertEquals(await idsOf(await core!.held()), [1]);
    for (const other of others) await other.stop();
  },
);

testUnless(
  noPostgres,
  "PostgresLease: a node of a newer version stands by beside an older core, and brings the tables forward after it",
  async () => {
    const at = await databases();
    const url = await at.createDatabase();
    const place = placeOf(url);
    const news = { report() {}, stop() {} };
    const steps = postgresSteps.slice(0, 2);
    const older = await PostgresStore.open(place, news, { steps });
    await older.commit([message(1)]);
    await older.close();
    // The core of that version has the lock, and the row for some time.
    const core = await PostgresSession.open(place);
    await core.query(tryLock);
    await core.run(
      "UPDATE core SET lease = lease + 1, holder = 'x', node = 'older', " +
        "expires = clock_timestamp() + interval '1 minute'",
    );
    const node = await TestNode.start(url, "newer");
    await node.hears("other older 1");
    const [row] = await at.rows(
      place.name,
      "SELECT version FROM schema_version",
    );
    assertEquals(Number(row?.version), steps.length);
    await core.run("UPDATE core SET expires = NULL");
    core.close();
    assertEquals(await idsOf(await node.held()), [1]);
    assertEquals(await node.lease.openAccounts().read(), []);
    await node.stop();
  },
);

testUnless(
  noPostgres,
  "PostgresLease: a server alone and a cluster keep out of each other's database",
  async () => {
    const at = await databases();
    const url = await at.createDatabase();
    const place = placeOf(url);
    const news = { report() {}, stop() {} };
    const alone = await PostgresStore.open(place, news);
    await alone.commit([message(1)]);
    const node = await TestNode.start(url, "node");
    await waitUntil(
      "it says so",
      () =>
        node.reports.some((text) => text.includes("in use by another server")),
    );
    assertEquals(node.term, undefined);
    await alone.commit([message(2)]);
    await alone.close();
    const store = await node.held();
    // The database was never gone, however often the node could not have it.
    const isBack = node.reports.some((text) => text.endsWith("is there again"));
    assert(!isBack, node.reports.join("\n"));
    assertEquals(await idsOf(store), [1, 2]);
    await assertRejects(
      () => PostgresStore.open(place, news),
      StartError,
      "in use",
    );
    // One that was killed has the lock no longer, but for some time the lease.
    await node.stop();
    const again = await PostgresStore.open(place, news);
    assertEquals(await idsOf(again), [1, 2]);
    await again.close();
    await at.execute(
      place.name,
      "UPDATE core SET expires = clock_timestamp() + interval '5 s'",
    );
    await assertRejects(
      () => PostgresStore.open(place, news),
      StartError,
      "the nodes of a cluster",
    );
  },
);

testUnless(
  noPostgres,
  "PostgresLease stops where a copy was put back, and refuses another certificate",
  async () => {
    const at = await databases();
    const url = await at.createDatabase();
    const { name } = placeOf(url);
    const node = await TestNode.start(url, "node", "SHA256:a");
    await node.held();
    await waitUntil("it is known", async () => {
      const refused = await openLease(
        { database: url, node: "other", version: "1", key: "SHA256:b" },
        () => {},
      ).then((lease) => lease.close(), (error) => error.message);
      return typeof refused === "string" &&
        refused.startsWith('node "node" has the key SHA256:a');
    });
    await at.execute(
      name,
      "UPDATE core SET lease = 0, commits = 0, term = 0, expires = NULL",
    );
    await node.hears("lost");
    await node.hears("stopped: the database is not as this cluster left it");
    await node.stop();
    const other = await TestNode.start(url, "other", "SHA256:b");
    await other.held();
    await other.stop();
    const nowhere = url.replace(name, "nowhere");
    await assertRejects(
      () => TestNode.start(nowhere, "node"),
      StartError,
      "does not exist; make it with createdb",
    );
  },
);
