/**
 * What makes a node of a cluster of a test's server: with `PARLEY_NODES=3` in the
 * environment (`deno task test:cluster`) the tests' servers are three nodes each,
 * with a PostgreSQL and a NATS of their own, and clients come to them in turn.
 */
import { join } from "@std/path";
import type { PostgresRow } from "../../lib/server/store/postgres/postgres_queries.ts";
import { natsProgram, NatsServer } from "./nats_server.ts";
import { PostgresServer, programs } from "./postgres_server.ts";

/** What the nodes of one test's server share. */
export interface NodeGround extends AsyncDisposable {
  /** URL of the database. */
  readonly database: string;
  /** Further command-line arguments of a node. */
  argumentsOf(node: number): string[];
  /** Carries out SQL in the database; the rows that it gives. */
  rows(sql: string): Promise<PostgresRow[]>;
}

/** How many nodes there are for each server; 1 without the variable. */
export const nodeCount: number =
  programs === undefined || natsProgram === undefined
    ? 1
    : Number(Deno.env.get("PARLEY_NODES") ?? 1);

/** Why what is about the files of a server alone is left out; absent for one. */
export const notAlone: string | undefined = nodeCount === 1
  ? undefined
  : "it is about files that a cluster has in its database";

/** Starts what nodes need. */
export async function nodeGround(): Promise<NodeGround> {
  const postgres = await PostgresServer.start();
  const nats = await NatsServer.start();
  const database = await postgres.createDatabase();
  return {
    database,
    rows: (sql) => postgres.rows("parley1", sql),
    argumentsOf: (node) => [
      ...["--cluster", "--node", `node${node}`, "--database", database],
      ...["--nats", nats.url],
    ],
    async [Symbol.asyncDispose]() {
      await nats[Symbol.asyncDispose]();
      await postgres[Symbol.asyncDispose]();
    },
  };
}

/** Gives another node the accounts and the certificate of the first. */
export async function copyNode(from: string, to: string): Promise<void> {
  await Deno.mkdir(join(to, "data"), { recursive: true });
  for (
    const name of ["credentials.txt", "data/tls-key.pem", "data/tls-cert.pem"]
  ) {
    await Deno.copyFile(join(from, name), join(to, name)).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}
