import type { DatabaseSync, StatementSync } from "node:sqlite";
import { limits } from "../../wire/limits.ts";

/** The store's statements by name, prepared. */
export type SqliteStatements = Readonly<
  Record<keyof typeof sql, StatementSync>
>;

/** Prepares every statement of the store, once. */
export function prepareStatements(database: DatabaseSync): SqliteStatements {
  const entries = Object.entries(sql).map((
    [name, text],
  ) => [name, database.prepare(text)]);
  return Object.fromEntries(entries) as SqliteStatements;
}

/** The columns of a message but its text. */
export const withoutText =
  "id, number, sender, device, receiver, grp, at, mid, kept, deletes, original";
/** All columns of a message. */
export const columns = `${withoutText}, text`;

/** The first receiver of a user's private messages after another one. */
export const nextReceiver =
  "SELECT receiver FROM messages INDEXED BY messages_by_sender " +
  "WHERE sender = ? AND grp IS NULL AND receiver > ? " +
  "ORDER BY receiver LIMIT 1";

const sql = {
  begin: "BEGIN IMMEDIATE",
  commit: "COMMIT",
  rollback: "ROLLBACK",
  message: "INSERT INTO messages " +
    "(id, number, sender, device, receiver, grp, at, text, mid, kept, " +
    "deletes, original) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  broadcast: "INSERT INTO broadcasts (user, message) " +
    "SELECT value, ? FROM json_each(?)",
  deleteText: "UPDATE messages SET text = '' WHERE id = ?",
  device: "INSERT INTO devices " +
    "(number, user, id, name, cursor, since, ip, last_seen) " +
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number) DO UPDATE SET " +
    "name = excluded.name, cursor = excluded.cursor, ip = excluded.ip, " +
    "last_seen = excluded.last_seen",
  removeDevice: "DELETE FROM devices WHERE number = ?",
  removeDevices: "DELETE FROM devices WHERE user = ?",
  // What is of a user is of all devices, those that are forgotten included.
  keepOfDevices:
    "UPDATE users SET cursor = max(users.cursor, device.cursor), " +
    "last_seen = max(users.last_seen, device.last_seen) " +
    "FROM devices AS device WHERE device.number = ? AND users.id = device.user",
  cursor: "UPDATE devices SET cursor = ?, last_seen = ? WHERE number = ?",
  user: "INSERT INTO users " +
    "(id, account, name, cursor, last_seen, renaming, identity) " +
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
    "name = excluded.name, cursor = excluded.cursor, " +
    "last_seen = excluded.last_seen, renaming = excluded.renaming, " +
    "identity = excluded.identity",
  endUser: "UPDATE users SET ended_at = ?, renaming = NULL, identity = NULL " +
    "WHERE id = ?",
  removeProfiles: "DELETE FROM profiles WHERE user = ?",
  removeBlocks: "DELETE FROM blocks WHERE user = ?",
  removeKeptAway: "DELETE FROM kept_away WHERE user = ?",
  removeAllOwed: "DELETE FROM owed WHERE user = ?",
  mark: "INSERT INTO marks (user, kind, place, upto) VALUES (?, ?, ?, ?) " +
    "ON CONFLICT DO UPDATE SET upto = max(upto, excluded.upto)",
  removePassedMarks: "DELETE FROM marks " +
    "WHERE user = ? AND upto <= ? AND kind <> 'all'",
  removeMark: "DELETE FROM marks WHERE user = ? AND kind = ? AND place = ?",
  removeMarks: "DELETE FROM marks WHERE user = ?1 OR " +
    "(kind = 'user' AND place = ?1)",
  later: "INSERT OR REPLACE INTO later (user, offer, receivers, since, at) " +
    "VALUES (?, ?, ?, ?, ?)",
  removeLater: "DELETE FROM later WHERE user = ? AND offer = ?",
  removeAllLater: "DELETE FROM later WHERE user = ?",
  block: "INSERT OR REPLACE INTO blocks (user, blocked, since, after) " +
    "VALUES (?, ?, ?, ?)",
  unblock: "DELETE FROM blocks WHERE user = ? AND blocked = ?",
  keepAway: "INSERT OR REPLACE INTO kept_away (user, sender, after, upto) " +
    "VALUES (?, ?, ?, ?)",
  profile: "INSERT OR REPLACE INTO profiles (user, field, value) " +
    "VALUES (?, ?, ?)",
  removeProfile: "DELETE FROM profiles WHERE user = ? AND field = ?",
  // Not REPLACE: the group's last number stays.
  group: "INSERT INTO groups " +
    "(id, name, leader, leader_only, created_at, history, topic, topic_at) " +
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET " +
    "name = excluded.name, leader = excluded.leader, " +
    "leader_only = excluded.leader_only, created_at = excluded.created_at, " +
    "history = excluded.history, topic = excluded.topic, " +
    "topic_at = excluded.topic_at",
  endGroup: "UPDATE groups SET ended_at = ? WHERE id = ?",
  removeGroupMembers: "DELETE FROM members WHERE grp = ?",
  member: "INSERT OR REPLACE INTO members " +
    "(grp, user, joined, since, since_message) VALUES (?, ?, ?, ?, ?)",
  removeMember: "DELETE FROM members WHERE grp = ? AND user = ?",
  owe: "INSERT OR REPLACE INTO owed (user, grp, after, upto) " +
    "VALUES (?, ?, ?, ?)",
  owed: "SELECT grp, name, after, upto FROM owed " +
    "JOIN groups ON groups.id = grp WHERE user = ? AND upto > ?",
  removeOwed: "DELETE FROM owed WHERE user = ? AND upto <= ?",
  token: "INSERT OR REPLACE INTO device_tokens " +
    "(device, hash, previous, expires, credential) VALUES (?, ?, ?, ?, ?)",
  removeToken: "DELETE FROM device_tokens WHERE device = ?",
  removeTokens: "DELETE FROM device_tokens WHERE device IN " +
    "(SELECT number FROM devices WHERE user = ?)",
  raiseMeta: "UPDATE meta SET value = max(value, ?) WHERE key = ?",
  raiseGroup: "UPDATE groups SET last_number = max(last_number, ?) " +
    "WHERE id = ?",
  inboxPrivate: `SELECT ${columns} FROM messages ` +
    "WHERE receiver = ? AND id > ? ORDER BY id LIMIT ?",
  inboxBroadcast: `SELECT ${columns} FROM broadcasts ` +
    "JOIN messages ON id = message " +
    "WHERE user = ? AND message > ? ORDER BY message LIMIT ?",
  joinedGroups: "SELECT grp, since_message AS after FROM members " +
    "WHERE user = ? AND joined = 1",
  inboxGroup: `SELECT ${columns} FROM messages ` +
    "WHERE grp = ? AND id > ? AND id < ? AND (sender <> ? OR device <> ?) " +
    "ORDER BY id LIMIT ?",
  inboxOwn: `SELECT ${columns} FROM messages INDEXED BY messages_by_sender ` +
    "WHERE sender = ? AND receiver IS ? AND grp IS NULL AND id > ? " +
    "AND device <> ? ORDER BY id LIMIT ?",
  nextReceiver,
  deviceOf: "SELECT device FROM messages WHERE id = ?",
  loggedFrom: `SELECT ${columns} FROM messages ` +
    "WHERE grp IS ? AND id >= ? ORDER BY id LIMIT ?",
  failures: "INSERT OR REPLACE INTO failures (name, failures, until) " +
    "VALUES (?, ?, ?)",
  removeFailures: "DELETE FROM failures WHERE name = ?",
  epoch: "INSERT INTO epochs (epoch, after) VALUES (?, ?)",
  removeEpochs: "DELETE FROM epochs WHERE number <= " +
    `(SELECT max(number) FROM epochs) - ${limits.keptEpochs}`,
  requests: "SELECT number, what, subject FROM requests ORDER BY number",
  removeRequests: "DELETE FROM requests WHERE number <= ?",
} as const;
