/**
 * How far one core of a cluster goes: how long it takes to load many users from
 * PostgreSQL, what memory it has with part of them online, and how many private
 * messages it stores and hands out in a second of its processor. Gateways are
 * simulated: the core has their clients, and nothing is written to sockets.
 *
 * What clients are told of each other's logins grows with the square of them and
 * takes longer than all else: it is left out with `--messages=0`.
 *
 *     deno task bench:growth [--users=1000000] [--online=100000] [--messages=50000]
 */
import { createHash } from "node:crypto";
import { cpuUsage } from "node:process";
import { takeAll } from "../../lib/base/steps.ts";
import type { Credential } from "../../lib/server/accounts/credentials_file.ts";
import { AccountTable } from "../../lib/server/accounts/account_table.ts";
import { Authenticator } from "../../lib/server/accounts/authenticator.ts";
import { ServerCore } from "../../lib/server/server_core.ts";
import type { Store, StoredState } from "../../lib/server/model/store.ts";
import { PostgresStore } from "../../lib/server/store/postgres/postgres_store.io.ts";
import {
  formatVerifier,
  makeVerifier,
  parseVerifier,
} from "../../lib/security/verifier.ts";
import { systemClock, systemRandom } from "../../lib/system/clock.io.ts";
import {
  placeOf,
  PostgresServer,
  programs,
} from "../support/postgres_server.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** Fills the tables as if all had come once, a part with each statement. */
function* fill(users: number): Generator<string> {
  for (let from = 1; from <= users; from += usersPerStatement) {
    const upto = Math.min(users, from + usersPerStatement - 1);
    const rows = `FROM generate_series(${from}, ${upto}) AS i`;
    yield "INSERT INTO users (id, name, cursor, last_seen, account) " +
      `SELECT i, 'u' || i, 0, 1, lpad(to_hex(i), 16, '0') ${rows}`;
    yield "INSERT INTO devices (number, usr, id, name, cursor, since, ip, " +
      "last_seen) SELECT i, i, lpad(to_hex(i), 16, 'd'), 'laptop', 0, 1, " +
      `'192.0.2.1', 1 ${rows}`;
  }
}

/** Accounts with a salt and keys of their own each, but of one password. */
function accountsOf(users: number): Map<string, Credential> {
  const parameters = { salt: systemRandom.bytes(16), iterations: 600_000 };
  const one = makeVerifier(systemRandom.bytes(32), parameters);
  return new Map(Array.from({ length: users }, (_, index) => {
    const salt = systemRandom.bytes(16);
    const text = formatVerifier({ ...one, salt });
    const verifier = parseVerifier(text) ?? one;
    return [`u${index + 1}`, { kind: "verifier", verifier }];
  }));
}

/** The core at work, as its shell would have it. */
class Driver {
  readonly core: ServerCore;
  readonly #store: Store;

  constructor(core: ServerCore, store: Store) {
    this.core = core;
    this.#store = store;
  }

  say(connection: number, ...requests: readonly object[]): void {
    const lines = requests.map((each) => JSON.stringify(each) + "\n").join("");
    this.core.handleData(connection, encoder.encode(lines), systemClock());
  }

  /** Does all that the core wants; how many bytes there are for clients. */
  async settle(): Promise<number> {
    const { core } = this;
    let bytes = 0;
    for (;;) {
      const action = core.pollAction();
      if (action?.action === "commit") {
        await this.#store.commit(action.writes);
        core.handleCommitted(action.batch, systemClock());
      } else if (action?.action === "inbox") {
        core.handleInbox(action.query, [], systemClock());
      } else if (action === undefined) {
        const dirty = core.pollDirty();
        if (dirty.length === 0) return bytes;
        for (const id of dirty) {
          for (const { length } of core.queueOf(id)?.take() ?? []) {
            bytes += length;
          }
        }
      }
    }
  }
}

/** How many private messages the core stores and hands out. */
async function measureMessages(
  driver: Driver,
  online: number,
  most: number,
): Promise<void> {
  const said = new Float64Array(online).fill(performance.now());
  const ping = (index: number) => {
    said[index] = performance.now();
    driver.say(index, { id: 8, do: "ping" });
  };
  // What they are told of each other comes little by little.
  for (let quiet = 0; quiet < 20;) {
    await new Promise((done) => setTimeout(done, 50));
    for (let index = 0; index < online; index++) {
      // Who is silent for long is taken for gone.
      if (performance.now() > said[index]! + pingMs) ping(index);
    }
    driver.core.handleTimeout(systemClock());
    quiet = await driver.settle() === 0 ? quiet + 1 : 0;
  }

  const used = cpuUsage();
  const sentAt = performance.now();
  for (let count = 0; count < most;) {
    for (let turn = 0; turn < 500 && count < most; turn++, count++) {
      const sender = Math.floor(Math.random() * online);
      const to = [`u${1 + Math.floor(Math.random() * online)}`];
      if (to[0] === `u${sender + 1}`) continue;
      const text = "x".repeat(60);
      driver.say(sender, {
        ...{ id: 9, do: "message", to, text, mid: `m${count}` },
      });
    }
    await driver.settle();
  }
  const { user, system } = cpuUsage(used);
  const seconds = (performance.now() - sentAt) / 1000;
  print(
    `${most} private messages, 500 in a turn: ` +
      `${
        Math.round(most / ((user + system) / 1e6))
      } in a second of the core's ` +
      `processor, ${Math.round(most / seconds)} in a second of time`,
  );
}

function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text + "\n"));
}

/** What is in use, not what the process once had. */
async function usedMb(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    (globalThis as { gc?: () => void }).gc?.();
    // What arrays had is given back by another thread.
    await new Promise((done) => setTimeout(done, 200));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return Math.round((heapUsed + external) / 1e6);
}

const encoder = new TextEncoder();
/** How often a client says that it is there, ms. */
const pingMs = 20_000;
const usersPerStatement = 20_000;

if (import.meta.main) {
  const { number } = taskArguments({
    usage: "deno task bench:growth [--users=1000000] [--online=100000] " +
      "[--messages=50000]",
    about: "Measures what one core of a cluster carries.",
    numbers: { "users": 1_000_000, "online": 100_000, "messages": 50_000 },
  });
  if (programs === undefined) {
    print("PostgreSQL is not installed");
    Deno.exit(1);
  }
  const [users, online] = [number("users"), number("online")];
  await using postgres = await PostgresServer.start();
  const place = placeOf(await postgres.createDatabase());
  const open = () => PostgresStore.open(place, { report() {}, stop() {} });
  await (await open()).close();
  for (const part of fill(users)) await postgres.execute(place.name, part);
  const store = await open();
  const emptyMb = await usedMb();

  const accounts = accountsOf(users);
  const ofAccounts = await usedMb() - emptyMb;
  const loading = cpuUsage();
  const from = performance.now();
  let stored: StoredState | undefined = await store.load();
  const loadedMs = performance.now() - from;
  const ofLoading = cpuUsage(loading).user;
  const logins = new Authenticator({
    attempts: 3,
    blockMs: 10_000,
    allowDemo: true,
    secret: stored.secret,
  }, systemRandom);
  logins.handleAccounts(accounts);
  const fingerprints = new AccountTable(stored.secret, true);
  takeAll(fingerprints.replace(new Map([...accounts].slice(0, online))));
  const tokens = Array.from({ length: online }, (_, index) => {
    const hash = createHash("sha256").update(`token ${index}`).digest("hex");
    const credential = fingerprints.fingerprint(`u${index + 1}`) ?? "";
    const expires = Date.now() + 3_600_000;
    return { device: index + 1, hash, expires, credential };
  });
  const building = cpuUsage();
  const core = takeAll(ServerCore.load({
    options: {
      idleMs: 0,
      udpPort: 6000,
      agent: "bench",
      messageRate: 0,
      unauthenticated: 1_000,
    },
    state: { ...stored, tokens },
    ...{ logins, random: systemRandom, now: systemClock() },
  }));
  const ofBuilding = cpuUsage(building).user;
  // The core has what it needs of it.
  stored = undefined;
  print(
    `${users} users: loaded in ${(loadedMs / 1000).toFixed(1)} s, ` +
      `${
        (ofLoading / 1e6).toFixed(1)
      } s of the core's processor; ready after ` +
      `${(ofBuilding / 1e6).toFixed(1)} s more of it`,
  );

  const driver = new Driver(core, store);
  const came = cpuUsage();
  for (let index = 0; index < online; index++) {
    const ip = `10.${index >> 16}.${index >> 8 & 255}.${index & 255}`;
    const remote = { ip, port: 1 };
    core.handleOpen(index, { ...remote, local: false }, systemClock());
    driver.say(
      index,
      { id: 1, do: "hello", version: 1, features: [] },
      { id: 2, do: "resume", token: `token ${index}`, udpPort: 0, seen: 0 },
    );
    if (index % 500 === 499) await driver.settle();
  }
  await driver.settle();
  const { user: cameUs } = cpuUsage(came);
  print(
    `${core.gauges().online} of them online: ${await usedMb()} MB, of that ` +
      `${ofAccounts} MB for passwords, ${emptyMb} MB before; ` +
      `${Math.round(cameUs / online)} µs for each to come`,
  );
  const most = number("messages");
  if (most > 0) await measureMessages(driver, online, most);
  await store.close();
}
