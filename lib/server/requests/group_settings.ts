/**
 * What the leader sets about a group.
 *
 *     {"id":4,"do":"group-set","group":"jedi","history":true}
 */
import { encodeFrame } from "../../wire/frame.ts";
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
): Effect {
  const { user: leader } = session;
  const group = mustLead(server, leader, request.group);
  const { history } = request;
  if (history === undefined) {
    throw new Refusal("bad_request", '"history" is missing');
  }
  const before = group.history;
  group.history = history;
  if (history !== before) {
    batch.writes.push({ write: "group", group: group.toStored() });
  }
  return {
    committed({ wall: at }): ReplyFields<"group-set"> {
      const settings = { group: group.name, history };
      if (history !== before) {
        const fields = { ...settings, by: leader.name, at };
        tellMembers(group, encodeFrame(event("group-set", fields)), leader);
      }
      return settings;
    },
    undo() {
      group.history = before;
    },
  };
}
