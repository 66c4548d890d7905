/**
 * The keys of users, which their clients sign with, and how one comes from one
 * device of its user to another: the server passes on what they say, and reads
 * nothing of it.
 *
 *     {"id":4,"do":"identity","user":"luke"}
 *     {"id":5,"do":"identity-set","identity":"…"}
 *     {"id":6,"do":"link","step":"ask","data":"…"}
 *     {"id":7,"do":"link","device":"laptop","step":"offer","data":"…"}
 */
import { encodeFrame } from "../../wire/frame.ts";
import type { RequestFields } from "../../wire/request.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { tellCompanions } from "../core/departure.ts";
import type { ServerContext } from "../core/server_context.ts";
import { mustReach } from "../model/reach.ts";
import { Refusal, shown } from "../model/refusal.ts";
import type { Session } from "../model/session.ts";
import { announce } from "./presence.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const identityRules: Rules<"identity" | "identity-set" | "link"> = {
  identity: { needs: "session", activity: false, read: identity },
  "identity-set": { needs: "session", activity: true, write: setIdentity },
  link: { needs: "session", activity: true, read: link },
};

/** The key that a user's client logged in with last; none when it had none. */
function identity(
  server: ServerContext,
  session: Session,
  { user: name, account = "" }: RequestFields<"identity">,
): ReplyFields<"identity"> {
  const { directory } = server;
  const user = directory.userOf(account) ?? directory.mustBeUser(name);
  mustReach(session.user, user, `Your request to ${user.name}`);
  const who = { user: user.name, account: user.account };
  if (user.identity !== undefined) return { ...who, identity: user.identity };
  if (!user.online) {
    throw new Refusal("user_offline", `${user.name} is offline`);
  }
  return who;
}

/** The device has the user's key now, or a new one that is to be the user's. */
function setIdentity(
  server: ServerContext,
  session: Session,
  { identity, replace = false }: RequestFields<"identity-set">,
  batch: Batch,
): Effect {
  const { user, device } = session;
  const before = user.identity;
  const isOther = identity !== before;
  if (isOther && before !== undefined && !replace) throw new Refusal("no_key");
  if (isOther) {
    user.identity = identity;
    batch.writes.push({ write: "user", user: user.toStored() });
  }
  return {
    committed(now) {
      device.identity = identity;
      if (!isOther) return {};
      tellCompanions(session, encodeFrame(event("identity", { identity })));
      // Others learn of it as they do at a login.
      if (user.online) announce(server, user, true, now);
      return {};
    },
    undo() {
      user.identity = before;
    },
  };
}

/** Passes something on to the user's other devices, or to one of them. */
function link(
  _server: ServerContext,
  session: Session,
  { device: name, step, data }: RequestFields<"link">,
): ReplyFields<"link"> {
  const { device } = session;
  if (!session.connection.hasDevices || device.isVisit) {
    throw new Refusal("bad_request", "only a device can be linked");
  }
  const to = name?.toLowerCase();
  const others = device.companions.filter((each) =>
    to === undefined || each.device.name.toLowerCase() === to
  );
  if (others.length === 0) {
    const which = name === undefined
      ? "You are online on no other device"
      : `Your device ${shown(name)} is not online`;
    throw new Refusal("unknown_device", which);
  }
  const frame = encodeFrame(event("link", { device: device.name, step, data }));
  for (const { connection } of others) connection.send(frame);
  return { device: device.name, sent: others.length };
}
