/**
 * Changing the password without ever sending one: the client proves the old one
 * by SCRAM, as at a login, and sends the verifier of the new one.
 *
 *     {"id":4,"do":"password-start","scram":"n,,n=yoda,r=…"}
 *     {"id":5,"do":"password-prove","scram":"c=biws,r=…,p=…"}
 *     {"id":6,"do":"password-change","verifier":"SCRAM-SHA-256$600000:…"}
 */
import { type WireError, wireError } from "../../wire/errors.ts";
import type { Instant } from "../../base/ports.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import {
  newIterations,
  newSaltBytes,
  parseVerifier,
  type Verifier,
} from "../../security/verifier.ts";
import { tokenWrite } from "../core/background_writes.ts";
import type { Batch, Effect } from "../core/batch.ts";
import type { Connection } from "../model/connection.ts";
import { finishExchange, onceCounted } from "./login.ts";
import { dismiss } from "./presence.ts";
import { Refusal } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const passwordRules: Rules<
  "password-start" | "password-prove" | "password-change"
> = {
  "password-start": { needs: "session", activity: true, read: startPassword },
  "password-prove": { needs: "session", activity: true, read: provePassword },
  "password-change": { needs: "session", activity: true, read: changePassword },
};

/** The first step; a change begun before on this connection is dropped. */
function startPassword(
  server: ServerContext,
  { user, connection }: Session,
  request: RequestFields<"password-start">,
  now: Instant,
): ReplyFields<"password-start"> {
  connection.passwordChange = undefined;
  const begun = server.logins.begin(
    request.scram,
    now,
    connection.remote.binding,
  );
  if ("error" in begun) {
    throw new Refusal(begun.error.code, begun.error.message, begun.error.wait);
  }
  if (begun.exchange.name !== user.name) {
    throw new Refusal("bad_request", "Only your own password can be changed");
  }
  connection.passwordChange = { exchange: begun.exchange };
  return { scram: begun.serverFirst };
}

/** The second step: the proof of the old password, for one change. */
function provePassword(
  server: ServerContext,
  { connection }: Session,
  request: RequestFields<"password-prove"> & { readonly id?: number },
  now: Instant,
): undefined {
  const change = connection.passwordChange;
  if (change === undefined || change.waiting || change.isProved) {
    throw new Refusal(
      "bad_request",
      "password-prove follows a reply to password-start",
    );
  }
  change.waiting = { id: request.id, scram: request.scram };
  finishPasswordProof(server, connection, now);
}

/** Looks at the proof of the old password, now or after a key was derived. */
export function finishPasswordProof(
  server: ServerContext,
  connection: Connection,
  now: Instant,
): void {
  const { passwordChange: change, session } = connection;
  if (change?.waiting === undefined || session === undefined) return;
  const { exchange, waiting: { id, scram } } = change;
  const finished = finishExchange(server, connection, exchange, scram, now);
  if (finished === undefined) return;
  if ("error" in finished) {
    connection.passwordChange = undefined;
    const { error, counts } = finished;
    if (!counts) return refuse(server, session, id, error, now);
    return onceCounted(
      server,
      connection,
      id,
      (now) => refuse(server, session, id, error, now),
    );
  }
  connection.passwordChange = { exchange, isProved: true };
  connection.reply(id, { scram: finished.serverFinal });
}

/** The third step. The reply follows when the accounts are rewritten. */
function changePassword(
  server: ServerContext,
  session: Session,
  request: RequestFields<"password-change"> & { readonly id?: number },
): undefined {
  const { user, connection } = session;
  const { exchange, isProved = false } = connection.passwordChange ?? {};
  if (exchange === undefined || !isProved) {
    throw new Refusal(
      "bad_request",
      "password-change follows a reply to password-prove",
    );
  }
  const { id } = request;
  const verifier = verifierOf(request.verifier);
  connection.passwordChange = undefined;
  server.credentialEdits.start(
    { do: "set-verifier", name: exchange.name, verifier },
    {
      done(now) {
        server.actions.report("info", `${user.name} changed the password`);
        logOutOthers(server, session, now);
        reply(server, connection, user, id);
      },
      failed: () => connection.refuse(id, wireError("credentials_failed")),
    },
  );
}

/**
 * Who is in by the old password alone is to go, and whose client keeps it would
 * fail with it at the next loss of a connection, until the name is locked.
 */
function logOutOthers(
  server: ServerContext,
  { user, device }: Session,
  now: Instant,
): void {
  const text = `The password was changed on ${device.name}: ` +
    "log in again with the new one";
  const why = wireError("logged_out_elsewhere", text);
  for (const other of user.allSessions) {
    if (other.device === device) continue;
    if (other.entered) dismiss(server, other, why, false, now);
    else user.removeSession(other);
  }
}

/** A wrong password counts like one at a login, and may end the session. */
function refuse(
  server: ServerContext,
  session: Session,
  id: number | undefined,
  error: WireError,
  now: Instant,
): void {
  const { user, connection } = session;
  const { code, attempts } = error;
  const isWrong = code === "login_failed" || code === "login_failed_blocked";
  const wrong = attempts === undefined
    ? wireError("wrong_password")
    : { ...wireError("wrong_password"), attempts };
  connection.refuse(id, isWrong ? wrong : error);
  const text = `${user.name} could not change the password: ${code}`;
  server.actions.report("info", text);
  if (code === "login_failed_blocked") {
    dismiss(server, session, error, false, now);
  }
}

/**
 * The old token is void with the old password; this session gets another. The
 * reply follows when that is stored.
 */
function reply(
  server: ServerContext,
  connection: Connection,
  user: User,
  id: number | undefined,
): void {
  const begin = (batch: Batch, now: Instant): Effect => {
    const credential = server.logins.credential(user.name);
    const { session } = connection;
    if (session?.user !== user || credential === undefined) {
      return { committed: () => undefined };
    }
    const { device } = session;
    const before = device.token;
    const token = server.tokens.issue(device, credential, now);
    if (!device.isVisit) batch.writes.push(tokenWrite(device));
    return {
      committed: (): ReplyFields<"password-change"> => ({ token }),
      undo: () => server.tokens.set(device, before),
    };
  };
  server.enqueue({ connection, id, begin });
}

function verifierOf(text: string): Verifier {
  const verifier = parseVerifier(text);
  if (
    verifier === undefined || verifier.iterations < newIterations ||
    verifier.salt.length < newSaltBytes
  ) {
    throw new Refusal(
      "bad_request",
      `"verifier" must be SCRAM-SHA-256 with a salt of at least ` +
        `${newSaltBytes} bytes and ${newIterations} iterations`,
    );
  }
  return verifier;
}
