/** The statements that write, which a connection prepares once. */

/** Name of one of them. */
export type WriteStatement = keyof typeof statements;

/** What a connection prepares before it writes. */
export function prepareScript(): string {
  return Object.entries(statements).map(([name, [types, sql]]) =>
    `PREPARE ${name} (${types}) AS ${sql}`
  ).join(";");
}

/** `unnest` of arrays of these types, given in this order. */
function unnested(types: string): string {
  const arrays = types.split(", ").map((type, at) => `$${at + 1}::${type}`);
  return `unnest(${arrays.join(", ")})`;
}

/** Inserts rows, or what `conflict` says for those that are there. */
function insert(
  table: string,
  columns: string,
  types: string,
  conflict = "",
): readonly [types: string, sql: string] {
  const sql = `INSERT INTO ${table} (${columns}) ` +
    `SELECT * FROM ${unnested(types)} ${conflict}`;
  return [types, sql.trim()];
}

/** Replaces rows that are there, by their key. */
function upsert(table: string, columns: string, types: string, key: string) {
  const changed = columns.split(", ").filter((each) =>
    !key.split(", ").includes(each)
  ).map((each) => `${each} = excluded.${each}`).join(", ");
  const conflict = `ON CONFLICT (${key}) DO UPDATE SET ${changed}`;
  return insert(table, columns, types, conflict);
}

const two = "bigint[], bigint[]";
const four = `${two}, ${two}`;

/** Their types and text, by name. */
const statements = {
  put_messages: insert(
    "messages",
    "id, number, sender, device, receiver, grp, at, text, mid, kept, " +
      "deletes, original",
    `${four}, ${two}, bigint[], text[], text[], boolean[], ${two}`,
  ),
  raise_groups: [
    two,
    "UPDATE groups SET last_number = greatest(last_number, seen.number) " +
    `FROM ${unnested(two)} AS seen (id, number) WHERE groups.id = seen.id`,
  ],
  put_users: insert(
    "users",
    "id, account, name, cursor, last_seen, renaming, identity",
    `bigint[], text[], text[], ${two}, text[], text[]`,
    "ON CONFLICT (id) DO UPDATE SET name = excluded.name, " +
      "cursor = excluded.cursor, last_seen = excluded.last_seen, " +
      "renaming = excluded.renaming, identity = excluded.identity",
  ),
  end_user: [
    "bigint, bigint",
    "UPDATE users SET ended_at = $1, renaming = NULL, identity = NULL " +
    "WHERE id = $2",
  ],
  remove_tokens: [
    "bigint",
    "DELETE FROM device_tokens WHERE device IN " +
    "(SELECT number FROM devices WHERE usr = $1)",
  ],
  remove_marks: [
    "bigint",
    "DELETE FROM marks WHERE usr = $1 OR (kind = 'user' AND place = $1)",
  ],
  put_groups: upsert(
    "groups",
    "id, name, leader, leader_only, created_at, history, topic, topic_at",
    "bigint[], text[], bigint[], boolean[], bigint[], boolean[], text[], " +
      "bigint[]",
    "id",
  ),
  put_members: upsert(
    "members",
    "grp, usr, joined, since, since_message",
    `${two}, boolean[], ${two}`,
    "grp, usr",
  ),
  owe: upsert("owed", "usr, grp, after, upto", four, "usr, grp, after"),
  remove_owed: [
    two,
    `DELETE FROM owed USING ${unnested(two)} AS seen (usr, upto) ` +
    "WHERE owed.usr = seen.usr AND owed.upto <= seen.upto",
  ],
  put_broadcasts: insert("broadcasts", "usr, message", two),
  put_devices: insert(
    "devices",
    "number, usr, id, name, cursor, since, ip, last_seen",
    `${two}, text[], text[], ${two}, text[], bigint[]`,
    "ON CONFLICT (number) DO UPDATE SET name = excluded.name, " +
      "cursor = excluded.cursor, ip = excluded.ip, " +
      "last_seen = excluded.last_seen",
  ),
  keep_of_device: [
    "bigint",
    "UPDATE users SET cursor = greatest(users.cursor, device.cursor), " +
    "last_seen = greatest(users.last_seen, device.last_seen) " +
    "FROM devices AS device WHERE device.number = $1 AND users.id = device.usr",
  ],
  put_cursors: [
    `${two}, bigint[]`,
    "UPDATE devices SET cursor = seen.upto, last_seen = seen.at " +
    `FROM ${unnested(`${two}, bigint[]`)} AS seen (number, upto, at) ` +
    "WHERE devices.number = seen.number",
  ],
  put_marks: insert(
    "marks",
    "usr, kind, place, upto",
    `bigint[], text[], ${two}`,
    "ON CONFLICT (usr, kind, place) DO UPDATE " +
      "SET upto = greatest(marks.upto, excluded.upto)",
  ),
  remove_passed: [
    two,
    `DELETE FROM marks USING ${unnested(two)} AS seen (usr, upto) ` +
    "WHERE marks.usr = seen.usr AND marks.upto <= seen.upto " +
    "AND marks.kind <> 'all'",
  ],
  put_later: upsert(
    "later",
    "usr, offer, receivers, since, at",
    `bigint[], text[], text[], ${two}`,
    "usr, offer",
  ),
  remove_later: [
    "bigint, text",
    "DELETE FROM later WHERE usr = $1 AND offer = $2",
  ],
  put_blocks: upsert(
    "blocks",
    "usr, blocked, since, after",
    four,
    "usr, blocked",
  ),
  put_kept_away: upsert(
    "kept_away",
    "usr, sender, after, upto",
    four,
    "usr, sender, after",
  ),
  put_profiles: upsert(
    "profiles",
    "usr, field, value",
    "bigint[], text[], text[]",
    "usr, field",
  ),
  remove_profile: [
    "bigint, text",
    "DELETE FROM profiles WHERE usr = $1 AND field = $2",
  ],
  put_failures: upsert(
    "failures",
    "name, failures, until",
    `text[], ${two}`,
    "name",
  ),
  remove_failures: ["text", "DELETE FROM failures WHERE name = $1"],
  add_epoch: [
    "text, bigint",
    "INSERT INTO epochs (epoch, after) VALUES ($1, $2)",
  ],
  put_tokens: upsert(
    "device_tokens",
    "device, hash, previous, expires, credential",
    "bigint[], text[], text[], bigint[], text[]",
    "device",
  ),
  put_words: [
    "bigint[], integer[]",
    "INSERT INTO words (message, threes) SELECT message, array_agg(three) " +
    `FROM ${unnested("bigint[], integer[]")} AS found (message, three) ` +
    "GROUP BY message",
  ],
} as const satisfies Record<string, readonly [types: string, sql: string]>;
