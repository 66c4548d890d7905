/**
 * Messages to a group.
 *
 *     {"id":4,"do":"group-message","group":"jedi","text":"hello","mid":"a2"}
 */
import { groupLogLine } from "../logs/message_log.ts";
import { encodeFrame } from "../../wire/frame.ts";
import type { Instant } from "../../base/ports.ts";
import type { RequestFields } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import type { Group } from "../model/group.ts";
import { isHidden } from "../model/reach.ts";
import { Refusal } from "../model/refusal.ts";
import { isOfGroup, type SentMessage } from "../model/sent_messages.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import { mustExist, notJoined } from "./group.ts";
import { checkText, deliverOwn } from "./message.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const groupMessageRules: Rules<"group-message"> = {
  "group-message": { needs: "session", activity: true, write: groupMessage },
};

/** Sends a text to every other member who has joined. */
function groupMessage(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-message">,
  batch: Batch,
  now: Instant,
): Effect {
  const { user: sender, device } = session;
  const { text, mid } = request;
  // Before anything else: the group may have ended, or the sender left, after
  // the message was sent and before its confirmation arrived.
  const earlier = sender.sent.find(mid);
  if (earlier !== undefined) return repeated(earlier, request.group);
  const group = mustExist(server, request.group);
  mustBeAllowed(group, sender);
  checkText(text);
  const { directory } = server;
  const at = now.wall;
  const id = ++directory.lastMessage;
  const number = ++group.lastNumber;
  const latestBefore = group.latestMessage;
  const alone = aloneIn(group, sender);
  group.latestMessage = id;
  sender.sent.add(mid, { at, receipts: [], group, id, number });
  const message = {
    ...{ id, number, sender: sender.id, device: device.number },
    ...{ group: group.id, at, text, mid },
  };
  batch.writes.push({ write: "message", message });
  return {
    committed(): ReplyFields<"group-message"> {
      sender.sent.trim();
      const line = groupLogLine(number, at, sender.name, text);
      server.actions.push({ action: "log", group: group.name, line });
      const fields = { id, number, at, text };
      server.metrics.deliveries += deliver(group, sender, fields);
      deliverOwn(server, session, message);
      return { at, id, number, ...alone };
    },
    undo() {
      sender.sent.remove(mid);
      directory.lastMessage--;
      group.lastNumber--;
      group.latestMessage = latestBefore;
    },
  };
}

function repeated(earlier: SentMessage, name: string): Effect {
  const { at, id, number, deletes } = earlier;
  if (
    id === undefined || number === undefined || deletes !== undefined ||
    !isOfGroup(earlier, name)
  ) throw new Refusal("bad_message_id");
  return { committed: () => ({ at, id, number }) };
}

/** Says when nobody gets a message, and who would if they joined. */
function aloneIn(group: Group, sender: User) {
  if (!group.isAlone(sender)) return {};
  return { alone: true, invited: group.names(false).slice(0, mostNamed) };
}

function mustBeAllowed(group: Group, sender: User): void {
  const member = group.members.get(sender);
  if (member === undefined) throw new Refusal("not_in_group");
  if (!member.joined) throw notJoined(group);
  if (group.leaderOnly && group.leader !== sender) {
    throw new Refusal(
      "leader_only",
      `Only ${group.leader.name}, who leads ${group.name}, may post there`,
    );
  }
}

/**
 * The hot path of a large group: the event is encoded once, and each member
 * costs a comparison and a push. Returns how many got it.
 */
function deliver(
  group: Group,
  sender: User,
  message: { id: number; number: number; at: number; text: string },
): number {
  const { id } = message;
  const names = { from: sender.name, group: group.name };
  const frame = encodeFrame(
    event("message", { ...message, ...names, kind: "group" }),
  );
  let count = 0;
  for (const session of group.online) {
    const { user } = session;
    if (user === sender) continue;
    if (isHidden(user, sender, id)) session.withhold(id);
    else {
      session.deliver(id, frame);
      count++;
    }
  }
  return count;
}

/** Names in a reply that says whom a message did not reach. */
const mostNamed = 8;
