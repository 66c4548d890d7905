import type { Instant } from "../protocol/instant.ts";
import type { Connection } from "./connection.ts";
import type { LoginExchange, LoginFinished } from "./login_decider.ts";
import type { ServerContext } from "./server_context.ts";

/**
 * Gives an answer once it is stored that the login failed: else somebody who
 * kills the server, or waits for it to die, could guess again and again.
 */
export function onceCounted(
  server: ServerContext,
  connection: Connection,
  id: number | undefined,
  answer: (now: Instant) => void,
): void {
  // Until then nobody else may log in there.
  connection.entering = connection.session === undefined;
  const undo = () => {
    connection.entering = false;
  };
  const committed = (now: Instant) => {
    undo();
    if (!connection.closing) answer(now);
    return undefined;
  };
  server.enqueue({ connection, id, begin: () => ({ committed, undo }) });
}

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
