/**
 * What people tell about themselves.
 *
 *     {"id":4,"do":"profile","user":"luke"}
 *     {"id":5,"do":"profile-set","field":"hometown","value":"Dagobah"}
 */
import { limits } from "../../protocol/limits.ts";
import { nearestWord } from "../../protocol/nearest_word.ts";
import {
  isProfileField,
  type ProfileField,
  profileFields,
} from "../../protocol/profile_fields.ts";
import type { RequestFields } from "../../protocol/request.ts";
import type { ReplyFields } from "../../protocol/server_frame.ts";
import { characters, isPrintable } from "../../protocol/text.ts";
import type { Batch, Effect } from "../batch.ts";
import { maySee } from "../reach.ts";
import { Refusal, shown } from "../refusal.ts";
import type { ServerContext } from "../server_context.ts";
import type { Session } from "../session.ts";
import type { User } from "../user.ts";

/** A profile: of the user, or of somebody else. */
export function profile(
  server: ServerContext,
  session: Session,
  request: RequestFields<"profile">,
): ReplyFields<"profile"> {
  const { user: viewer } = session;
  const name = request.user ?? viewer.name;
  const user = server.directory.user(name);
  if (user === undefined) {
    throw new Refusal("unknown_user", `There is no user ${shown(name)}`);
  }
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
export function setProfile(
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
    committed: (): ReplyFields<"profile-set"> => ({ field, value }),
    undo: () => user.setProfileField(field, before),
  };
}

function presenceOf({ session, lastSeen }: User) {
  if (session?.entered) return { online: true, since: session.since };
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
