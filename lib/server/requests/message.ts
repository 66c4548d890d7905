/**
 * Private messages.
 *
 *     {"id":4,"do":"message","to":["obiwan"],"text":"do or do not","mid":"a1"}
 */
import { frameText } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import { messageLogLine } from "../logs/message_log.ts";
import type { RequestFields } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import { characters, isBlank, isText } from "../../base/text.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { mayReach, mayReachAll, mustReach } from "../model/reach.ts";
import { Refusal } from "../model/refusal.ts";
import type { SentMessage } from "../model/sent_messages.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { Device, HandedMessage } from "../model/device.ts";
import type { StoredMessage } from "../model/store.ts";
import type { User } from "../model/user.ts";
import { encodeMessage } from "../core/encode_message.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const messageRules: Rules<"broadcast" | "message"> = {
  broadcast: { needs: "session", activity: true, write: broadcast },
  message: { needs: "session", activity: true, write: message },
};

/** Sends a text to each receiver, or, when one cannot get it, to none. */
function message(
  server: ServerContext,
  session: Session,
  request: RequestFields<"message">,
  batch: Batch,
  now: Instant,
): Effect {
  const { user: sender, device } = session;
  const { to, text, mid } = request;
  const earlier = sender.sent.find(mid);
  if (earlier !== undefined) return repeated(server, earlier, to);
  checkText(text);
  const receivers = receiversOf(server, sender, to);
  const { directory } = server;
  const at = now.wall;
  const sent: SentMessage = { at, receipts: [] };
  for (const receiver of receivers) {
    const id = ++directory.lastMessage;
    const number = ++directory.lastNumber;
    const kept = !receiver.online;
    receiver.latestMessage = id;
    if (kept) receiver.waiting.add(id);
    sent.receipts.push({ to: receiver, id, number, kept });
    batch.writes.push({
      write: "message",
      message: {
        id,
        number,
        sender: sender.id,
        device: device.number,
        receiver: receiver.id,
        at,
        text,
        mid,
        kept,
      },
    });
  }
  sender.sent.add(mid, sent);
  sender.latestMessage = directory.lastMessage;
  return {
    committed: () => {
      sender.sent.trim();
      deliver(server, device, sent, text);
      return reply(sent);
    },
    undo: () => {
      sender.sent.remove(mid);
      for (const { to, kept } of sent.receipts) {
        if (kept) to.waiting.removeLast();
      }
      directory.lastMessage -= receivers.size;
      directory.lastNumber -= receivers.size;
    },
  };
}

/**
 * Refuses a text that nobody may send.
 *
 * @throws {Refusal}
 */
export function checkText(text: string): void {
  if (isBlank(text)) throw new Refusal("blank_text");
  const most = limits.textCharacters;
  const count = text.length > most ? characters(text) : 0;
  if (count > most) {
    throw new Refusal(
      "text_too_long",
      `The text is longer than ${most} characters: it has ${count}; ` +
        "send it in parts, or as a file",
    );
  }
  if (!isText(text)) throw new Refusal("bad_text");
}

/** A name twice is one receiver. */
function receiversOf(
  server: ServerContext,
  sender: User,
  names: readonly string[],
): Set<User> {
  const receivers = new Set<User>();
  for (const name of names) {
    const receiver = server.directory.mustBeUser(name);
    if (receiver === sender) {
      throw new Refusal("is_self", "You cannot send a message to yourself");
    }
    mustReach(sender, receiver, `Your message to ${receiver.name}`);
    mustHaveRoom(server, receiver);
    receivers.add(receiver);
  }
  return receivers;
}

function mustHaveRoom(server: ServerContext, receiver: User): void {
  const { mailboxMessages: most = 0 } = server.options;
  if (receiver.online || most === 0) return;
  const { name, cursor, waiting } = receiver;
  if (waiting.count(cursor) < most) return;
  throw new Refusal(
    "mailbox_full",
    `The mailbox of ${name} is full: ${most} messages wait there already; ` +
      "this one was not sent",
  );
}

function repeated(
  server: ServerContext,
  earlier: SentMessage,
  to: readonly string[],
): Effect {
  const receivers = new Set(earlier.receipts.map((receipt) => receipt.to));
  const isOther = (name: string) => {
    const user = server.directory.user(name);
    // A receiver who is of another name now is found by none.
    return user !== undefined && !receivers.has(user);
  };
  if (receivers.size === 0 || to.some(isOther)) {
    throw new Refusal("bad_message_id");
  }
  return { committed: () => reply(earlier) };
}

function deliver(
  server: ServerContext,
  device: Device,
  sent: SentMessage,
  text: string,
): void {
  const { at } = sent;
  const { id: sender, name: from } = device.user;
  for (const { to, id, number, kept } of sent.receipts) {
    const line = messageLogLine(number, at, from, to.name, text);
    server.actions.push({ action: "log", group: undefined, line });
    const fields = { id, kind: "private", number, at, from, text } as const;
    if (to.sessions.length > 0) {
      const frame = frameText(event("message", fields));
      const handed = { id, number, sender, kept };
      server.metrics.deliveries += deliverTo([to], id, frame, handed);
    }
    passOn(device, id, () => {
      const own = { ...fields, mine: true, to: to.name };
      return frameText(event("message", own));
    });
  }
}

function reply(sent: SentMessage): ReplyFields<"message"> {
  return {
    at: sent.at,
    sent: sent.receipts.map(({ to, id, number, kept }) => ({
      to: to.name,
      id,
      number,
      kept,
    })),
  };
}

// Messages to everybody online.
//
//     {"id":4,"do":"broadcast","text":"the council meets","mid":"a3"}
//
// Who was online is stored with the message, so that one whose connection
// broke before the message arrived gets it afterwards, and nobody else does.

/** Sends a text to everyone else online whom the sender may reach. */
function broadcast(
  server: ServerContext,
  session: Session,
  request: RequestFields<"broadcast">,
  batch: Batch,
  now: Instant,
): Effect {
  const { user: sender, device } = session;
  const { text, mid } = request;
  const earlier = sender.sent.find(mid);
  if (earlier !== undefined) {
    const { at, id, number, partial } = earlier;
    if (id === undefined || number === undefined || partial === undefined) {
      throw new Refusal("bad_message_id");
    }
    return { committed: () => ({ at, id, number, partial }) };
  }
  checkText(text);
  const { directory } = server;
  // Whom the sender has blocked the sender does not write to.
  const others: User[] = [];
  const online = new Set<User>();
  for (const { user } of server.online) {
    if (user === sender || online.has(user)) continue;
    // Most have one session only.
    if (user.sessions.length > 1) online.add(user);
    if (!sender.blocked.has(user)) others.push(user);
  }
  const receivers = mayReachAll(sender)
    ? others
    : others.filter((user) => mayReach(sender, user));
  const alone = others.length > 0 ? {} : { alone: true };
  const partial = receivers.length < others.length;
  const at = now.wall;
  const id = ++directory.lastMessage;
  const number = ++directory.lastNumber;
  const common = {
    ...{ id, number, sender: sender.id, device: device.number },
    ...{ at, text, mid },
  };
  const message = partial ? { ...common, kept: true } : common;
  sender.sent.add(mid, { at, receipts: [], id, number, partial });
  for (const receiver of receivers) receiver.latestMessage = id;
  sender.latestMessage = id;
  batch.writes.push({ write: "message", message }, {
    write: "broadcast",
    message: id,
    receivers: receivers.map((user) => user.id),
  });
  return {
    committed(): ReplyFields<"broadcast"> {
      sender.sent.trim();
      const line = messageLogLine(number, at, sender.name, undefined, text);
      server.actions.push({ action: "log", group: undefined, line });
      const frame = encodeMessage(directory, message, false);
      if (frame !== undefined) {
        server.metrics.deliveries += deliverTo(receivers, id, frame);
      }
      deliverOwn(server, session, message);
      return { at, id, number, partial, ...alone };
    },
    undo() {
      sender.sent.remove(mid);
      directory.lastMessage--;
      directory.lastNumber--;
    },
  };
}

/**
 * Hands a message to the other sessions of the user who sent it; the sender's
 * own counts as having it.
 */
export function deliverOwn(
  server: ServerContext,
  { device }: Session,
  message: StoredMessage,
): void {
  const encode = () => encodeMessage(server.directory, message, false, true);
  passOn(device, message.id, encode);
}

/** @param encode Called when there is another session. */
function passOn(
  device: Device,
  id: number,
  encode: () => Uint8Array | string | undefined,
): void {
  const { companions } = device;
  device.session?.passOwn(id);
  const frame = companions.length === 0 ? undefined : encode();
  if (frame === undefined) return;
  for (const each of companions) each.deliver(id, frame);
}

/**
 * Hands a message to the sessions of `users`; to how many.
 *
 * @param handed Of a private one.
 */
export function deliverTo(
  users: Iterable<User>,
  id: number,
  frame: Uint8Array | string,
  handed?: HandedMessage,
): number {
  let count = 0;
  for (const { sessions } of users) {
    for (const session of sessions) {
      if (!session.entered) continue;
      session.deliver(id, frame, handed);
      count++;
    }
  }
  return count;
}
