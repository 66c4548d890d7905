/**
 * Coming and going: what happens to a session, and what others are told, when
 * it begins, moves to another connection or ends.
 */
import { type WireError, wireError } from "../../wire/errors.ts";
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Connection } from "../model/connection.ts";
import { confirm } from "../core/deliveries.ts";
import { tellUser } from "../core/departure.ts";
import { endOffersOf } from "../core/offer_events.ts";
import { hidden, maySee } from "../model/reach.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import { limits } from "../../wire/limits.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const presenceRules: Rules<"ping" | "ack" | "who" | "who-since"> = {
  ping: { needs: "hello", activity: false, handle: ping },
  ack: { needs: "session", activity: false, read: ack },
  who: { needs: "session", activity: true, read: who },
  "who-since": { needs: "session", activity: true, read: whoSince },
};

/** The session's login is stored: others see it from now on, unless it is a visit. */
export function enter(
  server: ServerContext,
  session: Session,
  now: Instant,
): void {
  const { user, device, connection } = session;
  session.entered = true;
  server.newcomers.remove(connection);
  connection.session = session;
  tellEntered(server, connection);
  device.lastSeen = now.wall;
  device.ip = session.ip;
  server.bindings.handleBack(device);
  const how = device.isVisit ? "runs a command" : "logged in";
  server.actions.report("info", `${user.name} ${how} from ${session.ip}`);
  if (device.isVisit) return;
  server.online.add(session);
  for (const group of user.groups) group.addOnline(session);
  server.userLogChanged = true;
  if (user.onlineSince === 0) {
    user.onlineSince = session.since;
    announce(server, user, true, now);
  }
  server.outbox.addReader(connection);
}

/**
 * A login of the same device takes the place of a session, whose connection is
 * told and closed; others see nobody go.
 */
export function replace(
  server: ServerContext,
  old: Session,
  session: Session,
): void {
  const { user } = session;
  user.removeSession(old);
  user.addSession(session);
  if (old.entered) withdraw(server, old);
  hangUp(server, old.connection, wireError("session_moved"));
}

/** The session continues on another connection; the old one is told and closed. */
export function move(
  server: ServerContext,
  session: Session,
  connection: Connection,
  udpPort: number,
): void {
  const old = session.connection;
  old.session = undefined;
  session.moveTo(connection, udpPort);
  connection.session = session;
  tellEntered(server, connection);
  server.newcomers.remove(connection);
  // A visit reads no news.
  if (server.online.has(session)) {
    const { outbox } = server;
    outbox.addReader(connection, outbox.removeReader(old));
  }
  hangUp(server, old, wireError("session_moved"));
  server.userLogChanged = true;
  const { user, device, ip } = session;
  device.ip = ip;
  server.metrics.resumptions++;
  server.actions.report("info", `${user.name} continues from ${ip}`);
}

/**
 * The session ends.
 *
 * @param resumable True when the user may come back by token.
 */
export function leave(
  server: ServerContext,
  session: Session,
  resumable: boolean,
  now: Instant,
): void {
  const { user, device } = session;
  if (!session.isCurrent) return;
  user.removeSession(session);
  if (session.entered) retire(server, session, resumable, now);
  if (device.isVisit || user.online || user.onlineSince === 0) return;
  user.onlineSince = 0;
  user.lastSeen = now.wall;
  user.awaySince = now.mono;
  announce(server, user, false, now);
}

/** What is left of a session that is over is its device's. */
function retire(
  server: ServerContext,
  session: Session,
  resumable: boolean,
  now: Instant,
): void {
  const { user, device } = session;
  withdraw(server, session);
  device.lastSeen = now.wall;
  device.awaySince = now.mono;
  if (resumable) {
    server.tokens.startGrace(device, now);
    server.bindings.handleAway(device);
  } else {
    server.tokens.set(device, undefined);
    server.bindings.remove(device);
    device.parked = [];
    if (device.isVisit) user.removeDevice(device);
  }
  server.background.noteCursor(device);
  server.background.noteToken(device);
  // At its own end the server says so once, for all of them, and what was offered
  // is so again when they have come back.
  if (server.stopping) return;
  const isSilent = now.mono - session.connection.lastHeard >= limits.deadMs;
  endOffersOf(server, device, resumable, isSilent);
  const how = resumable ? "lost the connection" : "logged out";
  server.actions.report("info", `${user.name} ${how}`);
}

/** Nobody sees the session any more, and nothing goes to it. */
function withdraw(server: ServerContext, session: Session): void {
  const { user, device, connection } = session;
  device.settleSkipped();
  connection.session = undefined;
  server.outbox.removeReader(connection);
  if (device.isVisit) return;
  server.online.delete(session);
  for (const group of user.groups) group.removeOnline(session);
  server.userLogChanged = true;
}

function tellEntered(
  { actions }: ServerContext,
  { id: connection, restarts }: Connection,
): void {
  actions.push({ action: "enter", connection, restarts });
}

/** Ends the session and its connection, telling the client why. */
export function dismiss(
  server: ServerContext,
  session: Session,
  why: WireError,
  resumable: boolean,
  now: Instant,
): void {
  const { connection } = session;
  leave(server, session, resumable, now);
  hangUp(server, connection, why);
}

/** Closes a connection once what is queued for it is written. */
export function hangUp(
  server: ServerContext,
  connection: Connection,
  why?: WireError,
): void {
  if (connection.hungUp) return;
  connection.hungUp = true;
  if (why !== undefined) connection.sayBye(why);
  connection.queueShared();
  connection.closing = true;
  server.actions.push({ action: "close", connection: connection.id });
}

/**
 * Tells sessions of `viewer` that `subject` is online.
 *
 * @param from Those that began then or later, ms since 1970 UTC.
 */
export function tellOnline(
  viewer: User,
  subject: User,
  from: number,
  now: Instant,
): void {
  tellUser(viewer, presenceFrame(subject, true, now), from);
}

/** Tells everybody who may see it that a user came, with which key, or went. */
export function announce(
  server: ServerContext,
  subject: User,
  online: boolean,
  now: Instant,
): void {
  const frame = presenceFrame(subject, online, now);
  if (server.online.size >= crowd) {
    const hiddenFrom = hidden(subject);
    return server.outbox.tellReaders(subject, frame, hiddenFrom, now.mono);
  }
  for (const { user, connection } of server.online) {
    if (maySee(user, subject)) connection.send(frame);
  }
}

function presenceFrame(
  { name: user, identity, account }: User,
  online: boolean,
  now: Instant,
): Uint8Array {
  const fields = { user, online, at: now.wall };
  if (!online) return encodeFrame(event("presence", fields));
  const key = identity === undefined ? {} : { identity };
  return encodeFrame(event("presence", { ...fields, ...key, account }));
}

/** From how many online on it can wait that somebody comes or goes. */
const crowd = 50;

// Who is online, signs of life, and what was received.
//
//     {"id":4,"do":"who"}
//     {"id":5,"do":"who-since","seconds":60}
//     {"id":6,"do":"ping"}
//     {"do":"ping","active":true}
//     {"do":"ack","upto":17}

/** The sessions of everyone else, in the order of their logins. */
function who(
  server: ServerContext,
  session: Session,
): ReplyFields<"who"> {
  const users: ReplyFields<"who">["users"] = [];
  for (const other of server.online) {
    if (!maySee(session.user, other.user)) continue;
    const { user, since, ip, udpPort } = other;
    users.push({ user: user.name, since, ip, udpPort });
  }
  return { users };
}

/** Everyone else who was online within the last seconds, last seen first. */
function whoSince(
  server: ServerContext,
  { user: viewer }: Session,
  { seconds }: RequestFields<"who-since">,
  now: Instant,
): ReplyFields<"who-since"> {
  const since = now.wall - seconds * 1000;
  const users: ReplyFields<"who-since">["users"] = [];
  for (const user of server.directory.users()) {
    if (!user.active || !maySee(viewer, user)) continue;
    const { name, online, lastSeen } = user;
    if (online) users.push({ user: name, online, at: now.wall });
    else if (lastSeen > 0 && lastSeen >= since) {
      users.push({ user: name, online, at: lastSeen });
    }
  }
  users.sort((one, other) => other.at - one.at);
  return { users: users.slice(0, limits.seenUsers), total: users.length };
}

/**
 * Answers a sign of life with one. Transfers and private sessions do not pass
 * here: a client that has such traffic says so, and counts as active.
 */
function ping(
  _server: ServerContext,
  { session }: Connection,
  request: RequestFields<"ping">,
  now: Instant,
): ReplyFields<"ping"> {
  if (request.active && session !== undefined) session.lastActivity = now.mono;
  return {};
}

/** The client has all messages up to an id; it never gets them again. */
function ack(
  server: ServerContext,
  session: Session,
  request: RequestFields<"ack">,
): ReplyFields<"ack"> {
  confirm(server, session.device, Math.min(request.upto, session.delivered));
  return {};
}
