/** A restart of the server that waits until its clients are back. */
import { nodeCount } from "./node_companions.ts";
import type { TestClient } from "./test_client.ts";
import type { TestServer } from "./test_server.ts";

/**
 * Ends the server with `signal`, starts it again and waits until each of
 * `clients` has resumed its session since: what the next step sends to one of
 * them then finds it online.
 */
export async function restart(
  server: TestServer,
  signal: Deno.Signal,
  ...clients: readonly TestClient[]
): Promise<void> {
  const from = clients.map((client) => client.process.out.length);
  await server.restart(signal);
  for (const [at, client] of clients.entries()) {
    const options = { from: from[at] ?? 0 };
    // Those of other nodes stay connected: this follows a welcome, too.
    if (nodeCount > 1) await client.event("unseen", {}, options);
    else await client.event("welcome", { resumed: true }, options);
  }
}
