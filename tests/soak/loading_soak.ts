/**
 * A cluster with very many users whose core is killed: how long it takes until
 * the next one serves, and that it keeps its place while it loads and after.
 *
 *     deno task soak:loading [--users=1000000]
 */
import { formatVerifier, makeVerifier } from "../../lib/security/verifier.ts";
import { deriveKey } from "../../lib/security/derive_key.io.ts";
import { PostgresStore } from "../../lib/server/store/postgres/postgres_store.io.ts";
import { natsProgram, NatsServer } from "../support/nats_server.ts";
import {
  placeOf,
  PostgresServer,
  programs,
} from "../support/postgres_server.ts";
import { residentBytes } from "../support/process_memory.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { lastCore, TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

/** Users with a device and an account each, of one password. */
async function fill(
  postgres: PostgresServer,
  name: string,
  users: number,
): Promise<void> {
  const parameters = { salt: new Uint8Array(16).fill(7), iterations: 4096 };
  const salted = await deriveKey(password, parameters);
  const credential = formatVerifier(makeVerifier(salted, parameters));
  for (let from = 1; from <= users; from += usersPerStatement) {
    const upto = Math.min(users, from + usersPerStatement - 1);
    const rows = `FROM generate_series(${from}, ${upto}) AS i`;
    await postgres.execute(
      name,
      "INSERT INTO users (id, name, cursor, last_seen, account) " +
        `SELECT i, 'u' || i, 0, 1, lpad(to_hex(i), 16, '0') ${rows}`,
    );
    await postgres.execute(
      name,
      "INSERT INTO devices (number, usr, id, name, cursor, since, ip, " +
        "last_seen) SELECT i, i, lpad(to_hex(i), 16, 'd'), 'laptop', 0, 1, " +
        `'192.0.2.1', 1 ${rows}`,
    );
    await postgres.execute(
      name,
      "INSERT INTO accounts (name, credential) " +
        `SELECT 'u' || i, '${credential}' ${rows}`,
    );
  }
  await postgres.execute(name, `UPDATE core SET last_device = ${users}`);
}

/** Waits until somebody can log in at a node. */
async function loggedIn(node: TestServer, user: string): Promise<void> {
  await waitUntil("a login", async () => {
    try {
      using _client = await ProtocolClient.login(node.port, { user, password });
      return true;
    } catch {
      return false;
    }
  }, patienceMs);
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text + "\n"));
}

const password = "of everybody";
const usersPerStatement = 20_000;
/** How long a core may take to load, ms. */
const patienceMs = 400_000;
/** How long it is looked whether it keeps its place, ms. */
const keepsMs = 12_000;

if (import.meta.main) {
  const { number } = taskArguments({
    usage: "deno task soak:loading [--users=1000000]",
    about: "Kills the core of a cluster with very many users.",
    numbers: { "users": 1_000_000 },
  });
  if (programs === undefined || natsProgram === undefined) Deno.exit(1);
  const users = number("users");
  await using postgres = await PostgresServer.start();
  await using nats = await NatsServer.start();
  const database = await postgres.createDatabase();
  const place = placeOf(database);
  await (await PostgresStore.open(place, { report() {}, stop() {} })).close();
  await fill(postgres, place.name, users);
  await using stack = new AsyncDisposableStack();
  const nodes: TestServer[] = [];
  let from = performance.now();
  for (const node of ["a", "b", "c"]) {
    const cluster = ["--cluster", "--node", node, "--database", database];
    const args = [...cluster, "--nats", nats.url];
    nodes.push(stack.use(await TestServer.start({ accounts: "", args })));
  }
  for (const since of ["the start", "kill -9 of the core"]) {
    const alive = nodes.filter(({ process }) => process.ended === undefined);
    const before = lastCore(nodes).coreTerm;
    await waitUntil(
      "a core",
      () => lastCore(alive).coreTerm > 0,
      patienceMs,
    );
    const core = lastCore(alive);
    const { pid } = core.process;
    const seconds = () => ((performance.now() - from) / 1000).toFixed(1);
    const served = seconds();
    const other = alive.find((node) => node !== core) ?? core;
    await loggedIn(other, `u${users - before}`);
    print(
      `${users} users: node is the core ${served} s after ${since}, and a ` +
        `client of another node logged in after ${seconds()} s; it has ` +
        `${Math.round(residentBytes(pid) / 1e6)} MB`,
    );
    await new Promise((done) => setTimeout(done, keepsMs));
    const { out, err } = core.process;
    const lost = [...out, ...err].filter((line) => /no longer/.test(line));
    if (lost.length > 0 || core.process.ended !== undefined) {
      print(`it did not keep its place: ${[...out, ...err].join("\n")}`);
      Deno.exit(1);
    }
    if (alive.length < nodes.length) break;
    from = performance.now();
    core.process.signal("SIGKILL");
    await core.process.end();
  }
  print("each kept its place while it loaded, and after");
}
