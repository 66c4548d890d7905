/** From a line to its handler: makes the checks of the table of handlers. */
import type { Instant } from "../base/ports.ts";
import { limits } from "../wire/limits.ts";
import {
  decodeRequest,
  type Request,
  type RequestName,
} from "../wire/request.ts";
import type { Batch, Effect } from "./core/batch.ts";
import type { Connection } from "./model/connection.ts";
import { rules } from "./request_rules.ts";
import type { Question } from "./core/lookups.ts";
import { Refusal } from "./model/refusal.ts";
import type { ServerContext } from "./core/server_context.ts";
import type { Session } from "./model/session.ts";
import type { User } from "./model/user.ts";

/**
 * Handles a line: replies, or leaves the reply for when something is stored.
 *
 * @returns False when the client sends nothing that makes sense and is to be
 * disconnected.
 */
export function handleLine(
  server: ServerContext,
  connection: Connection,
  line: string,
  now: Instant,
): boolean {
  const decoded = decodeRequest(line);
  if ("error" in decoded) {
    connection.refuse(decoded.id, decoded.error);
    // An unknown request may well be one of a newer protocol.
    if (decoded.error.code === "unknown_request") return true;
    return ++connection.badFrames < limits.badFramesInARow;
  }
  connection.badFrames = 0;
  const { request } = decoded;
  try {
    const ok = dispatch(server, connection, request, now);
    if (ok !== undefined) connection.reply(request.id, ok);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    connection.refuse(request.id, error.error);
  }
  return true;
}

function dispatch(
  server: ServerContext,
  connection: Connection,
  request: Request,
  now: Instant,
): object | undefined {
  // The table types each rule for its own request, which was looked up by name.
  const rule = rules[request.do] as unknown as LooseRule;
  if (connection.version === 0 && rule.needs !== "nothing") {
    throw new Refusal("hello_first");
  }
  if (server.stopping) throw new Refusal("shutting_down");
  if (rule.handle) return rule.handle(server, connection, request, now);
  const { session } = connection;
  if (session === undefined) throw new Refusal("login_first");
  if (rule.activity) {
    session.lastActivity = now.mono;
    mustNotHurry(server, session, request, now);
  }
  if (connection.confirmsToken) {
    connection.confirmsToken = false;
    if (server.tokens.confirm(session.device)) {
      server.background.noteToken(session.device);
    }
  }
  if (rule.read) return rule.read(server, session, request, now);
  if (connection.pending >= limits.unconfirmedMessages) {
    throw new Refusal("too_many_unconfirmed");
  }
  if (rule.ask) {
    const question = rule.ask(server, session, request, request.id);
    server.lookups.ask(connection, request.id, question, now);
    return undefined;
  }
  const { write } = rule;
  server.enqueue({
    connection,
    id: request.id,
    begin: (batch, now) => {
      // The account may have been removed while the request waited.
      if (!session.user.active) throw new Refusal("account_removed");
      return write(server, session, request, batch, now);
    },
  });
  return undefined;
}

/** Requests with receivers count as one to each. */
function mustNotHurry(
  server: ServerContext,
  { user }: Session,
  request: Request,
  now: Instant,
): void {
  const cost = costOf(request);
  const wait = server.requestRate.take(user, cost, now.mono);
  if (wait === 0) return mustHaveQuota(server, user, request.do, cost, now);
  const seconds = Math.ceil(wait / 1000);
  const text = `You are sending too fast. Please try again in ${seconds} s`;
  throw new Refusal("too_fast", text, wait);
}

function costOf(request: Request): number {
  if (request.do === "message") return request.to.length;
  if (request.do === "search") return limits.searchCost;
  return request.do === "link" ? limits.linkCost : 1;
}

function mustHaveQuota(
  server: ServerContext,
  user: User,
  name: RequestName,
  messages: number,
  now: Instant,
): void {
  if (!kept.has(name)) return;
  const { historyQuota } = server;
  if (historyQuota.take(user, messages, now.wall)) return;
  throw new Refusal(
    "history_full",
    `You have sent ${historyQuota.perDay} messages today; ` +
      "the server takes no more of you until 00:00 UTC",
  );
}

/** Requests that add to the history. */
const kept = new Set<RequestName>(["message", "group-message", "broadcast"]);

type Handle<Who> = (
  server: ServerContext,
  who: Who,
  request: Request,
  now: Instant,
) => object | undefined;

/** A rule of the table, for whatever request: one of its functions. */
interface LooseRule {
  readonly needs: "nothing" | "hello" | "session";
  readonly activity: boolean;
  readonly handle?: Handle<Connection>;
  readonly read?: Handle<Session>;
  readonly ask?: (
    server: ServerContext,
    session: Session,
    request: Request,
    id: number | undefined,
  ) => Question;
  readonly write: (
    server: ServerContext,
    session: Session,
    request: Request,
    batch: Batch,
    now: Instant,
  ) => Effect;
}
