import { wireError } from "../protocol/errors.ts";
import type { Instant } from "../protocol/instant.ts";
import { dismiss, hangUp } from "./presence.ts";
import type { ServerContext } from "./server_context.ts";

/** Disconnects those whose queue could not take a frame, and says why. */
export function disconnectSlowReaders(
  server: ServerContext,
  now: Instant,
): void {
  for (;;) {
    const connection = server.outbox.takeOverflow();
    if (connection === undefined) return;
    const { session } = connection;
    const why = wireError("slow_reader");
    server.metrics.slowReaders++;
    const who = session?.user.name ?? connection.remote.ip;
    server.actions.report("info", `${who} reads too slowly and is cut off`);
    if (session !== undefined) dismiss(server, session, why, true, now);
    else hangUp(server, connection, why);
  }
}
