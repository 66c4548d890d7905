/**
 * Counts what somebody has not seen. Each conversation is one search in an
 * index, from the mark to the end; what is counted is bounded, so that somebody
 * who never reads costs no more at a login than anybody else.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { limits } from "../../wire/limits.ts";
import type { Found, UnseenConversation, UnseenScope } from "../model/store.ts";
import type { Row } from "./sqlite_history.io.ts";

/** Counts unseen messages. */
export class SqliteUnseen {
  readonly #statements: Record<keyof typeof sql, StatementSync>;

  constructor(database: DatabaseSync) {
    const entries = Object.entries(sql).map((
      [name, text],
    ) => [name, database.prepare(text)]);
    this.#statements = Object.fromEntries(entries);
  }

  /** What `user` has not seen of these. */
  count(
    user: number,
    scopes: readonly UnseenScope[],
  ): NonNullable<Found["unseen"]> {
    const share = Math.floor(mostLookedAt / Math.max(scopes.length, 1));
    const most = Math.min(limits.unseenMessages, share);
    const conversations = scopes.flatMap((scope) =>
      this.#scope(user, scope, most)
    );
    const last = Number(this.#statements.last.get()?.value);
    return { conversations, last };
  }

  #scope(
    user: number,
    scope: UnseenScope,
    most: number,
  ): UnseenConversation[] {
    const { fromUser, inGroup, broadcast } = this.#statements;
    const { after } = scope;
    switch (scope.kind) {
      case "private":
        return this.#private(user, after, new Map(scope.marks));
      case "user": {
        const { kind, place } = scope;
        const row = fromUser.get(place, user, after, most);
        return counted(kind, place, row);
      }
      case "group": {
        const { kind, place } = scope;
        const row = inGroup.get({ user, place, after, most });
        return counted(kind, place, row);
      }
      case "broadcast":
        return counted("broadcast", 0, broadcast.get(user, after, most));
    }
  }

  /** No index has the senders by receiver: so one look at each of the messages. */
  #private(
    user: number,
    after: number,
    marks: ReadonlyMap<number, number>,
  ): UnseenConversation[] {
    const bySender = new Map<number, Counting>();
    const rows = this.#statements.received.all(user, after, mostLookedAt);
    for (const { id: messageId, sender: senderId } of rows) {
      const [id, sender] = [Number(messageId), Number(senderId)];
      if (id <= (marks.get(sender) ?? after)) continue;
      const counting = bySender.get(sender);
      if (counting === undefined) {
        bySender.set(sender, { count: 1, oldest: id, newest: id });
      } else if (counting.count < limits.unseenMessages) {
        counting.count++;
        counting.oldest = id;
      }
    }
    return [...bySender].map(([place, counting]) => ({
      kind: "user",
      place,
      ...counting,
    }));
  }
}

interface Counting {
  count: number;
  oldest: number;
  readonly newest: number;
}

function counted(
  kind: UnseenConversation["kind"],
  place: number,
  row: Row | undefined,
): UnseenConversation[] {
  const count = Number(row?.count ?? 0);
  if (count === 0) return [];
  const [oldest, newest] = [Number(row?.oldest), Number(row?.newest)];
  return [{ kind, place, count, oldest, newest }];
}

/**
 * Messages that are looked at, from the newest on: so many private ones, and as
 * many of all the rest.
 */
const mostLookedAt = 5 * limits.unseenMessages;

/** Not taken back, and no line that tells of that. */
const isThere = "deletes IS NULL AND text <> ''";
const summary = "SELECT count(*) AS count, min(id) AS oldest, " +
  "max(id) AS newest FROM";

const sql = {
  last: "SELECT value FROM meta WHERE key = 'last_message'",
  received: "SELECT id, sender FROM messages " +
    `WHERE receiver = ? AND id > ? AND ${isThere} ORDER BY id DESC LIMIT ?`,
  fromUser: `${summary} (SELECT id FROM messages ` +
    "INDEXED BY messages_by_sender WHERE sender = ? AND receiver = ? " +
    `AND grp IS NULL AND id > ? AND ${isThere} ORDER BY id DESC LIMIT ?)`,
  // Without what came from somebody who was blocked then.
  inGroup: `${summary} (SELECT id FROM messages AS message ` +
    `WHERE grp = :place AND id > :after AND sender <> :user AND ${isThere} ` +
    "AND NOT EXISTS (SELECT 1 FROM blocks WHERE user = :user " +
    "AND blocked = message.sender AND message.id > blocks.after) " +
    "AND NOT EXISTS (SELECT 1 FROM kept_away AS kept WHERE kept.user = :user " +
    "AND kept.sender = message.sender AND message.id > kept.after " +
    "AND message.id <= kept.upto) ORDER BY id DESC LIMIT :most)",
  broadcast: `${summary} (SELECT id FROM broadcasts ` +
    "JOIN messages ON id = message " +
    `WHERE user = ? AND message > ? AND ${isThere} ` +
    "ORDER BY message DESC LIMIT ?)",
} as const;
