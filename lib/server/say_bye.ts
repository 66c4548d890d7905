import { wireError } from "../protocol/errors.ts";
import type { Instant } from "../protocol/instant.ts";
import type { Connection } from "./connection.ts";
import { hangUp, leave } from "./presence.ts";
import type { ServerContext } from "./server_context.ts";

/** The server stops: tells every client and ends all sessions, to be resumed. */
export function sayBye(
  server: ServerContext,
  connections: Iterable<Connection>,
  now: Instant,
): void {
  const why = wireError("shutting_down");
  // Nobody is to be told that everybody goes: so the sessions end unannounced.
  const sessions = [...server.online];
  server.online.clear();
  for (const session of sessions) leave(server, session, true, now);
  for (const connection of connections) {
    if (!connection.closing) hangUp(server, connection, why);
  }
}
