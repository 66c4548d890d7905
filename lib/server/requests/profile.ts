/**
 * What people tell about themselves.
 *
 *     {"id":4,"do":"profile","user":"luke"}
 *     {"id":5,"do":"profile-set","field":"hometown","value":"Dagobah"}
 */
import { limits } from "../../wire/limits.ts";
import { nearestWord } from "../../base/nearest_word.ts";
import {
  isProfileField,
  type ProfileField,
  profileFields,
} from "../../wire/names.ts";
import type { RequestFields } from "../../wire/request.ts";
import { encodeFrame } from "../../wire/frame.ts";
import { event, type ReplyFields } from "../../wire/server_frame.ts";
import { characters, isPrintable } from "../../base/text.ts";
import type { Batch, Effect } from "../core/batch.ts";
import { tellCompanions } from "../core/departure.ts";
import { maySee, mustNotBlock } from "../model/reach.ts";
import { Refusal, refuseUser, shown } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { User } from "../model/user.ts";
import { mustExist, notJoined } from "./group.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const profileRules: Rules<
  "find" | "profile" | "profile-set"
> = {
  find: { needs: "session", activity: true, read: find },
  profile: { needs: "session", activity: true, read: profile },
  "profile-set": { needs: "session", activity: true, write: setProfile },
};

/** A profile: of the user, or of somebody else. */
function profile(
  server: ServerContext,
  session: Session,
  request: RequestFields<"profile">,
): ReplyFields<"profile"> {
  const { user: viewer } = session;
  const name = request.user ?? viewer.name;
  const user = server.directory.mustBeUser(name);
  if (user !== viewer && viewer.blockedBy.has(user)) {
    const message = `The profile of ${user.name} could not be delivered`;
    throw new Refusal("not_delivered", message);
  }
  const isSeen = user === viewer || maySee(viewer, user);
  return {
    user: user.name,
    fields: { ...user.profile },
    ...(isSeen ? presenceOf(user) : {}),
  };
}

/** Fills in a field of the user's own profile, or clears it. */
function setProfile(
  _server: ServerContext,
  session: Session,
  request: RequestFields<"profile-set">,
  batch: Batch,
): Effect {
  const { user } = session;
  const field = fieldOf(request.field);
  const value = request.value.trim();
  if (characters(value) > limits.profileCharacters) {
    throw new Refusal(
      "text_too_long",
      `The ${field} is longer than ${limits.profileCharacters} characters`,
    );
  }
  if (!isPrintable(value)) {
    throw new Refusal("bad_text", `The ${field} has control characters`);
  }
  const before = user.profile[field] ?? "";
  user.setProfileField(field, value);
  batch.writes.push({
    write: "profile",
    profile: { user: user.id, field, value },
  });
  return {
    committed(): ReplyFields<"profile-set"> {
      tellCompanions(session, profileChanged);
      return { field, value };
    },
    undo: () => user.setProfileField(field, before),
  };
}

const profileChanged = encodeFrame(event("changed", { what: "profile" }));

function presenceOf({ online, onlineSince, lastSeen }: User) {
  if (online) return { online, since: onlineSince };
  return lastSeen > 0 ? { online: false, lastSeen } : { online: false };
}

function fieldOf(word: string): ProfileField {
  const name = word.toLowerCase();
  if (isProfileField(name)) return name;
  const nearest = nearestWord(name, profileFields);
  const hint = nearest === undefined ? "the" : `did you mean ${nearest}? The`;
  throw new Refusal(
    "unknown_field",
    `A profile has no field ${shown(word)}; ${hint} fields are ` +
      profileFields.join(", "),
  );
}

// Whom or what a name stands for, before anything is sent there.
//
//     {"id":4,"do":"find","name":"luke"}

/**
 * A user to write to, or a group that the asker has joined. A name that is both
 * is the user: what is meant for one person must not go to many by mistake.
 */
function find(
  server: ServerContext,
  session: Session,
  { name, kind }: RequestFields<"find">,
): ReplyFields<"find"> {
  const { directory } = server;
  const user = directory.user(name);
  const group = directory.group(name);
  const ambiguous = user !== undefined && user !== session.user &&
    group !== undefined && session.user.groups.has(group);
  if (user !== undefined && kind !== "group") {
    if (user !== session.user) {
      mustNotBlock(session.user, user);
      return { kind: "user", name: user.name, ambiguous };
    }
    if (kind === "user" || group === undefined) {
      throw new Refusal("is_self", "You cannot chat with yourself");
    }
  }
  if (kind === "user") refuseUser(name);
  if (group === undefined && kind === undefined) {
    throw new Refusal(
      "unknown_name",
      `There is no user and no group chat ${shown(name)}`,
    );
  }
  const found = mustExist(server, name);
  const member = found.members.get(session.user);
  if (member === undefined) throw new Refusal("not_in_group");
  if (!member.joined) throw notJoined(found);
  return { kind: "group", name: found.name, ambiguous };
}
