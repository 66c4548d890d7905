/**
 * Messages to everybody on line.
 *
 *     {"id":4,"do":"broadcast","text":"the council meets","mid":"a3"}
 *
 * Who was on line is stored with the message, so that one whose connection
 * broke before the message arrived gets it afterwards, and nobody else does.
 */
import { messageLogLine } from "../../log/message_log.ts";
import type { Instant } from "../../protocol/instant.ts";
import type { RequestFields } from "../../protocol/request.ts";
import type { ReplyFields } from "../../protocol/server_frame.ts";
import type { Batch, Effect } from "../batch.ts";
import { encodeMessage } from "../encode_message.ts";
import { mayReach, mayReachAll } from "../reach.ts";
import { Refusal } from "../refusal.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session.ts";
import type { User } from "../user.ts";
import { checkText } from "./message.ts";

/** Sends a text to everyone else on line whom the sender may reach. */
export function broadcast(
  server: ServerContext,
  session: Session,
  request: RequestFields<"broadcast">,
  batch: Batch,
  now: Instant,
): Effect {
  const { user: sender } = session;
  const { text, mid } = request;
  const earlier = sender.sent.find(mid);
  if (earlier !== undefined) {
    const { at, number, partial } = earlier;
    if (number === undefined || partial === undefined) {
      throw new Refusal("bad_message_id");
    }
    return { committed: () => ({ at, number, partial }) };
  }
  checkText(text);
  const { directory } = server;
  // Whom the sender has blocked the sender does not write to.
  const others = [...server.online].map(({ user }) => user)
    .filter((user) => user !== sender && !sender.blocked.has(user));
  const receivers = mayReachAll(sender)
    ? others
    : others.filter((user) => mayReach(sender, user));
  const alone = others.length > 0 ? {} : { alone: true };
  const partial = receivers.length < others.length;
  const at = now.wall;
  const id = ++directory.lastMessage;
  const number = ++directory.lastNumber;
  const common = { id, number, sender: sender.id, at, text, mid };
  const message = partial ? { ...common, kept: true } : common;
  sender.sent.add(mid, { at, receipts: [], number, partial });
  for (const receiver of receivers) receiver.latestMessage = id;
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
      return { at, number, partial, ...alone };
    },
    undo() {
      sender.sent.remove(mid);
      directory.lastMessage--;
      directory.lastNumber--;
    },
  };
}

/** Hands an encoded message to those of `users` who are on line; how many. */
export function deliverTo(
  users: Iterable<User>,
  id: number,
  frame: Uint8Array,
): number {
  let count = 0;
  for (const { session } of users) {
    if (!session?.entered) continue;
    session.deliver(id, frame);
    count++;
  }
  return count;
}
