/**
 * Saying hello, logging in, coming back, leaving.
 *
 *     {"id":1,"do":"hello","version":1,"features":[]}
 *     {"id":2,"do":"login","scram":"n,,n=yoda,r=…","udpPort":6666,"identity":"…"}
 *     {"id":3,"do":"proof","scram":"c=biws,r=…,p=…","seen":17}
 *     {"id":2,"do":"resume","token":"…","udpPort":6666,"seen":17,"identity":"…"}
 *     {"id":9,"do":"logout"}
 */
import type { WireError } from "../../wire/errors.ts";
import type { Instant } from "../../base/ports.ts";
import { networkOf } from "../../base/ip_address.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { LoginResult } from "../accounts/authenticator.ts";
import type { Effect } from "../core/batch.ts";
import type {
  ClientDetails,
  Connection,
  LoginExchange,
} from "../model/connection.ts";
import { queueLogin, queueResume } from "./begin_session.ts";
import { hangUp, leave } from "./presence.ts";
import { Refusal } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { SeenClaim } from "../model/timeline.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const loginRules: Rules<
  "hello" | "login" | "proof" | "resume" | "logout"
> = {
  hello: { needs: "nothing", activity: false, handle: hello },
  login: { needs: "hello", activity: false, handle: login },
  proof: { needs: "hello", activity: false, handle: proof },
  resume: { needs: "hello", activity: false, handle: resume },
  logout: { needs: "session", activity: false, write: logout },
};

/** Agrees on the protocol version and features. */
function hello(
  server: ServerContext,
  connection: Connection,
  request: RequestFields<"hello">,
  now: Instant,
): ReplyFields<"hello"> {
  if (connection.version !== 0) {
    throw new Refusal("bad_request", "hello was sent already");
  }
  if (request.version < oldestVersion) throw new Refusal("unsupported_version");
  connection.version = Math.min(request.version, newestVersion);
  connection.hasDevices = request.features.includes("devices");
  connection.hasDelivered = request.features.includes("delivered");
  connection.hasTrees = request.features.includes("trees");
  connection.hasStreams = request.features.includes("streams");
  connection.hasLater = request.features.includes("later");
  connection.restarts = request.features.includes("restart");
  return {
    version: connection.version,
    features: [
      ...serverFeatures,
      ...server.options.restarts ? ["restart"] : [],
    ].filter((each) => request.features.includes(each)),
    agent: server.options.agent,
    udpPort: connection.remote.udp?.udpPort ?? server.options.udpPort,
    time: now.wall,
    store: server.storeId,
  };
}

/** The first step of SCRAM; a login begun before on this connection is dropped. */
function login(
  server: ServerContext,
  connection: Connection,
  request: RequestFields<"login">,
  now: Instant,
): ReplyFields<"login"> {
  mustBeOutside(connection);
  connection.login = undefined;
  const begun = server.logins.begin(
    request.scram,
    now,
    connection.remote.binding,
  );
  if ("error" in begun) {
    throw new Refusal(begun.error.code, begun.error.message, begun.error.wait);
  }
  mustNotHaveFailed(server, connection, begun.exchange.name, now);
  const client = clientOf(connection, request);
  connection.login = { exchange: begun.exchange, client };
  return { scram: begun.serverFirst };
}

/** The second step of SCRAM. The reply follows when the session is stored. */
function proof(
  server: ServerContext,
  connection: Connection,
  request: RequestFields<"proof"> & { readonly id?: number },
  now: Instant,
): undefined {
  mustBeOutside(connection);
  const { login } = connection;
  if (login === undefined || login.waiting !== undefined) {
    throw new Refusal("bad_request", "proof follows a reply to login");
  }
  const reply = { id: request.id, claim: claimOf(request) };
  login.waiting = { scram: request.scram, reply };
  finishLogin(server, connection, now);
}

/** Looks at the proof of a connection, now or after a key was derived. */
export function finishLogin(
  server: ServerContext,
  connection: Connection,
  now: Instant,
): void {
  const { login } = connection;
  if (login?.waiting === undefined || connection.closing) return;
  const { exchange, client, waiting: { scram, reply } } = login;
  const finished = finishExchange(server, connection, exchange, scram, now);
  if (finished === undefined) return;
  connection.login = undefined;
  if ("error" in finished) {
    const { error, fatal, counts } = finished;
    const refuse = () => {
      refuseLogin(server, connection, reply.id, error);
      if (fatal) hangUp(server, connection);
    };
    if (!counts) return refuse();
    return onceCounted(server, connection, reply.id, refuse);
  }
  const { ip } = connection.remote;
  server.failedLogins.handleSuccess(networkOf(ip), finished.user);
  const device = client.visit ? undefined : client.device?.id;
  const entry = { ...reply, scram: finished.serverFinal, device };
  queueLogin(server, connection, finished.user, client, entry);
}

/** Takes up a session by its token. The reply follows when that is stored. */
function resume(
  server: ServerContext,
  connection: Connection,
  request: RequestFields<"resume"> & { readonly id?: number },
): undefined {
  mustBeOutside(connection);
  const { id, token } = request;
  const client = clientOf(connection, request);
  const reply = { id, claim: claimOf(request) };
  queueResume(server, connection, token, client, reply);
}

/** Ends the session after everything that the client asked for before. */
function logout(
  server: ServerContext,
  session: Session,
  request: RequestFields<"logout"> & { readonly id?: number },
): Effect {
  return {
    committed(now) {
      const { connection } = session;
      leave(server, session, false, now);
      connection.reply(request.id, {});
      hangUp(server, connection);
      return undefined;
    },
  };
}

/** Who sits at the server itself may fail as often as the names allow. */
function mustNotHaveFailed(
  server: ServerContext,
  { remote }: Connection,
  name: string,
  now: Instant,
): void {
  if (remote.local) return;
  const network = networkOf(remote.ip);
  const wait = server.failedLogins.take(network, name, now.mono);
  if (wait === 0) return;
  throw new Refusal(
    "too_many_failures",
    "Too many failed logins from your address. " +
      `Please try again in ${Math.ceil(wait / 1000)} s`,
    wait,
  );
}

function refuseLogin(
  server: ServerContext,
  connection: Connection,
  id: number | undefined,
  error: WireError,
): void {
  connection.refuse(id, error);
  const { ip } = connection.remote;
  server.metrics.noteRefusedLogin(error.code);
  server.actions.report("info", `a login from ${ip} failed: ${error.code}`);
}

/** What the client says of itself, as far as it may know of it. */
function clientOf(
  { hasDevices }: Connection,
  { udpPort, identity, device, visit, takeOver }: ClientDetails,
): ClientDetails {
  const client = { udpPort, identity };
  return hasDevices ? { ...client, device, visit, takeOver } : client;
}

function claimOf(
  { seen = 0, known }: Pick<RequestFields<"resume">, "seen" | "known">,
): SeenClaim {
  return { seen, ...known !== undefined && { known } };
}

function mustBeOutside(connection: Connection): void {
  if (connection.session !== undefined || connection.entering) {
    throw new Refusal("already_logged_in");
  }
}

const oldestVersion = 1;
const newestVersion = 1;
const serverFeatures = [
  "calls",
  "delivered",
  "devices",
  "groups",
  "later",
  "offers",
  "resume",
  "streams",
  "trees",
];

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
): Exclude<LoginResult, { pending: true }> | undefined {
  const finished = server.logins.finish(
    exchange,
    scram,
    connection.remote,
    now,
  );
  if (!("pending" in finished)) return finished;
  awaitKey(server, connection, exchange.name);
  return undefined;
}

/** What a connection asked for goes on when the key of `name` was derived. */
export function awaitKey(
  server: ServerContext,
  connection: Connection,
  name: string,
): void {
  const waiting = server.deriving.get(name) ?? new Set();
  server.deriving.set(name, waiting.add(connection));
}
