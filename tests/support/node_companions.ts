/**
 * What makes a node of a cluster of a test's server: with `PARLEY_NODES=3` in the
 * environment the tests' servers are three each, in turn, with a PostgreSQL and a
 * NATS of their own. Tests that are about one server's files do not pass then.
 */
import { join } from "@std/path";
import { natsProgram, NatsServer } from "./nats_server.ts";
import { PostgresServer, programs } from "./postgres_server.ts";

/** What the nodes of one test's server share. */
export interface NodeGround extends AsyncDisposable {
  /** Further command-line arguments of a node. */
  argumentsOf(node: number): string[];
}

/** How many nodes there are for each server; 1 without the variable. */
export const nodeCount: number =
  programs === undefined || natsProgram === undefined
    ? 1
    : Number(Deno.env.get("PARLEY_NODES") ?? 1);

/** Starts what nodes need. */
export async function nodeGround(): Promise<NodeGround> {
  const postgres = await PostgresServer.start();
  const nats = await NatsServer.start();
  const database = await postgres.createDatabase();
  return {
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
