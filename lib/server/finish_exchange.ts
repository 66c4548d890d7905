import type { Instant } from "../protocol/instant.ts";
import type { Connection } from "./connection.ts";
import type { LoginExchange, LoginFinished } from "./login_decider.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * Checks the proof of a SCRAM exchange. While a key has to be derived first the
 * connection waits, and whoever asked is called again then.
 *
 * @returns What became of it; `undefined` when the connection waits.
 */
export function finishExchange(
  server: ServerContext,
  connection: Connection,
  exchange: LoginExchange,
  scram: string,
  now: Instant,
): Exclude<LoginFinished, { pending: true }> | undefined {
  const finished = server.logins.finish(
    exchange as never,
    scram,
    connection.remote,
    now,
  );
  if (!("pending" in finished)) return finished;
  const waiting = server.deriving.get(exchange.name) ?? new Set();
  server.deriving.set(exchange.name, waiting.add(connection));
  return undefined;
}
