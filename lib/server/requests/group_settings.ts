/**
 * What the leader sets about a group.
 *
 *     {"id":4,"do":"group-set","group":"jedi","history":true}
 *     {"id":5,"do":"group-set","group":"jedi","topic":"the plans"}
 */
import type { Instant } from "../../base/ports.ts";
import { characters, isPrintable } from "../../base/text.ts";
import { encodeFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import type { RequestFields } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { tellMembers } from "../core/departure.ts";
import { Refusal } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import { mustLead } from "./group_member.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const groupSettingsRules: Rules<"group-set"> = {
  "group-set": { needs: "session", activity: true, write: setGroup },
};

/** Sets what is given; the members hear of what is another value than before. */
function setGroup(
  server: ServerContext,
  session: Session,
  request: RequestFields<"group-set">,
  batch: Batch,
  now: Instant,
): Effect {
  const { user: leader } = session;
  const group = mustLead(server, leader, request.group);
  const { history: historyBefore, topic: topicBefore } = group;
  const { history = historyBefore } = request;
  if (request.history === undefined && request.topic === undefined) {
    throw new Refusal("bad_request", '"history" or "topic" is missing');
  }
  const before = topicBefore?.text ?? "";
  const text = request.topic === undefined
    ? before
    : checkedTopic(request.topic);
  group.history = history;
  if (text !== before) group.topic = { text, at: now.wall };
  if (history !== historyBefore || text !== before) {
    batch.writes.push({ write: "group", group: group.toStored() });
  }
  // As it is now: others of the batch may change it before this is told.
  const settings = { group: group.name, history, ...group.topicField };
  return {
    committed({ wall: at }): ReplyFields<"group-set"> {
      const by = { group: group.name, by: leader.name, at };
      if (history !== historyBefore) {
        const frame = encodeFrame(event("group-set", { ...by, history }));
        tellMembers(group, frame, session);
      }
      if (text !== before) {
        const frame = encodeFrame(event("topic", { ...by, topic: text }));
        tellMembers(group, frame, session);
      }
      return settings;
    },
    undo() {
      group.history = historyBefore;
      group.topic = topicBefore;
    },
  };
}

function checkedTopic(topic: string): string {
  const text = topic.trim();
  const most = limits.profileCharacters;
  if (characters(text) > most) {
    const message = `The topic is longer than ${most} characters`;
    throw new Refusal("text_too_long", message);
  }
  if (isPrintable(text)) return text;
  throw new Refusal("bad_text", "The topic has control characters");
}
