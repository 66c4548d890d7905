/**
 * Carries the data of a server from SQLite to PostgreSQL or back: all of it in
 * one transaction, counted at both ends before it is kept. Afterwards the place
 * that it came from says where it is, and no server uses that any more. Both know
 * whose data they have by the secret that was made with them; what is of two
 * servers is never mixed.
 */
import { DatabaseSync } from "node:sqlite";
import { join } from "@std/path";
import { reasonOf, StartError } from "../../../system/errors.io.ts";
import { DataFolder } from "../data_folder.io.ts";
import { movedTo, whereaboutsOf } from "../moved_data.io.ts";
import { openDatabase, sqliteError } from "../sqlite_schema.io.ts";
import { type DatabasePlace, shownPlace } from "./database_place.ts";
import {
  insertArrays,
  migratedTables,
  postgresColumn,
  toPostgres,
  toSqlite,
} from "./migrated_tables.ts";
import type { PostgresRow } from "./postgres_queries.ts";
import { PostgresSession } from "./postgres_session.io.ts";
import { PostgresWriter } from "./postgres_writer.io.ts";
import { arrayText } from "./write_script.ts";

/** What became of it. */
export interface Migration {
  /** False when everything was there before. */
  readonly copied: boolean;
  /** How many rows there are at both ends, by table. */
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Brings the data of a folder into a database that is empty, or that has what was
 * brought from it into the folder before.
 *
 * @throws {StartError} when that cannot be done, having changed nothing.
 */
export async function migrateToPostgres(
  folder: string,
  place: DatabasePlace,
): Promise<Migration> {
  const file = join(folder, "parley.db");
  if (await whereaboutsOf(file) === "none") {
    throw new StartError(`there is no "${file}"`);
  }
  return await withBoth(folder, place, async (path, session, core) => {
    using source = openDatabase(path);
    const moved = movedTo(source);
    const secret = metaOf(source, "secret") as Uint8Array;
    const isSame = equal(secret, core.secret as Uint8Array);
    const isEmpty = await rowsOf(session) === 0;
    if (!isSame && !isEmpty) throw mixed(path, place);
    if (moved !== undefined) {
      if (!isSame || core.moved !== null) throw elsewhere(path, moved);
      return { copied: false, counts: await countPostgres(session) };
    }
    const counts = countSqlite(source);
    const isCopied = isSame && core.moved === null && !isEmpty;
    if (isCopied) {
      requireSame(counts, await countPostgres(session), path, place);
    } else {
      const last = Number(metaOf(source, "last_message"));
      if (isSame && Number(core.last_message) > last) throw older(path, place);
      await copyToPostgres(source, session);
      requireSame(counts, await countPostgres(session), path, place);
    }
    await session.query("COMMIT");
    markMoved(source, shownPlace(place));
    return { copied: !isCopied, counts };
  });
}

/**
 * Brings the data of a database into a folder that has none, or that has what was
 * brought from it into the database before.
 *
 * @throws {StartError} when that cannot be done, having changed nothing.
 */
export function migrateToSqlite(
  folder: string,
  place: DatabasePlace,
): Promise<Migration> {
  return withBoth(folder, place, async (path, session, core) => {
    const counts = await countPostgres(session);
    const where = await whereaboutsOf(path);
    if (where !== "none") {
      using target = openDatabase(path);
      const secret = metaOf(target, "secret") as Uint8Array;
      if (!equal(secret, core.secret as Uint8Array)) throw mixed(path, place);
      if (where === "here") {
        requireSame(countSqlite(target), counts, path, place);
        if (core.moved === null) await markPostgres(session, path);
        return { copied: false, counts };
      }
      const last = Number(metaOf(target, "last_message"));
      if (last > Number(core.last_message)) throw older(path, place);
    }
    if (core.moved !== null) {
      throw elsewhere(shownPlace(place), String(core.moved));
    }
    const draft = `${path}.new`;
    await removeDatabase(draft);
    try {
      using target = openDatabase(draft);
      await copyToSqlite(session, target, core);
      requireSame(countSqlite(target), counts, path, place);
    } catch (error) {
      await removeDatabase(draft);
      throw error;
    }
    await removeDatabase(path);
    await syncFile(draft);
    await Deno.rename(draft, path);
    await syncFile(folder);
    await markPostgres(session, path);
    return { copied: true, counts };
  });
}

/** Keeps every server away from both, and has one transaction in the database. */
async function withBoth(
  folder: string,
  place: DatabasePlace,
  body: (
    path: string,
    session: PostgresSession,
    core: PostgresRow,
  ) => Promise<Migration>,
): Promise<Migration> {
  const path = join(folder, "parley.db");
  const data = await DataFolder.open(folder, "stop it first");
  let writer: PostgresWriter | undefined;
  let session: PostgresSession | undefined;
  try {
    const news = { report() {}, stop() {} };
    writer = await PostgresWriter.open(place, news, { evenMoved: true });
    session = await PostgresSession.open(place);
    await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ");
    const [core] = await session.query("SELECT * FROM core FOR UPDATE");
    if (core === undefined) throw new StartError("the table core is empty");
    return await body(path, session, core);
  } catch (error) {
    if (error instanceof StartError) throw error;
    const isOurs = error instanceof Error && error.name.startsWith("Postgres");
    throw new StartError(isOurs ? error.message : sqliteError(error, path));
  } finally {
    session?.close();
    await writer?.close();
    data.close();
  }
}

async function copyToPostgres(
  source: DatabaseSync,
  session: PostgresSession,
): Promise<void> {
  const all = migratedTables.map(({ name }) => name).join(", ");
  await session.query(`TRUNCATE words, ${all}`);
  for (const table of migratedTables) {
    const { name, columns } = table;
    const text = insertArrays(table);
    const names = columns.map(([column]) => column);
    const rows = source.prepare(`SELECT ${names.join(", ")} FROM ${name}`)
      .iterate();
    for (const page of pagesOf(rows)) {
      const arrays = columns.map(([column, kind]) =>
        arrayText(page.map((row) => toPostgres(kind, row[column])))
      );
      await session.query(text, arrays);
    }
    if (columns.some(([column]) => column === "number") && isNumbered(name)) {
      await session.query(
        `SELECT setval(pg_get_serial_sequence('${name}', 'number'), ` +
          `(SELECT greatest(1, max(number)) FROM ${name}))`,
      );
    }
  }
  const secret = metaOf(source, "secret") as Uint8Array;
  const hex = [...secret].map((byte) => byte.toString(16).padStart(2, "0"));
  await session.query(
    "UPDATE core SET secret = decode($1, 'hex'), last_message = $2, " +
      "last_number = $3, last_device = $4, indexed = 0, moved = NULL",
    [
      hex.join(""),
      ...lastNames.map((name) => Number(metaOf(source, name) ?? 0)),
    ],
  );
}

async function copyToSqlite(
  session: PostgresSession,
  target: DatabaseSync,
  core: PostgresRow,
): Promise<void> {
  target.exec("BEGIN");
  for (const table of migratedTables) {
    const { name, columns } = table;
    const names = columns.map(([column]) => column);
    const places = names.map(() => "?").join(", ");
    const insert = target.prepare(
      `INSERT INTO ${name} (${names.join(", ")}) VALUES (${places})`,
    );
    await session.query(
      `DECLARE all_${name} NO SCROLL CURSOR FOR ` +
        `SELECT ${names.map(postgresColumn).join(", ")} FROM ${name}`,
    );
    for (;;) {
      const rows = await session.query(`FETCH ${pageRows} FROM all_${name}`);
      for (const row of rows) {
        insert.run(
          ...columns.map(([column, kind]) =>
            toSqlite(kind, row[postgresColumn(column)])
          ),
        );
      }
      if (rows.length < pageRows) break;
    }
  }
  const put = target.prepare(
    "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)",
  );
  put.run("secret", new Uint8Array(core.secret as Uint8Array));
  for (const name of lastNames) put.run(name, Number(core[name]));
  target.exec("COMMIT");
  target.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}

/** Says in the source that nothing is to change there any more. */
function markMoved(source: DatabaseSync, where: string): void {
  source.prepare("INSERT INTO meta (key, value) VALUES ('moved', ?)")
    .run(where);
}

async function markPostgres(
  session: PostgresSession,
  path: string,
): Promise<void> {
  await session.query("UPDATE core SET moved = $1", [path]);
  await session.query("COMMIT");
}

function metaOf(database: DatabaseSync, key: string): unknown {
  return database.prepare("SELECT value FROM meta WHERE key = ?").get(key)
    ?.value;
}

function countSqlite(database: DatabaseSync): Map<string, number> {
  return new Map(migratedTables.map(({ name }) => {
    const row = database.prepare(`SELECT count(*) AS n FROM ${name}`).get();
    return [name, Number(row?.n)];
  }));
}

async function countPostgres(
  session: PostgresSession,
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of migratedTables) {
    const [row] = await session.query(`SELECT count(*) AS n FROM ${name}`);
    counts.set(name, Number(row?.n));
  }
  return counts;
}

/** How many rows there are in all tables. */
async function rowsOf(session: PostgresSession): Promise<number> {
  const counts = await countPostgres(session);
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

/** @throws {StartError} when a table has more rows at one end. */
function requireSame(
  ofFile: ReadonlyMap<string, number>,
  ofDatabase: ReadonlyMap<string, number>,
  path: string,
  place: DatabasePlace,
): void {
  for (const [name, count] of ofFile) {
    const other = ofDatabase.get(name);
    if (count === other) continue;
    throw new StartError(
      `nothing was changed: "${path}" has ${count} rows of ${name}, ` +
        `${shownPlace(place)} has ${other}; one of them has gone on without ` +
        "the other: make an empty place for the one to keep",
    );
  }
}

function mixed(path: string, place: DatabasePlace): StartError {
  return new StartError(
    `nothing was changed: "${path}" and ${
      shownPlace(place)
    } have the data of ` +
      "two servers, which cannot be mixed; choose an empty place",
  );
}

function older(path: string, place: DatabasePlace): StartError {
  return new StartError(
    `nothing was changed: of "${path}" and ${
      shownPlace(place)
    }, the one to be ` +
      "replaced has newer messages; choose an empty place",
  );
}

function elsewhere(what: string, moved: string): StartError {
  return new StartError(
    `nothing was changed: the data of ${what} were brought to ${moved} before`,
  );
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length &&
    one.every((byte, at) => byte === other[at]);
}

/** Whose rows are numbered by the database. */
function isNumbered(table: string): boolean {
  return table === "requests" || table === "epochs";
}

function* pagesOf<T>(rows: Iterable<T>): Generator<T[]> {
  let page: T[] = [];
  for (const row of rows) {
    page.push(row);
    if (page.length < pageRows) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** Removes a database with the files that SQLite has beside it. */
async function removeDatabase(path: string): Promise<void> {
  for (const end of ["-wal", "-shm", ""]) {
    await Deno.remove(path + end).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return;
      throw new StartError(`cannot remove "${path}${end}": ${reasonOf(error)}`);
    });
  }
}

async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path);
  await file.sync();
}

const lastNames = ["last_message", "last_number", "last_device"];
/** Rows that are carried at once. */
const pageRows = 2_000;
