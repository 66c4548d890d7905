import { wireError } from "../protocol/errors.ts";
import type { Connection } from "./connection.ts";
import { hangUp } from "./presence.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * Lets a new connection in, where need be in the place of an older one that did
 * not log in, or hangs up on it.
 *
 * @param now Monotonic ms.
 * @returns False when it hung up on one of them.
 */
export function admit(
  server: ServerContext,
  connection: Connection,
  now: number,
): boolean {
  if (server.stopping) {
    hangUp(server, connection, wireError("shutting_down"));
    return false;
  }
  const goes = server.newcomers.add(connection, now);
  if (goes === undefined) return true;
  hangUp(server, goes, wireError("too_many_connections"));
  return false;
}
