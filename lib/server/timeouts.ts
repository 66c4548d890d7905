/**
 * Every deadline of every connection, looked at in one pass: logging in, signs
 * of life both ways, inactivity. Nothing is armed per frame. A deadline only
 * ever moves later while frames come, so a pass made at the earliest deadline of
 * the last pass misses none.
 */
import { wireError } from "../wire/errors.ts";
import { encodeFrame } from "../wire/frame.ts";
import type { Instant } from "../base/ports.ts";
import { limits } from "../wire/limits.ts";
import { event } from "../wire/server_frame.ts";
import type { Connection } from "./model/connection.ts";
import { endOldOffers } from "./core/offer_events.ts";
import { dismiss, hangUp } from "./requests/presence.ts";
import type { ServerContext } from "./core/server_context.ts";
import type { Session } from "./model/session.ts";

/** Carries out what is due; returns when to look again, monotonic ms. */
export function checkTimeouts(
  server: ServerContext,
  connections: Iterable<Connection>,
  now: Instant,
): number {
  endOldOffers(server, now);
  const { idleMs } = server.options;
  // A session that begins after this pass is due no sooner than that.
  let next = Math.min(
    now.mono + Math.min(longestMs, idleMs - warningMs(idleMs) || longestMs),
    server.offers.nextExpiry ?? Infinity,
  );
  for (const connection of connections) {
    if (connection.closing) continue;
    const { session } = connection;
    const deadline = session === undefined
      ? checkLogin(server, connection, now)
      : checkSession(server, session, now);
    if (deadline < next) next = deadline;
  }
  return Math.max(next, now.mono + shortestMs);
}

/** A connection without a session: its next deadline. */
function checkLogin(
  server: ServerContext,
  connection: Connection,
  now: Instant,
): number {
  // What takes long then is the store, not the client.
  if (connection.entering) return Infinity;
  const deadline = connection.openedAt + limits.loginMs;
  if (now.mono < deadline) return deadline;
  hangUp(server, connection, wireError("login_timeout"));
  return Infinity;
}

/** A logged-in connection: its next deadline. */
function checkSession(
  server: ServerContext,
  session: Session,
  now: Instant,
): number {
  const { connection } = session;
  const deadAt = connection.lastHeard + limits.deadMs;
  if (now.mono >= deadAt) {
    dismiss(server, session, wireError("heartbeat_missed"), true, now);
    return Infinity;
  }
  const { idleMs } = server.options;
  const idleAt = idleMs > 0 ? session.lastActivity + idleMs : Infinity;
  if (now.mono >= idleAt) {
    const seconds = Math.round(idleMs / 1000);
    const text = `Logged out after ${seconds} seconds of inactivity`;
    dismiss(server, session, wireError("idle", text), false, now);
    return Infinity;
  }
  const warnAt = warnIdle(session, idleAt, warningMs(idleMs), now);
  const { device } = session;
  if (server.tokens.renew(device, now)) {
    device.lastSeen = now.wall;
    server.background.noteToken(device);
    server.background.noteCursor(device);
  }
  if (now.mono >= connection.lastSent + limits.heartbeatMs) {
    connection.send(pingFrame);
    connection.lastSent = now.mono;
  }
  const pingAt = connection.lastSent + limits.heartbeatMs;
  return Math.min(deadAt, idleAt, warnAt, pingAt);
}

/**
 * Warns, once, who is about to be logged out for inactivity; returns when to do
 * so, monotonic ms.
 */
function warnIdle(
  session: Session,
  idleAt: number,
  before: number,
  now: Instant,
): number {
  const { connection, lastActivity } = session;
  const warnAt = idleAt - before;
  if (now.mono < warnAt) return warnAt;
  if (session.warnedOf === lastActivity) return Infinity;
  session.warnedOf = lastActivity;
  const wait = Math.round(idleAt - now.mono);
  connection.send(encodeFrame(event("idle", { wait })));
  connection.lastSent = now.mono;
  return Infinity;
}

/** How long before the end of an idle time-out a user is warned, ms. */
function warningMs(idleMs: number): number {
  return Math.min(idleMs / 4, longestWarningMs);
}

const pingFrame = encodeFrame(event("ping", {}));
/** Bounds of the time between two passes, ms. */
const shortestMs = 50;
const longestMs = 10_000;
const longestWarningMs = 60_000;
