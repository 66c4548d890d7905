/**
 * The tables of `parley.db` and how they came to be. A database knows how many
 * of the steps below it has seen (`user_version`); opening it does the rest, so
 * any older database becomes the present one. Steps are never edited once
 * released: a change is a new step at the end.
 */
import { DatabaseSync } from "node:sqlite";
import { messageOf, StartError } from "../../system/errors.io.ts";

/**
 * Opens a database with the present schema, making it if need be.
 *
 * @param path Of the file, or `:memory:`.
 * @param steps SQL of each version; {@link schemaSteps} by default.
 * @throws {StartError} when it cannot be used, is damaged or locked, or was
 * made by a newer version of the program.
 */
export function openDatabase(
  path: string,
  steps: readonly string[] = schemaSteps,
): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    if (path !== ":memory:") makePrivate(path);
    database = new DatabaseSync(path);
    database.exec("PRAGMA busy_timeout = 2000;");
    // Setting it writes, also when it is set, and a damaged file stays alone.
    const { auto_vacuum: vacuum } =
      database.prepare("PRAGMA auto_vacuum").get() ?? {};
    if (vacuum !== incremental) {
      database.exec("PRAGMA auto_vacuum = INCREMENTAL;");
    }
    // NORMAL: what was committed survives the death of the process; a power
    // cut may cost the last transactions but never the file. Checkpoints are
    // done by SqliteCheckpoint; after 64 MiB SQLite no longer waits for it. What
    // is deleted is overwritten, and the space of what was removed can be given
    // back, which has to be said before there is a table.
    database.exec(
      "PRAGMA journal_mode = WAL; PRAGMA secure_delete = ON;" +
        "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -4096;" +
        "PRAGMA wal_autocheckpoint = 16000;",
    );
    migrate(database, path, steps);
    return database;
  } catch (error) {
    database?.close();
    if (error instanceof StartError) throw error;
    throw new StartError(sqliteError(error, path));
  }
}

/** Makes the file for its owner alone; SQLite's other files follow it. */
function makePrivate(path: string): void {
  try {
    Deno.openSync(path, { createNew: true, write: true, mode: 0o600 }).close();
  } catch {
    // It exists, or SQLite says what is wrong with it.
  }
}

/** Brings the schema up to date; also shows that the file can be written. */
function migrate(
  database: DatabaseSync,
  path: string,
  steps: readonly string[],
): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    const row = database.prepare("PRAGMA user_version").get();
    const version = Number(row?.user_version);
    if (version > steps.length) {
      throw new StartError(
        `database "${path}" has schema version ${version}, this program knows ` +
          `${steps.length}: start the newer version of Parley that made it`,
      );
    }
    if (version < steps.length) {
      for (const step of steps.slice(version)) database.exec(step);
      // Not when it is so already: nothing is written to a file that may turn
      // out to be damaged.
      database.exec(`PRAGMA user_version = ${steps.length}`);
    }
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** What SQLite calls it. */
const incremental = 2;

/** The SQL that makes version n + 1 out of version n. */
export const schemaSteps: readonly string[] = [
  `
CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES
  ('secret', randomblob(32)), ('last_message', 0), ('last_number', 0);

CREATE TABLE users (
  id        INTEGER PRIMARY KEY,
  name      TEXT NOT NULL,
  cursor    INTEGER NOT NULL,
  last_seen INTEGER NOT NULL,
  renaming  TEXT,
  -- Ed25519 public key that others know the user's client by.
  identity  TEXT
) STRICT;

CREATE TABLE blocks (
  user    INTEGER NOT NULL,
  blocked INTEGER NOT NULL,
  since   INTEGER NOT NULL,
  PRIMARY KEY (user, blocked)
) STRICT, WITHOUT ROWID;

CREATE TABLE profiles (
  user  INTEGER NOT NULL,
  field TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (user, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE groups (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL,
  leader      INTEGER NOT NULL,
  leader_only INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  -- The row stays: its messages may still have to be delivered, and its id must
  -- not be given again.
  ended_at    INTEGER,
  last_number INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE members (
  grp           INTEGER NOT NULL,
  user          INTEGER NOT NULL,
  joined        INTEGER NOT NULL,
  since         INTEGER NOT NULL,
  since_message INTEGER NOT NULL,
  PRIMARY KEY (grp, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

-- What somebody who is no member any more is still to get: messages with ids
-- over "after", up to "upto".
CREATE TABLE owed (
  user  INTEGER NOT NULL,
  grp   INTEGER NOT NULL,
  after INTEGER NOT NULL,
  upto  INTEGER NOT NULL,
  PRIMARY KEY (user, grp, after)
) STRICT, WITHOUT ROWID;
CREATE INDEX owed_by_group ON owed (grp);

CREATE TABLE messages (
  id       INTEGER PRIMARY KEY,
  number   INTEGER NOT NULL,
  sender   INTEGER NOT NULL,
  receiver INTEGER,
  grp      INTEGER,
  at       INTEGER NOT NULL,
  text     TEXT NOT NULL,
  mid      TEXT NOT NULL,
  kept     INTEGER NOT NULL,
  deletes  INTEGER
) STRICT;
-- An index ends with the id, so each of these also sorts by it. The first holds
-- messagelog.txt's messages too, under NULL.
CREATE INDEX messages_by_group ON messages (grp);
CREATE INDEX messages_by_sender ON messages (sender, receiver)
  WHERE grp IS NULL;
CREATE INDEX messages_by_receiver ON messages (receiver)
  WHERE receiver IS NOT NULL;

-- Who was on line when a broadcast was sent.
CREATE TABLE broadcasts (
  user    INTEGER NOT NULL,
  message INTEGER NOT NULL,
  PRIMARY KEY (user, message)
) STRICT, WITHOUT ROWID;
CREATE INDEX broadcasts_by_message ON broadcasts (message);

CREATE TABLE tokens (
  user       INTEGER PRIMARY KEY,
  hash       TEXT NOT NULL,
  previous   TEXT,
  expires    INTEGER NOT NULL,
  credential TEXT NOT NULL
) STRICT;

CREATE TABLE unlocks (
  name TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;
`,
  `
-- Messages up to this id were sent before the block.
ALTER TABLE blocks ADD COLUMN after INTEGER NOT NULL DEFAULT 0;
UPDATE blocks SET after = coalesce((
  SELECT id FROM messages WHERE at < blocks.since ORDER BY id DESC LIMIT 1
), 0);

-- Messages with ids over "after", up to "upto", that came while "user" had
-- blocked "sender".
CREATE TABLE kept_away (
  user   INTEGER NOT NULL,
  sender INTEGER NOT NULL,
  after  INTEGER NOT NULL,
  upto   INTEGER NOT NULL,
  PRIMARY KEY (user, sender, after)
) STRICT, WITHOUT ROWID;
`,
  `
-- Who somebody is, whatever the name: random, and never given again, also by
-- a database that was set back to an older copy.
ALTER TABLE users ADD COLUMN account TEXT NOT NULL DEFAULT '';
UPDATE users SET account = lower(hex(randomblob(8)));
-- When the account was removed. The row stays: messages name it.
ALTER TABLE users ADD COLUMN ended_at INTEGER;

-- What commands beside the server want of it, oldest first.
CREATE TABLE requests (
  number  INTEGER PRIMARY KEY AUTOINCREMENT,
  what    TEXT NOT NULL,
  subject TEXT NOT NULL
) STRICT;
DROP TABLE unlocks;

-- The runs of the server, oldest first, each with the highest message id
-- before it.
CREATE TABLE epochs (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  epoch  TEXT NOT NULL,
  after  INTEGER NOT NULL
) STRICT;

-- Failed logins in a row, by name, and until when they lock it.
CREATE TABLE failures (
  name     TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  until    INTEGER
) STRICT, WITHOUT ROWID;
`,
  `
-- 1 when who joins may see what was said before.
ALTER TABLE groups ADD COLUMN history INTEGER NOT NULL DEFAULT 0;
`,
  `
-- Of a deletion: the id of the message that was taken back.
ALTER TABLE messages ADD COLUMN original INTEGER;
`,
  `
-- What the group is about, and when that was set.
ALTER TABLE groups ADD COLUMN topic TEXT;
ALTER TABLE groups ADD COLUMN topic_at INTEGER;
`,
  `
-- From where users log in. Of clients that know of no devices there is one, with
-- an empty id: what was kept by user is now that one's.
CREATE TABLE devices (
  number    INTEGER PRIMARY KEY,
  user      INTEGER NOT NULL,
  id        TEXT NOT NULL,
  name      TEXT NOT NULL,
  cursor    INTEGER NOT NULL,
  since     INTEGER NOT NULL,
  ip        TEXT NOT NULL,
  last_seen INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX devices_by_user ON devices (user, id);
INSERT INTO devices (user, id, name, cursor, since, ip, last_seen)
  SELECT id, '', 'old client', cursor, last_seen, '', last_seen FROM users
  WHERE ended_at IS NULL
    AND (last_seen > 0 OR id IN (SELECT user FROM tokens));
INSERT INTO meta
  SELECT 'last_device', coalesce(max(number), 0) FROM devices;

CREATE TABLE device_tokens (
  device     INTEGER PRIMARY KEY,
  hash       TEXT NOT NULL,
  previous   TEXT,
  expires    INTEGER NOT NULL,
  credential TEXT NOT NULL
) STRICT;
INSERT INTO device_tokens
  SELECT number, hash, previous, expires, credential
  FROM tokens JOIN devices ON devices.user = tokens.user;
DROP TABLE tokens;

-- The device that it was sent from; of a visit below 0.
ALTER TABLE messages ADD COLUMN device INTEGER;
`,
  `
-- Up to which message id a user has seen a conversation: with another user
-- ("place" is the id), of a group (the same), the broadcasts (0), or everything
-- (0). What was confirmed before there were marks counts as seen.
CREATE TABLE marks (
  user  INTEGER NOT NULL,
  kind  TEXT NOT NULL,
  place INTEGER NOT NULL,
  upto  INTEGER NOT NULL,
  PRIMARY KEY (user, kind, place)
) STRICT, WITHOUT ROWID;
INSERT INTO marks SELECT id, 'all', 0, cursor FROM users
  WHERE ended_at IS NULL;
`,
  `
-- For the search; see sqlite_search.io.ts. It is filled later, a little at a time.
CREATE VIRTUAL TABLE words USING fts5 (
  text, content = '', columnsize = 0, detail = none,
  tokenize = 'trigram case_sensitive 1'
);
-- What is taken out is gone at once, not when it happens to be merged.
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
INSERT INTO meta VALUES ('indexed', 0);
`,
  `
-- What a client of the user keeps until its receivers (a JSON list of ids) are
-- back; the client chose "offer".
CREATE TABLE later (
  user      INTEGER NOT NULL,
  offer     TEXT NOT NULL,
  receivers TEXT NOT NULL,
  since     INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (user, offer)
) STRICT, WITHOUT ROWID;
`,
];

/**
 * What went wrong in SQLite, in words for the one who runs the server. The
 * driver gives SQLite's own sentence and no number, so the sentence is what
 * there is to tell cases apart by.
 *
 * @param path Of the database file.
 */
export function sqliteError(error: unknown, path: string): string {
  const text = messageOf(error);
  for (const [sentence, advice] of sentences) {
    if (text.includes(sentence)) return `database "${path}" ${advice}`;
  }
  return `database "${path}" failed: ${text.replaceAll(/\s+/g, " ")}`;
}

const sentences = [
  [
    "file is not a database",
    "is no SQLite database; move the file away or restore a copy",
  ],
  ["malformed", "is damaged; restore a copy or move the file away"],
  [
    "unable to open database file",
    "cannot be opened; check the folder's permissions",
  ],
  [
    "database is locked",
    "is locked by another program; stop it and try again",
  ],
  [
    "readonly database",
    "cannot be written; check the permissions of the file and its folder",
  ],
  ["disk is full", "cannot grow: the disk is full; free some space"],
  ["disk I/O error", "cannot be read or written: disk error"],
] as const;
