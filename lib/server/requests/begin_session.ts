/**
 * The last step of a login and of a resumption: the session is made, its new
 * token stored, and then, in this order, the client gets the reply, what is to
 * be told at a login, the messages that waited, and what happens from then on.
 */
import { wireError } from "../../wire/errors.ts";
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import { event } from "../../wire/server_frame.ts";
import { tokenWrite } from "../core/background_writes.ts";
import type { Batch, Effect } from "../core/batch.ts";
import type {
  ClientDetails,
  Connection,
  EntryReply,
} from "../model/connection.ts";
import { enter, hangUp, leave, move } from "./presence.ts";
import { mayReach } from "../model/reach.ts";
import { Refusal } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";

/** A user who proved to be who they say logs in; a second time is refused. */
export function queueLogin(
  server: ServerContext,
  connection: Connection,
  name: string,
  client: ClientDetails,
  reply: EntryReply,
): void {
  connection.entering = true;
  const begin = (batch: Batch, now: Instant): Effect => {
    if (connection.closing) throw new Refusal("login_timeout");
    const user = server.directory.user(name);
    const credential = server.logins.credential(name);
    connection.entering = false;
    if (user === undefined || credential === undefined) {
      throw new Refusal("login_failed");
    }
    if (user.session !== undefined) throw new Refusal("already_online");
    const before = user.token;
    const token = server.tokens.issue(user, credential, now);
    const forgetIdentity = publish(batch, user, client.identity);
    batch.writes.push(tokenWrite(user));
    const session = new Session(user, connection, client.udpPort, now);
    user.session = session;
    connection.entering = true;
    return {
      committed: (now) => {
        connection.entering = false;
        user.parked = [];
        begins(server, session, now, reply, token, 0);
        return undefined;
      },
      undo: () => {
        connection.entering = false;
        if (user.session === session) user.session = undefined;
        server.tokens.set(user, before);
        forgetIdentity();
      },
    };
  };
  server.enqueue({ connection, id: reply.id, begin });
}

/** A user comes back by token; a connection that still looks alive is replaced. */
export function queueResume(
  server: ServerContext,
  connection: Connection,
  given: string,
  client: ClientDetails,
  reply: EntryReply,
): void {
  connection.entering = true;
  const begin = (batch: Batch, now: Instant): Effect => {
    connection.entering = false;
    if (connection.closing) throw new Refusal("login_timeout");
    const user = tokenUser(server, given, now);
    const credential = server.logins.credential(user.name);
    if (credential === undefined) throw new Refusal("token_invalid");
    if (user.session !== undefined && !user.session.entered) {
      throw new Refusal("already_online");
    }
    const before = user.token;
    const token = server.tokens.issue(user, credential, now, given);
    const { udpPort, identity = user.identity } = client;
    const forgetIdentity = publish(batch, user, identity);
    batch.writes.push(tokenWrite(user));
    const reserved = user.session === undefined
      ? new Session(user, connection, udpPort, now)
      : undefined;
    if (reserved !== undefined) user.session = reserved;
    connection.entering = true;
    return {
      committed: (now) => {
        connection.entering = false;
        connection.confirmsToken = true;
        // The session that was to move may have ended while this was stored.
        const session = reserved ?? user.session ??
          new Session(user, connection, udpPort, now);
        if (!session.entered) {
          user.session ??= session;
          begins(server, session, now, reply, token, user.lastSeen);
        } else if (!connection.closing) {
          move(server, session, connection, udpPort);
          welcome(server, session, now, reply, token, user.lastSeen);
        }
        return undefined;
      },
      undo: () => {
        connection.entering = false;
        if (user.session === reserved) user.session = undefined;
        server.tokens.set(user, before);
        forgetIdentity();
      },
    };
  };
  server.enqueue({ connection, id: reply.id, begin });
}

/**
 * The key that others know the user by from now on; none for a client that
 * cannot sign.
 *
 * @returns Takes it back, where it could not be stored.
 */
function publish(
  batch: Batch,
  user: User,
  identity: string | undefined,
): () => void {
  const before = user.identity;
  if (identity !== before) {
    user.identity = identity;
    batch.writes.push({ write: "user", user: user.toStored() });
  }
  return () => {
    user.identity = before;
  };
}

/** Whose token it is, if it is good; once in use, the one before it is too. */
function tokenUser(server: ServerContext, token: string, now: Instant): User {
  const user = server.tokens.find(token);
  if (user === undefined || !user.active) throw new Refusal("token_invalid");
  const credential = server.logins.credential(user.name);
  if (!server.tokens.isValid(user, credential, now)) {
    throw new Refusal("token_invalid");
  }
  return user;
}

/** The session is stored; unless its connection was lost meanwhile, it begins. */
function begins(
  server: ServerContext,
  session: Session,
  now: Instant,
  reply: EntryReply,
  token: string,
  toldUntil: number,
): void {
  const { user, connection } = session;
  // The account may have been removed while the login was being stored.
  if (user.session !== session || !user.active) {
    return hangUp(server, connection, wireError("account_removed"));
  }
  if (connection.closing) return leave(server, session, true, now);
  const awaySince = user.lastSeen;
  enter(server, session, now);
  if (reply.scram === undefined) server.metrics.resumptions++;
  else server.metrics.logins++;
  welcome(server, session, now, reply, token, toldUntil, awaySince);
}

/** @param toldUntil Invitations up to this time are known to the client. */
function welcome(
  server: ServerContext,
  session: Session,
  now: Instant,
  reply: EntryReply,
  token: string,
  toldUntil: number,
  awaySince = session.user.lastSeen,
): void {
  const { user, connection } = session;
  connection.lines.limit = limits.frameBytes;
  connection.login = undefined;
  const { timeline, directory } = server;
  const { account } = user;
  const { seen, setBack } = timeline.judge(
    reply.claim,
    account,
    directory.lastMessage,
  );
  if (setBack) server.noteSetBack();
  if (seen > user.cursor) {
    user.cursor = seen;
    server.background.noteCursor(user);
  }
  server.mailboxes.start(session, awaySince, now.mono, (waiting) => {
    const { ip } = session;
    const scram = reply.scram === undefined ? {} : { scram: reply.scram };
    const told = { account, epochs: timeline.told, seen, setBack };
    const ok = { ...scram, user: user.name, token, waiting, ip, ...told };
    connection.reply(reply.id, ok);
    for (const frame of user.parked.splice(0)) connection.send(frame);
    sendInvitations(user, connection, toldUntil);
    sendTopics(user, connection, awaySince);
  });
}

/** Tells what the user's groups were said to be about meanwhile. */
function sendTopics(
  { groups }: User,
  connection: Connection,
  awaySince: number,
): void {
  for (const { name: group, topic } of groups) {
    if (topic === undefined || topic.at < awaySince) continue;
    const fields = { group, topic: topic.text, at: topic.at };
    connection.send(encodeFrame(event("topic", fields)));
  }
}

function sendInvitations(
  user: User,
  connection: Connection,
  toldUntil: number,
): void {
  for (const group of user.invitations) {
    const at = group.members.get(user)?.since ?? 0;
    if (at < toldUntil || !mayReach(group.leader, user)) continue;
    const { name, leader, leaderOnly } = group;
    connection.send(
      encodeFrame(
        event("invited", { group: name, by: leader.name, leaderOnly, at }),
      ),
    );
  }
}
