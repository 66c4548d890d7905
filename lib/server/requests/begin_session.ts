/**
 * The last step of a login and of a resumption: the session is made, its new
 * token stored, and then, in this order, the client gets the reply, what is to
 * be told at a login, the messages that waited, and what happens from then on.
 */
import { wireError } from "../../wire/errors.ts";
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import { tokenWrite } from "../core/background_writes.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { confirm, tellDelivered } from "../core/deliveries.ts";
import { tellCompanions } from "../core/departure.ts";
import { announceRelaysOf, endOffersOf } from "../core/offer_events.ts";
import type {
  ClientDetails,
  Connection,
  EntryReply,
} from "../model/connection.ts";
import {
  alreadyOnline,
  comeBack,
  knownDevice,
  mustHavePlace,
  newDevice,
} from "./devices.ts";
import { dismiss, enter, hangUp, leave, move, replace } from "./presence.ts";
import { type Device, oldClient } from "../model/device.ts";
import { mayReach } from "../model/reach.ts";
import { Refusal } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";

/** A user who proved to be who they say logs in. */
export function queueLogin(
  server: ServerContext,
  connection: Connection,
  name: string,
  client: ClientDetails,
  reply: EntryReply,
): void {
  queueEntry(server, connection, client, reply, (batch, now) => {
    const user = server.directory.user(name);
    const credential = server.logins.credential(name);
    if (user === undefined || credential === undefined) {
      throw new Refusal("login_failed");
    }
    const known = client.visit ? undefined : knownDevice(user, client);
    // Whether the other one is alive, one that knows of no devices cannot tell.
    if (known?.session !== undefined && known.id === oldClient) {
      throw alreadyOnline(connection, known.session);
    }
    const { ousted } = mustHavePlace(server, connection, user, known, client);
    const isNew = known === undefined;
    const { device, undo } = isNew
      ? newDevice(server, batch, user, connection, client, now)
      : { device: known, undo: comeBack(known, now) };
    return { device, credential, ousted, isNew, undo };
  });
}

/** A device comes back by token; a connection that still looks alive is replaced. */
export function queueResume(
  server: ServerContext,
  connection: Connection,
  token: string,
  client: ClientDetails,
  reply: EntryReply,
): void {
  queueEntry(server, connection, client, reply, (_batch, now) => {
    const device = tokenDevice(server, token, now);
    const { user, session } = device;
    const credential = server.logins.credential(user.name);
    if (credential === undefined) throw new Refusal("token_invalid");
    if (session?.entered === false) throw alreadyOnline(connection, session);
    const { ousted } = mustHavePlace(server, connection, user, device, client);
    return { device, credential, ousted, undo: () => {}, token };
  });
}

/** Who comes in, as it is when its turn has come. */
interface Entry {
  readonly device: Device;
  readonly credential: string;
  /** The device whose session ends so that there is room for this one. */
  readonly ousted: Device | undefined;
  /** True for a device that was not known. */
  readonly isNew?: boolean;
  /** The token that it comes back by. */
  readonly token?: string;
  /** It could not be stored. */
  undo(): void;
}

function queueEntry(
  server: ServerContext,
  connection: Connection,
  client: ClientDetails,
  reply: EntryReply,
  admit: (batch: Batch, now: Instant) => Entry,
): void {
  connection.entering = true;
  const begin = (batch: Batch, now: Instant): Effect => {
    connection.entering = false;
    if (connection.closing) throw new Refusal("login_timeout");
    const entry = admit(batch, now);
    const { device, ousted } = entry;
    const { user } = device;
    // Who comes back need not say it again.
    const { identity = entry.token && user.identity } = client;
    const before = device.token;
    const token = server.tokens.issue(
      device,
      entry.credential,
      now,
      entry.token,
    );
    const forgetIdentity = publish(batch, device, connection, identity);
    store(batch, device, connection, now);
    const restoreOusted = oust(server, batch, ousted);
    const session = new Session(device, connection, client.udpPort, now);
    const isReserved = device.session === undefined;
    if (isReserved) user.addSession(session);
    connection.entering = true;
    return {
      committed: (now) => {
        connection.entering = false;
        connection.confirmsToken = entry.token !== undefined;
        device.identity = identity;
        if (isReserved) begins(server, session, now, reply, token);
        else take(server, session, now, reply, token);
        // What is over is told of no login.
        if (ousted !== undefined) giveWay(server, ousted, session, now);
        if (entry.token === undefined) tellLogin(session, now, entry.isNew);
        return undefined;
      },
      undo: () => {
        connection.entering = false;
        if (isReserved) user.removeSession(session);
        restoreOusted();
        server.tokens.set(device, before);
        forgetIdentity();
        entry.undo();
      },
    };
  };
  server.enqueue({ connection, id: reply.id, begin });
}

/** Takes the place of the session that the device had when it came in. */
function take(
  server: ServerContext,
  session: Session,
  now: Instant,
  reply: EntryReply,
  token: string,
): void {
  const { user, device, connection } = session;
  const { session: old } = device;
  // It was forgotten meanwhile.
  if (!device.isVisit && !user.devices.includes(device)) {
    return begins(server, session, now, reply, token);
  }
  if (old === undefined) {
    // The one that was there ended while this was stored, and another device
    // may have the place.
    try {
      mustHavePlace(server, connection, user, device);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      server.tokens.set(device, undefined);
      server.background.noteToken(device);
      return connection.refuse(reply.id, error.error);
    }
    user.addSession(session);
  } else if (reply.scram !== undefined || !old.entered) {
    replace(server, old, session);
  } else {
    if (connection.closing) return;
    move(server, old, connection, session.udpPort);
    return welcome(server, old, now, reply, token);
  }
  begins(server, session, now, reply, token);
}

/** Tells the user's other devices of a login. */
function tellLogin(
  session: Session,
  { wall: at }: Instant,
  isNew = false,
): void {
  const { device, ip } = session;
  if (!session.entered || device.isVisit) return;
  const fields = { device: device.name, ip, at, ...isNew && { new: true } };
  tellCompanions(session, encodeFrame(event("device-login", fields)));
}

/** Has a device go when this batch is stored; returns what takes that back. */
function oust(
  server: ServerContext,
  batch: Batch,
  device: Device | undefined,
): () => void {
  if (device === undefined) return () => {};
  const { token } = device;
  device.isOusted = true;
  server.tokens.set(device, undefined);
  batch.writes.push(tokenWrite(device));
  return () => {
    device.isOusted = false;
    server.tokens.set(device, token);
  };
}

/** Adds the writes that store where a device is, and its token. */
function store(
  batch: Batch,
  device: Device,
  connection: Connection,
  { wall: lastSeen }: Instant,
): void {
  if (device.isVisit) return;
  const { ip } = connection.remote;
  const stored = { ...device.toStored(), ip, lastSeen };
  batch.writes.push({ write: "device", device: stored }, tokenWrite(device));
}

/** A device's session ends, whichever it has by now, for another one's. */
function giveWay(
  server: ServerContext,
  device: Device,
  { ip }: Session,
  now: Instant,
): void {
  device.isOusted = false;
  const { session } = device;
  if (!session?.entered) return;
  const why = wireError("taken_over", `Your session was taken over from ${ip}`);
  dismiss(server, session, why, false, now);
}

/**
 * The key that others know the user by from now on: that of the first device
 * that has one, whatever the others have. A client that knows of no devices is
 * the only one, as it sees it; none for one that cannot sign.
 *
 * @returns Takes it back, where it could not be stored.
 */
function publish(
  batch: Batch,
  { user }: Device,
  { hasDevices }: Connection,
  identity: string | undefined,
): () => void {
  const before = user.identity;
  const isKept = hasDevices && before !== undefined;
  if (identity !== before && !isKept) {
    user.identity = identity;
    batch.writes.push({ write: "user", user: user.toStored() });
  }
  return () => {
    user.identity = before;
  };
}

/** Whose token it is, if it is good; once in use, the one before it is too. */
function tokenDevice(
  server: ServerContext,
  token: string,
  now: Instant,
): Device {
  const device = server.tokens.find(token);
  if (device === undefined || !device.user.active) {
    throw new Refusal("token_invalid");
  }
  const credential = server.logins.credential(device.user.name);
  if (!server.tokens.isValid(device, credential, now)) {
    throw new Refusal("token_invalid");
  }
  return device;
}

/** The session is stored; unless its connection was lost meanwhile, it begins. */
function begins(
  server: ServerContext,
  session: Session,
  now: Instant,
  reply: EntryReply,
  token: string,
): void {
  const { user, connection } = session;
  // The account may have been removed while the login was being stored.
  if (!session.isCurrent || !user.active) {
    const code = user.active ? "logged_out_elsewhere" : "account_removed";
    return hangUp(server, connection, wireError(code));
  }
  if (connection.closing) return leave(server, session, true, now);
  enter(server, session, now);
  if (reply.scram === undefined) server.metrics.resumptions++;
  else {
    server.metrics.logins++;
    // Whoever logs in has no part in what went on before; what runs may run on.
    session.device.parked = [];
    endOffersOf(server, session.device, true);
  }
  welcome(server, session, now, reply, token);
}

function welcome(
  server: ServerContext,
  session: Session,
  now: Instant,
  reply: EntryReply,
  token: string,
): void {
  const { user, device, connection, awaySince } = session;
  connection.lines.limit = limits.frameBytes;
  connection.login = undefined;
  const { timeline, directory } = server;
  const { account } = user;
  const { seen, common, setBack } = timeline.judge(
    reply.claim,
    account,
    directory.lastMessage,
  );
  if (setBack) server.noteSetBack();
  const begins = (waiting: number) => {
    const { ip } = session;
    const scram = reply.scram === undefined ? {} : { scram: reply.scram };
    const past = { seen, ...common !== undefined && { common }, setBack };
    const told = { account, epochs: timeline.told, ...past };
    const fields = { ...scram, user: user.name, token, waiting, ip, ...told };
    const hosts = hostsOf(server);
    const ok = {
      ...{ ...fields, ...aboutDevice(server, session, reply.device) },
      ...hosts.length > 0 && { hosts },
    };
    connection.reply(reply.id, ok);
    for (const frame of device.parked.splice(0)) connection.send(frame);
    announceRelaysOf(server, device, now);
    if (device.isVisit) return;
    // Who logs in knows of none.
    const toldUntil = reply.scram === undefined ? awaySince : 0;
    sendInvitations(user, connection, toldUntil);
    sendTopics(user, connection, awaySince);
    if (connection.hasLater) server.later.tell(session, toldUntil, now);
    if (connection.hasDevices) server.unseen.tell(session);
    if (connection.hasDelivered) tellDelivered(session);
  };
  if (device.isVisit) return begins(0);
  confirm(server, device, seen);
  server.mailboxes.start(session, now.mono, begins);
}

/**
 * What a client is told that knows of devices.
 *
 * @param said The id that it said, if it did.
 */
function aboutDevice(
  { options }: ServerContext,
  { user, device, connection }: Session,
  said: string | undefined,
): Pick<ReplyFields<"resume">, "device" | "identity" | "others" | "single"> {
  if (!connection.hasDevices) return {};
  const { identity } = user;
  const isAnother = said !== undefined && said !== device.id;
  const isOther = identity !== undefined && identity !== device.identity;
  // The one that gives way to this one does so in a moment.
  const others = user.sessions.filter(({ device: each }) =>
    each !== device && !each.isOusted
  );
  return {
    device: { name: device.name, ...isAnother && { id: device.id } },
    others: others.length,
    ...options.sessions === 1 && { single: true },
    ...isOther && { identity },
  };
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

/** Tells everybody who is online where the server is, if it is at several places. */
export function tellHosts(server: ServerContext): void {
  const hosts = hostsOf(server);
  if (hosts.length === 0) return;
  const frame = encodeFrame(event("hosts", { hosts }));
  for (const { connection } of server.online) connection.send(frame);
}

/** Where clients find the server; nowhere else than where they did when empty. */
function hostsOf({ options }: ServerContext): string[] {
  return options.hosts?.().slice(0, limits.toldHosts) ?? [];
}
