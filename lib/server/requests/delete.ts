/**
 * Taking a message back.
 *
 *     {"id":4,"do":"delete","number":12,"mid":"a4"}
 *     {"id":5,"do":"delete","number":3,"group":"jedi","mid":"a5"}
 *
 * The text goes from the database. That it is gone is itself an entry with the
 * next id and number: so whoever got the message hears of it in order and once,
 * whoever did not hears nothing, and the log has a line that says so.
 */
import {
  deletionText,
  groupLogLine,
  messageLogLine,
} from "../logs/message_log.ts";
import type { Instant } from "../../base/ports.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { encodeMessage } from "../core/encode_message.ts";
import type { Group } from "../model/group.ts";
import type { Question } from "../core/lookups.ts";
import { isHidden, neverSaw } from "../model/reach.ts";
import { Refusal } from "../model/refusal.ts";
import { isOfGroup } from "../model/sent_messages.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { Found, StoredMessage } from "../model/store.ts";
import type { User } from "../model/user.ts";
import { deliverOwn, deliverTo } from "./message.ts";
import { mustExist } from "./group.ts";
import { mustHaveJoined } from "./history.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const deleteRules: Rules<"delete"> = {
  delete: { needs: "session", activity: true, ask: deleteMessage },
};

/** Looks the message up, then takes its turn among those that store something. */
function deleteMessage(
  server: ServerContext,
  session: Session,
  request: RequestFields<"delete">,
  id: number | undefined,
): Question {
  const { number } = request;
  // The group may have ended, or the sender left, after the deletion was made
  // and before its confirmation arrived.
  const isRepeated = session.user.sent.find(request.mid) !== undefined;
  const group = request.group === undefined || isRepeated
    ? undefined
    : mustExist(server, request.group);
  if (group !== undefined) mustHaveJoined(group, session.user);
  const { connection } = session;
  return {
    lookup: { kind: "number", group: group?.id, number },
    found(found) {
      const begin = (batch: Batch, now: Instant) =>
        remove(server, session, request, group, found, batch, now);
      server.enqueue({ connection, id, begin });
      return undefined;
    },
  };
}

function remove(
  server: ServerContext,
  session: Session,
  request: RequestFields<"delete">,
  group: Group | undefined,
  found: Found,
  batch: Batch,
  now: Instant,
): Effect {
  const { user: sender, device } = session;
  const { mid, number: deletes } = request;
  const earlier = sender.sent.find(mid);
  if (earlier !== undefined) {
    const { at, number } = earlier;
    const isSame = earlier.deletes === deletes &&
      isOfGroup(earlier, request.group);
    if (!isSame || number === undefined) throw new Refusal("bad_message_id");
    return { committed: () => ({ at, number }) };
  }
  if (group !== undefined) mustHaveJoined(group, sender);
  const original = mustBeMine(server, sender, deletes, found);
  const { directory, deletions } = server;
  const at = now.wall;
  const counter = group ?? directory;
  const id = ++directory.lastMessage;
  const number = ++counter.lastNumber;
  const { receiver: receiverId } = original;
  const place = group !== undefined
    ? { group: group.id }
    : receiverId === undefined
    ? {}
    : { receiver: receiverId };
  const common = {
    ...{ id, number, sender: sender.id, device: device.number },
    ...{ at, text: "", mid },
  };
  const deletion: StoredMessage = {
    ...{ ...common, ...place, deletes },
    original: original.id,
  };
  const receivers = usersOf(server, receiverId, found)
    .filter((user) => !group?.members.get(user)?.joined);
  for (const receiver of receivers) receiver.latestMessage = id;
  if (group !== undefined) group.latestMessage = id;
  sender.latestMessage = id;
  sender.sent.add(mid, {
    at,
    receipts: [],
    number,
    deletes,
    ...(group === undefined ? {} : { group }),
  });
  deletions.add(original.id);
  batch.writes.push(
    { write: "delete", message: original.id },
    { write: "message", message: deletion },
  );
  if (group !== undefined) {
    for (const { id: user } of receivers) {
      batch.writes.push({ write: "owe", group: group.id, user, message: id });
    }
  } else if (receiverId === undefined) {
    const { receivers } = found;
    batch.writes.push({ write: "broadcast", message: id, receivers });
  }
  return {
    committed(): ReplyFields<"delete"> {
      sender.sent.trim();
      const receiver = receiverId === undefined
        ? undefined
        : directory.userById(receiverId)?.name;
      const text = deletionText(deletes);
      const line = group === undefined
        ? messageLogLine(number, at, sender.name, receiver, text)
        : groupLogLine(number, at, sender.name, text);
      server.actions.push({ action: "log", group: group?.name, line });
      const frame = encodeMessage(directory, deletion, false);
      const members = group?.online.map(({ user }) => user) ?? [];
      const others = [...new Set([...members, ...receivers])]
        .filter((user) => user !== sender);
      // Like a group's message it is kept from those who blocked the sender,
      // and those who never saw the message have nothing to hear.
      const isFor = (user: User) =>
        group === undefined ||
        !(isHidden(user, sender, id) ||
          neverSaw(user, sender, group, original.id));
      if (frame !== undefined) deliverTo(others.filter(isFor), id, frame);
      for (const user of others) {
        if (isFor(user)) continue;
        for (const each of user.sessions) each.withhold(id);
      }
      deliverOwn(server, session, deletion);
      return { at, number };
    },
    undo() {
      sender.sent.remove(mid);
      deletions.remove(original.id);
      directory.lastMessage--;
      counter.lastNumber--;
    },
  };
}

/** The message, if its sender may take it back. */
function mustBeMine(
  server: ServerContext,
  sender: User,
  number: number,
  { messages: [original] }: Found,
): StoredMessage {
  // A line that tells of a deletion is no message.
  if (original === undefined || original.deletes !== undefined) {
    throw new Refusal("unknown_message", `There is no message ${number}`);
  }
  if (original.sender !== sender.id) {
    throw new Refusal("not_your_message", `Message ${number} is not yours`);
  }
  // The store was asked before other deletions of this batch were made.
  if (original.deleted || server.deletions.has(original.id)) {
    const message = `Message ${number} was deleted before`;
    throw new Refusal("already_deleted", message);
  }
  return original;
}

/**
 * Whom a private message or a broadcast was for, and who is owed a group's
 * message without being a member any more.
 */
function usersOf(
  server: ServerContext,
  receiver: number | undefined,
  found: Found,
): User[] {
  const ids = receiver === undefined ? found.receivers : [receiver];
  return ids.map((id) => server.directory.userById(id))
    .filter((user) => user !== undefined);
}
