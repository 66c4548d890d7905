/**
 * What was said before.
 *
 *     {"id":4,"do":"history","with":"luke","limit":20}
 *     {"id":5,"do":"history","group":"jedi","before":118}
 *     {"id":6,"do":"history"}
 *     {"id":7,"do":"history","kind":"group","since":1780349800000}
 *     {"id":8,"do":"search","words":"death star","name":"jedi"}
 *
 * Nobody is shown what was not for them: a group's messages begin where the
 * user joined it, unless its leader opened its past, and of the broadcasts there are those that the user sent or
 * got.
 */
import { encodeFrame } from "../../wire/frame.ts";
import { searchTerms } from "../../base/search_words.ts";
import { characters } from "../../base/text.ts";
import { limits } from "../../wire/limits.ts";
import type { RequestFields } from "../../wire/request.ts";
import type { ReplyFields } from "../../wire/server_frame.ts";
import { placeOf } from "../core/encode_message.ts";
import type { Group } from "../model/group.ts";
import type { Question } from "../core/lookups.ts";
import { isHidden } from "../model/reach.ts";
import { Refusal, refuseName, refuseUser } from "../model/refusal.ts";
import type { ServerContext } from "../core/server_context.ts";
import type { Session } from "../model/session.ts";
import type { PastLookup, StoredMessage } from "../model/store.ts";
import type { User } from "../model/user.ts";
import { mustExist } from "./group.ts";
import type { Rules } from "./rule.ts";

/** The rules of the requests handled here. */
export const historyRules: Rules<"history" | "search"> = {
  history: { needs: "session", activity: true, ask: history },
  search: { needs: "session", activity: true, ask: search },
};

/** The last messages with a person, of a group, or all of the user's own. */
function history(
  server: ServerContext,
  session: Session,
  request: RequestFields<"history">,
): Question {
  const { user } = session;
  const { before = Number.MAX_SAFE_INTEGER, limit = defaultLimit, since = 0 } =
    request;
  // One more than is wanted tells whether there are more.
  const range = { before, limit: limit + 1 };
  return {
    lookup: { ...scopeOf(server, user, request), ...range },
    found: ({ messages }) => page(server, user, messages, limit, since),
  };
}

/** The last messages in which all words are. */
function search(
  server: ServerContext,
  { user }: Session,
  { words, ...request }: RequestFields<"search">,
): Question {
  const { before = Number.MAX_SAFE_INTEGER, limit = defaultLimit } = request;
  if (characters(words) > limits.searchCharacters) {
    const message =
      `A search has at most ${limits.searchCharacters} characters`;
    throw new Refusal("text_too_long", message);
  }
  const terms = searchTerms(words);
  if (terms.length === 0) {
    throw new Refusal("blank_text", "There is nothing to search for");
  }
  const scope = scopeOf(server, user, request);
  const range = { before, limit: limit + 1 };
  return {
    lookup: { kind: "search", user: user.id, scope, terms, ...range },
    found({ messages, rest }) {
      const shown = messages.filter((each) =>
        entryOf(server, user, each) !== undefined
      );
      const ok = page(server, user, shown, limit, 0);
      if (ok.before !== undefined) return ok;
      // The place is that of a message which is shown, where there is one.
      const last = shown.at(-1) ?? messages.at(-1);
      const place = messages.length > limit ? last?.id : rest;
      return place === undefined ? ok : { ...ok, before: place };
    },
  };
}

/** What is meant, if the user may see it. */
function scopeOf(
  server: ServerContext,
  user: User,
  request: Pick<RequestFields<"history">, "with" | "group" | "name" | "kind">,
): Scope {
  const { directory } = server;
  const { with: withName, group: groupName, name, kind: only } = request;
  const scopes = [withName, groupName, name, only];
  if (scopes.filter((each) => each !== undefined).length > 1) {
    const message =
      'only one of "with", "group", "name" and "kind" can be given';
    throw new Refusal("bad_request", message);
  }
  if (groupName !== undefined) {
    return groupScope(mustExist(server, groupName), user);
  }
  const otherName = withName ?? name;
  if (otherName === undefined) {
    const mine = { kind: "mine", user: user.id } as const;
    return only === undefined ? mine : { ...mine, only };
  }
  // Somebody whose account is gone has left messages all the same; whoever has
  // the name now is meant before who had it.
  const other = directory.knownUser(otherName) ??
    directory.endedUser(otherName);
  if (other !== undefined) {
    return { kind: "pair", user: user.id, other: other.id };
  }
  if (name === undefined) refuseUser(otherName);
  const group = directory.group(name);
  return groupScope(group ?? refuseName(name), user);
}

type Scope = WithoutRange<PastLookup>;
type WithoutRange<L> = L extends unknown ? Omit<L, "before" | "limit"> : never;

function groupScope(group: Group, user: User): Scope {
  const { sinceMessage } = mustHaveJoined(group, user);
  const after = group.history ? 0 : sinceMessage;
  return { kind: "group", group: group.id, after };
}

/**
 * The user's place in the group.
 *
 * @throws {Refusal} when the user has none, or did not take it.
 */
export function mustHaveJoined(group: Group, user: User) {
  const member = group.members.get(user);
  if (member === undefined) throw new Refusal("not_in_group");
  if (!member.joined) {
    const message =
      `Please join the group ${group.name} first: /joingroup ${group.name}`;
    throw new Refusal("not_joined", message);
  }
  return member;
}

/** As many of the messages, which begin with the newest, as fit a reply. */
function page(
  server: ServerContext,
  user: User,
  messages: readonly StoredMessage[],
  limit: number,
  since: number,
): ReplyFields<"history"> {
  const entries: Entry[] = [];
  let bytes = 0;
  let last: StoredMessage | undefined;
  for (const message of messages.slice(0, limit)) {
    // All others were sent before it.
    if (message.at < since) return { messages: entries.reverse() };
    const entry = entryOf(server, user, message);
    if (entry !== undefined) {
      bytes += encodeFrame(entry).length;
      if (bytes > limits.historyBytes && entries.length > 0) break;
      entries.push(entry);
    }
    last = message;
  }
  entries.reverse();
  if (last === undefined || last === messages.at(-1)) {
    return { messages: entries };
  }
  return { messages: entries, before: last.id };
}

type Entry = ReplyFields<"history">["messages"][number];

function entryOf(
  server: ServerContext,
  user: User,
  message: StoredMessage,
): Entry | undefined {
  // That something was deleted shows where it was.
  if (message.deletes !== undefined) return undefined;
  const { directory } = server;
  const { id, number, at, text } = message;
  const sender = directory.userById(message.sender);
  const place = placeOf(directory, message);
  if (sender === undefined || place === undefined) return undefined;
  if (place.kind === "group" && isHidden(user, sender, id)) return undefined;
  const to = message.receiver === undefined
    ? undefined
    : directory.userById(message.receiver)?.shownName;
  return {
    id,
    ...place,
    number,
    at,
    from: sender.shownName,
    ...(to === undefined ? {} : { to }),
    text,
    ...(message.deleted ? { deleted: true } : {}),
  };
}

const defaultLimit = 20;
