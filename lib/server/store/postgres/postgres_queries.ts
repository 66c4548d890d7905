/**
 * What the store asks PostgreSQL, and what the rows mean. Each question is one
 * statement: one round trip, and one state of the database. All are searches in
 * an index, from where the answer begins.
 */
import { toMessage } from "../message_row.ts";
import { limits } from "../../../wire/limits.ts";
import type {
  StoredGroup,
  StoredMessage,
  UnseenConversation,
} from "../../model/store.ts";

/** A row as the database gives it; whole numbers are numbers. */
export type PostgresRow = Readonly<Record<string, unknown>>;

/** A row of {@link inboxQuery}. */
export function toInboxMessage(row: PostgresRow): StoredMessage {
  return {
    ...toMessage(row),
    ...(row.group_name === null ? {} : { groupName: String(row.group_name) }),
    ...(row.of_reader === true ? { ofReader: true } : {}),
  };
}

/** A row of `groups`. */
export function toGroup(row: PostgresRow): StoredGroup {
  return {
    id: Number(row.id),
    name: String(row.name),
    leader: Number(row.leader),
    leaderOnly: row.leader_only === true,
    createdAt: Number(row.created_at),
    ...(row.history === true ? { history: true } : {}),
    ...(row.topic === null
      ? {}
      : { topic: { text: String(row.topic), at: Number(row.topic_at) } }),
  };
}

/** A row of {@link unseenQuery}. */
export function toConversation(row: PostgresRow): UnseenConversation {
  return {
    kind: row.kind as UnseenConversation["kind"],
    place: Number(row.place),
    count: Number(row.count),
    oldest: Number(row.oldest),
    newest: Number(row.newest),
  };
}

/** The columns of a message but its text. */
export const withoutText =
  "id, number, sender, device, receiver, grp, at, mid, kept, deletes, original";
/** All columns of a message. */
export const columns = `${withoutText}, text`;

/** Those of the table `m`. */
const ofM = columns.split(", ").map((column) => `m.${column}`).join(", ");

const inboxOfReader = `WITH ${allReceivers("reader.usr")}, found AS (` + [
  `(SELECT ${ofM}, NULL AS group_name FROM messages AS m ` +
  "WHERE receiver = reader.usr AND receiver <> 0 AND id > reader.after ORDER BY id LIMIT $4)",
  `(SELECT ${ofM}, NULL FROM broadcasts AS b ` +
  "JOIN messages AS m ON m.id = b.message " +
  "WHERE b.usr = reader.usr AND b.message > reader.after ORDER BY b.message LIMIT $4)",
  `(SELECT ${ofM}, NULL FROM messages AS m ` +
  "WHERE sender = reader.usr AND receiver = 0 AND grp = 0 AND id > reader.after " +
  "AND device <> reader.device ORDER BY id LIMIT $4)",
  `(SELECT ${ofM}, NULL FROM (SELECT receiver FROM sent_to ` +
  "WHERE reader.device IS NOT NULL AND receiver IS NOT NULL) AS other " +
  "CROSS JOIN LATERAL (SELECT * FROM messages WHERE sender = reader.usr " +
  "AND receiver = other.receiver AND grp = 0 AND id > reader.after " +
  "AND device <> reader.device ORDER BY id LIMIT $4) AS m)",
  `(SELECT ${ofM}, NULL FROM members AS place ` +
  "CROSS JOIN LATERAL (SELECT * FROM messages WHERE grp = place.grp " +
  "AND id > greatest(reader.after, place.since_message) " +
  "AND (sender <> reader.usr OR device <> reader.device) ORDER BY id LIMIT $4) AS m " +
  "WHERE place.usr = reader.usr AND place.joined)",
  `(SELECT ${ofM}, groups.name FROM owed AS place ` +
  "JOIN groups ON groups.id = place.grp " +
  "CROSS JOIN LATERAL (SELECT * FROM messages WHERE grp = place.grp " +
  "AND id > greatest(reader.after, place.after) AND id <= place.upto " +
  "AND (sender <> reader.usr OR device <> reader.device) ORDER BY id LIMIT $4) AS m " +
  "WHERE place.usr = reader.usr AND place.upto > reader.after)",
].join(" UNION ALL ") +
  ") SELECT found.*, found.sender = reader.usr AND EXISTS (" +
  "SELECT 1 FROM messages AS o WHERE o.id = found.original " +
  "AND o.device = reader.device) AS of_reader FROM found ORDER BY id LIMIT $4";

/**
 * Of some readers, users $1 with devices $3, those over $2, at most $4 of each;
 * `reader` numbers them, from 1 on.
 */
export const inboxQuery = "SELECT reader.nr AS reader, each.* FROM unnest(" +
  "$1::bigint[], $2::bigint[], $3::bigint[]) WITH ORDINALITY " +
  "AS reader (usr, after, device, nr) CROSS JOIN LATERAL (" +
  `${inboxOfReader}) AS each ORDER BY reader.nr, each.id`;

/** Of log $1 those with numbers over $2, at most $3. */
export const loggedQuery = `SELECT ${columns} FROM messages ` +
  "WHERE grp = $1 AND id >= (SELECT first_logged($1, $2)) " +
  "ORDER BY id LIMIT $3";

/** Between users $1 and $2, below $3, at most $4. */
export const pairQuery = newest([
  sentTo("$1", "$2", "$3", "$4"),
  sentTo("$2", "$1", "$3", "$4"),
], "$4");

/** Of group $1, over $2 and below $3, at most $4. */
export const groupQuery = `SELECT ${columns} FROM messages ` +
  "WHERE grp = $1 AND id > $2 AND id < $3 ORDER BY id DESC LIMIT $4";

const privateOnes = [
  `SELECT ${columns} FROM messages WHERE receiver = $1 AND receiver <> 0 ` +
  "AND id < $2 ORDER BY id DESC LIMIT $3",
  `SELECT ${ofM} FROM sent_to CROSS JOIN LATERAL (` +
  sentTo("$1", "sent_to.receiver", "$2", "$3") + ") AS m",
];
const broadcastOnes = [
  `SELECT ${ofM} FROM broadcasts AS b JOIN messages AS m ON m.id = b.message ` +
  "WHERE b.usr = $1 AND b.message < $2 ORDER BY b.message DESC LIMIT $3",
  sentTo("$1", "0", "$2", "$3"),
];
const groupOnes = [
  `SELECT ${ofM} FROM members AS place JOIN groups ON groups.id = place.grp ` +
  `CROSS JOIN LATERAL (SELECT ${columns} FROM messages ` +
  "WHERE grp = place.grp AND id < $2 AND id > " +
  "(CASE WHEN groups.history THEN 0 ELSE place.since_message END) " +
  "ORDER BY id DESC LIMIT $3) AS m WHERE place.usr = $1 AND place.joined",
];

/** Everything for user $1, or a part of it, below $2, at most $3. */
export const mineQueries = {
  all: `WITH ${allReceivers("$1")} ` +
    newest([...privateOnes, ...broadcastOnes, ...groupOnes], "$3"),
  broadcast: newest(broadcastOnes, "$3"),
  group: newest(groupOnes, "$3"),
} as const;

/** Of log $1 the one with number $2. */
export const numberQuery = `SELECT ${columns} FROM messages ` +
  "WHERE grp = $1 AND id >= (SELECT first_logged($1, $2 - 1)) " +
  "AND number = $2 ORDER BY id LIMIT 1";

/** Whom broadcast $1 was for. */
export const receiversQuery = "SELECT usr FROM broadcasts WHERE message = $1";
/** Who is owed message $2 of group $1. */
export const owedQuery =
  "SELECT usr FROM owed WHERE grp = $1 AND after < $2 AND upto >= $2";

/**
 * How much user $1 has not seen; the last row has the highest message id.
 * Private ones over $2 ($2 is `NULL` for none), but for marks of the users in $3
 * up to $4; those of the users in $5 over $6; of the groups in $7 over $8;
 * broadcasts over $9 (or `NULL`). Of each $10 are counted at most.
 */
export const unseenQuery = [
  // No index has the senders by receiver: so one look at each of the messages.
  "SELECT 1 AS part, 0 AS nr, 'user' AS kind, sender AS place, " +
  "count(*) AS count, min(id) AS oldest, max(id) AS newest FROM (" +
  "SELECT id, sender, row_number() OVER (PARTITION BY sender " +
  "ORDER BY id DESC) AS nr FROM (SELECT id, sender FROM messages " +
  "WHERE receiver = $1 AND receiver <> 0 AND id > $2::bigint " +
  "AND deletes IS NULL AND text <> '' ORDER BY id DESC " +
  `LIMIT ${5 * limits.unseenMessages}) AS received ` +
  "LEFT JOIN unnest($3::bigint[], $4::bigint[]) AS mark (usr, upto) " +
  "ON mark.usr = sender WHERE id > coalesce(mark.upto, $2::bigint)) AS each " +
  `WHERE nr <= ${limits.unseenMessages} GROUP BY sender`,
  counted(
    2,
    "user",
    "unnest($5::bigint[], $6::bigint[])",
    "SELECT id FROM messages WHERE sender = scope.place AND receiver = $1 " +
      "AND grp = 0 AND id > scope.after AND deletes IS NULL AND text <> ''",
  ),
  // Without what came from somebody who was blocked then.
  counted(
    3,
    "group",
    "unnest($7::bigint[], $8::bigint[])",
    "SELECT id FROM messages AS m WHERE grp = scope.place " +
      "AND id > scope.after AND sender <> $1 AND deletes IS NULL " +
      "AND text <> '' AND NOT EXISTS (SELECT 1 FROM blocks WHERE usr = $1 " +
      "AND blocked = m.sender AND m.id > blocks.after) " +
      "AND NOT EXISTS (SELECT 1 FROM kept_away AS kept WHERE kept.usr = $1 " +
      "AND kept.sender = m.sender AND m.id > kept.after " +
      "AND m.id <= kept.upto)",
  ),
  counted(
    4,
    "broadcast",
    "unnest(ARRAY[0::bigint], ARRAY[$9::bigint])",
    "SELECT m.id FROM broadcasts AS b JOIN messages AS m ON m.id = b.message " +
      "WHERE b.usr = $1 AND b.message > scope.after AND deletes IS NULL " +
      "AND text <> ''",
  ),
  "SELECT 5, 0, 'last', 0, 0, 0, last_message FROM core",
].join(" UNION ALL ") + " ORDER BY part, nr";

/**
 * Of the messages over $1, $2 at most, those before the first that was sent at
 * $3 or later: whether each may go, and how many it was for. $4 have no account,
 * and devices that were not seen since $5 do not count.
 */
export const purgeQuery =
  "SELECT id, receiver = 0 AND grp = 0 AS is_broadcast, " +
  "(SELECT count(*) FROM broadcasts WHERE receiver = 0 AND grp = 0 " +
  "AND message = m.id) AS receivers, at >= $3 AS is_new, NOT (" + [
    "m.device IS NOT NULL AND m.sender <> ALL ($4::bigint[]) AND EXISTS (" +
    "SELECT 1 FROM devices WHERE usr = m.sender AND number <> m.device " +
    "AND cursor < m.id AND last_seen >= $5 AND devices.id <> '')",
    "m.grp <> 0 AND (EXISTS (SELECT 1 FROM members JOIN users " +
    "ON users.id = usr WHERE grp = m.grp AND joined " +
    "AND since_message < m.id AND usr <> m.sender " +
    "AND usr <> ALL ($4::bigint[]) " +
    "AND confirmed_by_all(usr, $5) < m.id) OR EXISTS (" +
    "SELECT 1 FROM owed JOIN users ON users.id = usr WHERE grp = m.grp " +
    "AND after < m.id AND upto >= m.id AND usr <> m.sender " +
    "AND usr <> ALL ($4::bigint[]) AND confirmed_by_all(usr, $5) < m.id))",
    "m.receiver <> 0 AND m.receiver <> ALL ($4::bigint[]) " +
    "AND EXISTS (SELECT 1 FROM users WHERE id = m.receiver) " +
    "AND confirmed_by_all(m.receiver, $5) < m.id",
    "m.receiver = 0 AND m.grp = 0 AND EXISTS (SELECT 1 FROM broadcasts " +
    "JOIN users ON users.id = usr WHERE message = m.id " +
    "AND usr <> ALL ($4::bigint[]) AND confirmed_by_all(usr, $5) < m.id)",
  ].map((each) => `(${each})`).join(" OR ") +
  ") AS may_go FROM (SELECT id, at, sender, device, receiver, grp " +
  "FROM messages WHERE id > $1 ORDER BY id LIMIT $2) AS m ORDER BY id";

/**
 * What a search of user $1 has to know: how far the index is, what a block keeps
 * away (of whom, ids over, up to), and in which groups the user may look, from
 * where on.
 */
export const searchQuery = "SELECT indexed, coalesce((SELECT json_agg(" +
  "json_build_array(sender, after, upto)) FROM (" +
  "SELECT blocked AS sender, after, NULL::bigint AS upto FROM blocks " +
  "WHERE usr = $1 UNION ALL SELECT sender, after, upto FROM kept_away " +
  "WHERE usr = $1) AS each), '[]') AS kept, coalesce((SELECT json_agg(" +
  "json_build_array(grp, CASE WHEN history THEN 0 ELSE since_message END) " +
  "ORDER BY grp) FROM members JOIN groups ON groups.id = grp " +
  "WHERE usr = $1 AND joined), '[]') AS joined FROM core";

/** Those of the index with all of $1, below $2 and over $3, and whether $4 got it. */
export const hitsQuery = `SELECT ${ofM}, EXISTS (SELECT 1 FROM broadcasts ` +
  "WHERE usr = $4 AND message = m.id) AS got FROM (SELECT message FROM words " +
  "WHERE threes @> $1::integer[] AND message < $2 AND message > $3 " +
  "ORDER BY message DESC LIMIT $5) AS hit JOIN messages AS m " +
  "ON m.id = hit.message ORDER BY m.id DESC";

/** Those that the index does not have yet, $1 at most. */
export const indexPageQuery =
  "SELECT id, sender, receiver, grp, deletes, text FROM messages " +
  "WHERE id > (SELECT indexed FROM core) ORDER BY id LIMIT $1";

/** What is known of a user by the devices. */
const ofDevices = "greatest(users.cursor, coalesce((SELECT max(cursor) " +
  "FROM devices WHERE usr = users.id), 0)) AS cursor, " +
  "greatest(users.last_seen, coalesce((SELECT max(last_seen) " +
  'FROM devices WHERE usr = users.id), 0)) AS "lastSeen"';

/** Everything but the messages, by table. */
export const loadQueries = {
  core: "SELECT secret, last_message, last_number, last_device FROM core",
  users: "SELECT id, account, name, renaming, identity, ended_at, " +
    `${ofDevices} FROM users ORDER BY id`,
  devices: 'SELECT number, usr AS "user", id, name, cursor, since, ip, ' +
    'last_seen AS "lastSeen" FROM devices ORDER BY since, number',
  groups: "SELECT id, name, leader, leader_only, created_at, history, topic, " +
    "topic_at, ended_at, last_number FROM groups ORDER BY id",
  members: "SELECT grp, usr, joined, since, since_message FROM members " +
    "ORDER BY grp, usr",
  blocks: 'SELECT usr AS "user", blocked, since, after FROM blocks ' +
    "ORDER BY usr, blocked",
  keptAway: 'SELECT usr AS "user", sender, after, upto FROM kept_away ' +
    "ORDER BY usr, sender, after",
  profiles: 'SELECT usr AS "user", field, value FROM profiles ' +
    "ORDER BY usr, field",
  tokens: "SELECT device, hash, previous, expires, credential " +
    "FROM device_tokens ORDER BY device",
  marks: 'SELECT usr AS "user", kind, place, upto FROM marks ' +
    'ORDER BY usr, kind COLLATE "C", place',
  later: 'SELECT usr AS "user", offer, receivers, since, at FROM later ' +
    'ORDER BY at, offer COLLATE "C"',
  // As many as clients may want to repeat after a restart.
  recent: `SELECT ${withoutText} FROM messages ORDER BY id DESC LIMIT 20000`,
  waiting: `WITH readers AS MATERIALIZED (SELECT users.id, ${ofDevices} ` +
    'FROM users) SELECT readers.id AS "user", m.id FROM readers ' +
    "CROSS JOIN LATERAL (SELECT id FROM messages " +
    "WHERE receiver = readers.id AND receiver <> 0 AND id > readers.cursor " +
    "AND deletes IS NULL ORDER BY id) AS m ORDER BY readers.id, m.id",
  failures: "SELECT name, failures, until FROM failures ORDER BY name",
  epochs: "SELECT epoch, after FROM epochs ORDER BY number",
  requests: "SELECT number, what, subject FROM requests ORDER BY number",
} as const;

/** Whom a user ever wrote to, one search for each. */
function allReceivers(user: string): string {
  return "RECURSIVE sent_to (receiver) AS (" +
    `(SELECT receiver FROM messages WHERE sender = ${user} AND grp = 0 ` +
    "AND receiver > 0 ORDER BY receiver LIMIT 1) UNION ALL " +
    `SELECT (SELECT receiver FROM messages WHERE sender = ${user} AND grp = 0 ` +
    "AND receiver > sent_to.receiver ORDER BY receiver LIMIT 1) " +
    "FROM sent_to WHERE sent_to.receiver IS NOT NULL)";
}

function sentTo(
  sender: string,
  receiver: string,
  before: string,
  limit: string,
): string {
  return `SELECT ${columns} FROM messages WHERE sender = ${sender} ` +
    `AND receiver = ${receiver} AND grp = 0 AND id < ${before} ` +
    `ORDER BY id DESC LIMIT ${limit}`;
}

function newest(parts: readonly string[], limit: string): string {
  const all = parts.map((part) => `(${part})`).join(" UNION ALL ");
  return `SELECT * FROM (${all}) AS found ORDER BY id DESC LIMIT ${limit}`;
}

/** Counts what `search` finds in each of `scopes`, and leaves out the empty. */
function counted(
  part: number,
  kind: string,
  scopes: string,
  search: string,
): string {
  return `SELECT ${part}, scope.nr, '${kind}', scope.place, seen.count, ` +
    `seen.oldest, seen.newest FROM ${scopes} ` +
    "WITH ORDINALITY AS scope (place, after, nr) CROSS JOIN LATERAL (" +
    "SELECT count(*) AS count, min(id) AS oldest, max(id) AS newest FROM (" +
    `${search} ORDER BY id DESC LIMIT $10) AS each) AS seen ` +
    "WHERE seen.count > 0";
}
