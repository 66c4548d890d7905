/**
 * The soak of a cluster: three nodes that share their clients, of which one
 * after the other, NATS or PostgreSQL is killed, ended, stopped for a while or
 * cut off while messages flow. At the end devices and logs must agree that every
 * confirmed message reached each device of its receivers exactly once and in
 * order. After each misfortune it is measured how long it took until what every
 * device said at that moment was confirmed.
 *
 *     deno task soak:cluster [NAME…] [--seconds=300] [--times=0] [--accounts=30]
 *
 * `--times=20` gives the table of how long everything takes, in half an hour:
 * after 35 minutes it ends in any case.
 */
import { assertEquals } from "@std/assert";
import { numberedAccounts } from "../support/account_line.ts";
import { natsProgram, NatsServer } from "../support/nats_server.ts";
import { median } from "../bench/median.ts";
import {
  placeOf,
  PostgresServer,
  programs,
} from "../support/postgres_server.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { lastCore, TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";
import {
  checkClients,
  checkLogs,
  deliveryFaults,
  type Groups,
  makeGroups,
  sendOne,
  settle,
} from "./soak.ts";
import { SoakClient } from "./soak_client.ts";

/** How hard and how long. */
export interface ClusterSoakOptions {
  readonly seconds: number;
  readonly accounts: number;
  readonly seed: number;
  /** What happens, in turn; all that can by default. */
  readonly kinds?: readonly Misfortune[];
  /**
   * In place of `seconds`: it ends when each has happened so many times, or at
   * last after {@link mostSeconds}.
   */
  readonly times?: number;
  /** Told how it goes. */
  readonly onProgress?: (line: string) => void;
}

/** What can happen. */
export type Misfortune = typeof allKinds[number];

/** How long it took after one misfortune. */
export interface SoakPause {
  /** Until all those could that were at nodes that it did not hit, ms. */
  readonly elsewhereMs: number;
  /**
   * Until all could, ms: also those that wait for a node to be started again,
   * since they know no other.
   */
  readonly allMs: number;
}

/** What happened during a soak that ended well. */
export interface ClusterSoakResult {
  readonly confirmed: number;
  readonly deliveries: number;
  /** Connections that went on with another core. */
  readonly restarts: number;
  /** Until clients could write again, by what happened. */
  readonly pauses: Readonly<Record<string, readonly SoakPause[]>>;
  /** Commits of all cores, as the database counted them. */
  readonly commits: number;
  /** In which there was one; in each of them there was one core. */
  readonly terms: number;
}

/**
 * Runs a soak; NATS and PostgreSQL must be installed.
 *
 * @throws when anything was lost, doubled or out of order.
 */
export async function clusterSoak(
  options: ClusterSoakOptions,
): Promise<ClusterSoakResult> {
  const { names, text } = numberedAccounts("user", options.accounts);
  await using cluster = await SoakCluster.start(text);
  const random = new SeededRandom(options.seed);
  const clients = names.flatMap((name, index) =>
    [1, 2].map((device) => {
      const port = () =>
        (fixedNode(cluster.nodes, index) ?? cluster.anyNode(random)).port;
      return new SoakClient(name, device, port, `127.0.0.${2 + index % 32}`);
    })
  );
  try {
    const groups = await makeGroups(clients, { groups: 5, seed: 1 });
    const pauses = await run(cluster, clients, groups, random, options);
    // What stays away is told below.
    const arrived = await settle(clients, groups).catch((error) => error);
    options.onProgress?.(JSON.stringify(deliveryFaults(clients, groups)));
    if (arrived instanceof Error) throw arrived;
    checkClients(clients, groups);
    await checkLogs(cluster.core, clients, groups);
    const { commits, terms } = await cluster.checkCommits();
    const sum = (of: (client: SoakClient) => number) =>
      clients.reduce((sum, client) => sum + of(client), 0);
    return {
      confirmed: sum((client) => client.confirmed.length),
      deliveries: sum((client) => client.received.length),
      restarts: sum((client) => client.restarts),
      ...{ pauses, commits, terms },
    };
  } finally {
    for (const client of clients) client.cut(Infinity);
  }
}

/** Three nodes with all that they need; the last one reaches NATS by a proxy. */
class SoakCluster implements AsyncDisposable {
  readonly nodes: readonly TestServer[];
  readonly #postgres: PostgresServer;
  /** Its name. */
  readonly #database: string;
  readonly #nats: NatsServer;
  readonly #proxy: TcpProxy;

  private constructor(
    nodes: readonly TestServer[],
    postgres: PostgresServer,
    database: string,
    nats: NatsServer,
    proxy: TcpProxy,
  ) {
    this.nodes = nodes;
    this.#database = database;
    this.#postgres = postgres;
    this.#nats = nats;
    this.#proxy = proxy;
  }

  static async start(accounts: string): Promise<SoakCluster> {
    const postgres = await PostgresServer.start();
    const nats = await NatsServer.start();
    const proxy = new TcpProxy({ port: nats.port, plain: true });
    const database = await postgres.createDatabase();
    const nodes: TestServer[] = [];
    for (const node of ["a", "b", "c"]) {
      const url = node === "c" ? `nats://127.0.0.1:${proxy.port}` : nats.url;
      const cluster = ["--cluster", "--node", node, "--database", database];
      const args = [...cluster, "--nats", url, "--message-rate", "0"];
      nodes.push(await TestServer.start({ accounts, args }));
    }
    const { name } = placeOf(database);
    const cluster = new SoakCluster(nodes, postgres, name, nats, proxy);
    await waitUntil("a core", () => cluster.core.coreTerm > 0);
    await postgres.execute(name, noteCommits);
    return cluster;
  }

  /** Whose commits there were, and that no two cores have any in one term. */
  async checkCommits(): Promise<{ commits: number; terms: number }> {
    const rows = await this.#postgres.rows(
      this.#database,
      "SELECT lease::int AS term, count(DISTINCT holder)::int AS cores, " +
        "count(*)::int AS commits, count(DISTINCT number)::int AS numbers, " +
        "min(number)::int AS first, max(number)::int AS last " +
        "FROM noted_commits GROUP BY lease ORDER BY lease",
    );
    let before = 0;
    for (const { term, cores, commits, numbers, first, last } of rows) {
      const about = `term ${term}`;
      assertEquals(cores, 1, about);
      assertEquals(commits, numbers, about);
      assertEquals(Number(last) - Number(first) + 1, commits, about);
      if (before > 0) assertEquals(Number(first), before + 1, about);
      before = Number(last);
    }
    const commits = rows.reduce((sum, row) => sum + Number(row.commits), 0);
    return { commits, terms: rows.length };
  }

  /** The node that was the last to become the core. */
  get core(): TestServer {
    return lastCore(this.nodes);
  }

  /** A node that runs. */
  anyNode(random: SeededRandom): TestServer {
    const alive = this.nodes.filter(({ process }) =>
      process.ended === undefined
    );
    return alive[random.below(alive.length)] ?? this.nodes[0]!;
  }

  /** What can happen, and which node it hits; ends when it is over. */
  readonly misfortunes: Readonly<
    Record<Misfortune, () => { hits?: TestServer; over: Promise<void> }>
  > = {
    "core-killed": () => this.#again(this.core, "SIGKILL"),
    "gateway-killed": () => this.#again(this.#other, "SIGKILL"),
    "core-ended": () => this.#again(this.core, "SIGTERM"),
    "core-stopped": () => this.#still(this.core, 8),
    "gateway-stopped": () => this.#still(this.#other, 8),
    "nats-stopped": () => {
      this.#nats.signal("SIGSTOP");
      return { over: sleep(8_000).then(() => this.#nats.signal("SIGCONT")) };
    },
    "postgres-stopped": () => ({
      over: this.#postgres.signal("SIGSTOP").then(() => sleep(8_000))
        .then(async () => void await this.#postgres.signal("SIGCONT")),
    }),
    "all-killed": () => ({
      over: Promise.all(this.nodes.map((node) => node.stop("SIGKILL")))
        .then(async () => {
          for (const node of this.nodes) await node.startAgain();
        }),
    }),
    "nats-restarted": () => ({ over: this.#nats.restart() }),
    "postgres-restarted": () => ({
      over: this.#postgres.kill().then(() => this.#postgres.run()),
    }),
    "node-cut-off": () => {
      this.#proxy.swallowAnswers();
      this.#proxy.swallowRequests();
      const over = sleep(6_000).then(() => this.#proxy.cut());
      return { hits: this.nodes[2]!, over };
    },
  };

  /** It stands still for a while, and then goes on as if nothing had been. */
  #still(hits: TestServer, seconds: number) {
    hits.process.signal("SIGSTOP");
    const over = sleep(1_000 * seconds)
      .then(() => hits.process.signal("SIGCONT"));
    return { hits, over };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.nodes) await node[Symbol.asyncDispose]();
    await this.#proxy[Symbol.asyncDispose]();
    await this.#nats[Symbol.asyncDispose]();
    await this.#postgres[Symbol.asyncDispose]();
  }

  get #other(): TestServer {
    return this.nodes.find((node) => node !== this.core)!;
  }

  #again(hits: TestServer, signal: Deno.Signal) {
    return { hits, over: hits.restart(signal) };
  }
}

async function run(
  cluster: SoakCluster,
  clients: readonly SoakClient[],
  groups: Groups,
  random: SeededRandom,
  { seconds, onProgress, kinds = allKinds, times = 0 }: ClusterSoakOptions,
): Promise<Record<string, SoakPause[]>> {
  const pauses: Record<string, SoakPause[]> = {};
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  let sent = 0;
  let count = 0;
  let isUnderWay = false;
  let nextAt = calmSeconds;
  const goesOn = () =>
    times > 0
      ? count < times * kinds.length && elapsed() < mostSeconds
      : elapsed() < seconds;
  while (goesOn() || isUnderWay) {
    const now = performance.now();
    for (const client of clients) client.pump(now);
    const due = elapsed() * messagesPerSecond;
    for (; sent < due; sent++) sendOne(clients, groups, random);
    if (elapsed() >= nextAt && !isUnderWay && goesOn()) {
      const kind = kinds[count++ % kinds.length]!;
      isUnderWay = true;
      const from = performance.now();
      const { hits, over } = cluster.misfortunes[kind]!();
      const said = clients.map((client, at) =>
        client.send(clients[(at + 2) % clients.length]!.user, undefined)
      );
      const elsewhere = said.filter((_, at) => {
        const fixed = fixedNode(cluster.nodes, Math.floor(at / 2));
        return hits === undefined || fixed !== undefined && fixed !== hits;
      });
      const msUntil = async (those: typeof said) => {
        await waitUntil(
          `clients to go on after ${kind}`,
          () => those.every(({ number }) => number !== undefined),
        );
        return Math.round(performance.now() - from);
      };
      const isBack = Promise.all([msUntil(elsewhere), msUntil(said)]).then(
        ([elsewhereMs, allMs]) => {
          (pauses[kind] ??= []).push({ elsewhereMs, allMs });
          onProgress?.(
            `${elapsed().toFixed(0)} s: ${kind}, clients of other nodes ` +
              `could write after ${elsewhereMs} ms, all after ${allMs} ms`,
          );
        },
      );
      Promise.all([over, isBack]).then(() => {
        isUnderWay = false;
        nextAt = elapsed() + calmSeconds;
      });
    }
    await sleep(tickMs);
  }
  return pauses;
}

/** Half of the accounts stay with a node; the others go on elsewhere each time. */
function fixedNode(
  nodes: readonly TestServer[],
  account: number,
): TestServer | undefined {
  return account % 2 === 0 ? nodes[account % nodes.length] : undefined;
}

/** All that can happen; what is stopped is for 8 s, a node cut off from NATS for 6. */
const allKinds = [
  "core-killed",
  "gateway-killed",
  "core-ended",
  "core-stopped",
  "gateway-stopped",
  "all-killed",
  "nats-stopped",
  "nats-restarted",
  "postgres-stopped",
  "postgres-restarted",
  "node-cut-off",
] as const;

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The database notes in which term and by which core each commit was made. */
const noteCommits =
  "CREATE TABLE noted_commits (lease bigint, holder text, number bigint); " +
  "CREATE FUNCTION note_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " +
  "INSERT INTO noted_commits VALUES (NEW.lease, NEW.holder, NEW.commits); " +
  "RETURN NULL; END $$; CREATE TRIGGER note_commit " +
  "AFTER UPDATE OF commits ON core FOR EACH ROW EXECUTE FUNCTION note_commit()";

/** How a kind of misfortune is called in the table. */
const titles: Readonly<Record<Misfortune, string>> = {
  "core-killed": "kill -9 core",
  "gateway-killed": "kill -9 gateway",
  "core-ended": "SIGTERM core",
  "core-stopped": "SIGSTOP core 8 s",
  "gateway-stopped": "SIGSTOP gateway 8 s",
  "all-killed": "kill -9 all nodes",
  "nats-stopped": "SIGSTOP NATS 8 s",
  "nats-restarted": "NATS restarts",
  "postgres-stopped": "SIGSTOP PostgreSQL 8 s",
  "postgres-restarted": "PostgreSQL restarts",
  "node-cut-off": "a node without NATS 6 s",
};

/** The pauses, a line for each kind. */
function* tableOf(
  pauses: ClusterSoakResult["pauses"],
): Generator<string> {
  const row = (...cells: readonly (string | number)[]) =>
    cells.map((cell, at) =>
      at === 0 ? String(cell).padEnd(24) : String(cell).padStart(9)
    ).join(" ");
  yield row("", "", "elsewhere", "", "all", "");
  yield row("seconds", "n", "median", "worst", "median", "worst");
  for (const kind of allKinds) {
    const all = pauses[kind] ?? [];
    if (all.length === 0) continue;
    const figures = (each: readonly number[]) =>
      [median(each), Math.max(...each)].map((ms) => (ms / 1000).toFixed(2));
    yield row(
      titles[kind],
      all.length,
      ...figures(all.map(({ elsewhereMs }) => elsewhereMs)),
      ...figures(all.map(({ allMs }) => allMs)),
    );
  }
}

/** After which nothing more happens, whatever was asked for. */
const mostSeconds = 33 * 60;
const tickMs = 10;
/** How long nothing happens between two misfortunes, seconds. */
const calmSeconds = 5;
const messagesPerSecond = 50;

if (import.meta.main) {
  const { number, words } = taskArguments({
    usage: "deno task soak:cluster [NAME…] [--seconds=300] [--times=0] " +
      "[--accounts=30] [--seed=1]",
    about: "Lets nodes, NATS and PostgreSQL die while messages flow; with " +
      "--times each so often.",
    words: allKinds,
    numbers: { "seconds": 300, "times": 0, "accounts": 30, "seed": 1 },
  });
  const say = (line: string) => {
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  };
  if (programs === undefined || natsProgram === undefined) Deno.exit(1);
  const result = await clusterSoak({
    seconds: number("seconds"),
    accounts: number("accounts"),
    seed: number("seed"),
    times: number("times"),
    ...words.length > 0 && {
      kinds: allKinds.filter((kind) => words.includes(kind)),
    },
    onProgress: say,
  });
  for (const line of tableOf(result.pauses)) say(line);
  const { confirmed, deliveries, restarts, commits, terms } = result;
  say(JSON.stringify({ confirmed, deliveries, restarts, commits, terms }));
  say(
    "nothing lost, doubled or out of order; logs without gap; one core a term",
  );
}
