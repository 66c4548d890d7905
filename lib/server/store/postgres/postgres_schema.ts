/**
 * The tables in PostgreSQL and how they came to be. A database knows how many of
 * the steps below it has seen (table `schema_version`); opening it does the
 * rest. Steps are never edited once released: a change is a new step at the end.
 *
 * What is `NULL` in SQLite is 0 in `receiver` and `grp` here: only what is equal
 * to something is found and sorted by one index.
 */

import type { PostgresRow } from "./postgres_queries.ts";

/**
 * How many steps a database has seen: 0 where it is empty, `undefined` where its
 * tables are another program's.
 */
export async function schemaVersion(
  session: { query(sql: string): Promise<PostgresRow[]> },
): Promise<number | undefined> {
  const [found] = await session.query(
    "SELECT to_regclass('schema_version') IS NOT NULL AS made, " +
      "to_regclass('users') IS NOT NULL AS used",
  );
  if (found?.made !== true) return found?.used === true ? undefined : 0;
  const [row] = await session.query("SELECT version FROM schema_version");
  return Number(row?.version);
}

/** The SQL that makes version n + 1 out of version n. */
export const postgresSteps: readonly string[] = [
  `
-- One row: who may write, and what the last commit was. A transaction of a
-- server checks both, so one that was paused, cut off or replaced stores
-- nothing, and one that lost its connection learns what became of its commit.
CREATE TABLE core (
  only_row     bigint PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
  -- Names the server that writes; empty before the first one.
  holder       text NOT NULL,
  -- Rises with each connection that writes.
  term         bigint NOT NULL,
  -- Rises with each commit.
  commits      bigint NOT NULL,
  secret       bytea NOT NULL,
  last_message bigint NOT NULL,
  last_number  bigint NOT NULL,
  last_device  bigint NOT NULL,
  -- Messages up to this id are in the index of the search.
  indexed      bigint NOT NULL,
  -- Where the data were brought that were here; nothing may change any more.
  moved        text
);
-- Two random ids that the database makes, but for their fixed bits.
INSERT INTO core VALUES (1, '', 0, 0,
  sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text ||
    gen_random_uuid()::text, '-', ''), 'hex')), 0, 0, 0, 0, NULL);

CREATE FUNCTION fence(which_term bigint, commit_number bigint,
  message bigint, number bigint, device bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE core SET commits = commit_number,
    last_message = greatest(last_message, message),
    last_number = greatest(last_number, number),
    last_device = greatest(last_device, device)
    WHERE term = which_term AND commits = commit_number - 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'another server has taken over' USING ERRCODE = 'PA001';
  END IF;
END $$;

CREATE TABLE users (
  id        bigint PRIMARY KEY,
  name      text NOT NULL,
  cursor    bigint NOT NULL,
  last_seen bigint NOT NULL,
  renaming  text,
  identity  text,
  account   text NOT NULL,
  ended_at  bigint
);

CREATE TABLE blocks (
  usr     bigint NOT NULL,
  blocked bigint NOT NULL,
  since   bigint NOT NULL,
  after   bigint NOT NULL,
  PRIMARY KEY (usr, blocked)
);

CREATE TABLE kept_away (
  usr    bigint NOT NULL,
  sender bigint NOT NULL,
  after  bigint NOT NULL,
  upto   bigint NOT NULL,
  PRIMARY KEY (usr, sender, after)
);

CREATE TABLE profiles (
  usr   bigint NOT NULL,
  field text NOT NULL,
  value text NOT NULL,
  PRIMARY KEY (usr, field)
);

CREATE TABLE groups (
  id          bigint PRIMARY KEY,
  name        text NOT NULL,
  leader      bigint NOT NULL,
  leader_only boolean NOT NULL,
  created_at  bigint NOT NULL,
  ended_at    bigint,
  last_number bigint NOT NULL DEFAULT 0,
  history     boolean NOT NULL,
  topic       text,
  topic_at    bigint
);

CREATE TABLE members (
  grp           bigint NOT NULL,
  usr           bigint NOT NULL,
  joined        boolean NOT NULL,
  since         bigint NOT NULL,
  since_message bigint NOT NULL,
  PRIMARY KEY (grp, usr)
);
CREATE INDEX members_by_user ON members (usr);

CREATE TABLE owed (
  usr   bigint NOT NULL,
  grp   bigint NOT NULL,
  after bigint NOT NULL,
  upto  bigint NOT NULL,
  PRIMARY KEY (usr, grp, after)
);
CREATE INDEX owed_by_group ON owed (grp);

CREATE TABLE messages (
  id       bigint PRIMARY KEY,
  number   bigint NOT NULL,
  sender   bigint NOT NULL,
  device   bigint,
  receiver bigint NOT NULL,
  grp      bigint NOT NULL,
  at       bigint NOT NULL,
  text     text NOT NULL,
  mid      text NOT NULL,
  kept     boolean NOT NULL,
  deletes  bigint,
  original bigint
);
-- The first holds messagelog.txt's messages too, under 0.
CREATE INDEX messages_by_group ON messages (grp, id);
CREATE INDEX messages_by_sender ON messages (sender, receiver, id)
  WHERE grp = 0;
CREATE INDEX messages_by_receiver ON messages (receiver, id)
  WHERE receiver <> 0;

-- The id of the first message of a log with a number over "after": numbers rise
-- with the ids, so a binary search finds it without an index of its own.
CREATE FUNCTION first_logged(log bigint, after bigint) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
DECLARE
  low bigint := 0;
  high bigint := coalesce((SELECT id FROM messages WHERE grp = log
    ORDER BY id DESC LIMIT 1), 0) + 1;
  middle bigint;
  next_id bigint;
  next_number bigint;
BEGIN
  WHILE low < high LOOP
    middle := (low + high) / 2;
    SELECT id, number INTO next_id, next_number FROM messages
      WHERE grp = log AND id >= middle ORDER BY id LIMIT 1;
    IF NOT FOUND OR next_number > after THEN high := middle;
    ELSE low := next_id + 1;
    END IF;
  END LOOP;
  RETURN low;
END $$;

-- Who was on line when a broadcast was sent.
CREATE TABLE broadcasts (
  usr     bigint NOT NULL,
  message bigint NOT NULL,
  PRIMARY KEY (usr, message)
);
CREATE INDEX broadcasts_by_message ON broadcasts (message);

CREATE TABLE devices (
  number    bigint PRIMARY KEY,
  usr       bigint NOT NULL,
  id        text NOT NULL,
  name      text NOT NULL,
  cursor    bigint NOT NULL,
  since     bigint NOT NULL,
  ip        text NOT NULL,
  last_seen bigint NOT NULL
);
CREATE UNIQUE INDEX devices_by_user ON devices (usr, id);

-- Up to where all devices of a user have everything that were seen since then.
CREATE FUNCTION confirmed_by_all(whose bigint, live_since bigint)
  RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT min(cursor) FROM devices
      WHERE usr = whose AND last_seen >= live_since),
    (SELECT greatest(users.cursor, coalesce(
      (SELECT max(cursor) FROM devices WHERE usr = whose), 0))
      FROM users WHERE id = whose))
$$;

CREATE TABLE device_tokens (
  device     bigint PRIMARY KEY,
  hash       text NOT NULL,
  previous   text,
  expires    bigint NOT NULL,
  credential text NOT NULL
);

CREATE TABLE marks (
  usr   bigint NOT NULL,
  kind  text NOT NULL,
  place bigint NOT NULL,
  upto  bigint NOT NULL,
  PRIMARY KEY (usr, kind, place)
);

-- What a client of the user keeps until its receivers (a JSON list of ids) are
-- back; the client chose "offer".
CREATE TABLE later (
  usr       bigint NOT NULL,
  offer     text NOT NULL,
  receivers text NOT NULL,
  since     bigint NOT NULL,
  at        bigint NOT NULL,
  PRIMARY KEY (usr, offer)
);

-- What commands beside the server want of it, oldest first.
CREATE TABLE requests (
  number  bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  what    text NOT NULL,
  subject text NOT NULL
);

-- The runs of the server, oldest first.
CREATE TABLE epochs (
  number bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  epoch  text NOT NULL,
  after  bigint NOT NULL
);

CREATE TABLE failures (
  name     text PRIMARY KEY,
  failures bigint NOT NULL,
  until    bigint
);

-- The index of the search: each three characters in a row of each text, and
-- whose it is, as numbers. It is filled a little at a time; what is put in goes
-- to its place at once, so that no commit has to do that for many.
CREATE TABLE words (
  message bigint PRIMARY KEY,
  threes  integer[] NOT NULL
);
CREATE INDEX words_by_three ON words USING gin (threes)
  WITH (fastupdate = off);
`,
  `
-- Of the nodes of a cluster one at a time may write: it has the lease.
-- Name of that node; empty while a server without others writes.
ALTER TABLE core ADD COLUMN node text NOT NULL DEFAULT '';
-- Rises with each node that takes it.
ALTER TABLE core ADD COLUMN lease bigint NOT NULL DEFAULT 0;
-- Until then no other node takes it; empty when it was given back.
ALTER TABLE core ADD COLUMN expires timestamptz;

-- Those that are at work, the core among them.
CREATE TABLE nodes (
  -- Random, of each start.
  run     text PRIMARY KEY,
  name    text NOT NULL,
  version text NOT NULL,
  -- Of its certificate; empty without TLS.
  key     text NOT NULL,
  seen    timestamptz NOT NULL
);
`,
  `
-- Who may log in to a cluster: what lines of credentials.txt say. Nodes read
-- them when they become the core, and when a row of "requests" says so.
CREATE TABLE accounts (
  place      bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  name       text NOT NULL UNIQUE,
  credential text NOT NULL
);
CREATE UNIQUE INDEX accounts_by_name ON accounts (lower(name));

CREATE FUNCTION change_account(old_name text, old_credential text,
  new_name text, new_credential text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE accounts SET name = new_name, credential = new_credential
    WHERE name = old_name AND credential = old_credential;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the account was edited meanwhile' USING ERRCODE = 'PA002';
  END IF;
END $$;
`,
];

/** Takes the lock that a server holds on the database while it uses it. */
export const tryLock = "SELECT pg_try_advisory_lock(1346458700, 1) AS held";

/** The connections that hold it. */
export const lockHolders =
  "SELECT l.pid, coalesce(host(a.client_addr), 'this machine') AS address " +
  "FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a ON a.pid = l.pid " +
  "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 1346458700 " +
  "AND l.objid = 1 AND l.database = " +
  "(SELECT oid FROM pg_database WHERE datname = current_database())";
