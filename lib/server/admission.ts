import { wireError } from "../protocol/errors.ts";
import type { Connection } from "./connection.ts";
import { hangUp } from "./presence.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * Lets a new connection in, where need be in the place of an older one that did
 * not log in, or hangs up on it.
 *
 * @param now Monotonic ms.
 */
export function admit(
  server: ServerContext,
  connection: Connection,
  now: number,
): void {
  if (server.stopping) {
    return hangUp(server, connection, wireError("shutting_down"));
  }
  const goes = server.newcomers.add(connection, now);
  if (goes === undefined) return;
  hangUp(server, goes, wireError("too_many_connections"));
}
