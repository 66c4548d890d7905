import { DatabaseSync } from "node:sqlite";
import { StartError } from "../../system/errors.io.ts";
import { sqliteError } from "./sqlite_schema.io.ts";

/**
 * Where the data of a SQLite database are now.
 *
 * @returns `none` without a file, `here` when they are in it, else where they
 * were brought, for people.
 * @throws {StartError} when the file cannot be read.
 */
export async function whereaboutsOf(
  path: string,
): Promise<"none" | "here" | { readonly moved: string }> {
  if (await Deno.stat(path).catch(() => undefined) === undefined) return "none";
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    const moved = movedTo(database);
    return moved === undefined ? "here" : { moved };
  } catch (error) {
    throw new StartError(sqliteError(error, path));
  }
}

/**
 * Makes sure that no data stay behind where a database elsewhere is used.
 *
 * @param path Of the database in the data folder.
 * @throws {StartError} when there are some.
 */
export async function refuseDataHere(
  path: string,
  folder: string,
): Promise<void> {
  if (await whereaboutsOf(path) !== "here") return;
  throw new StartError(
    `the data of this server are in "${path}": bring them into the database ` +
      `with "parley-server migrate --from ${folder} --database ..." first, ` +
      "or choose another --data-dir",
  );
}

/** Where the data of an open database were brought; `undefined` if nowhere. */
export function movedTo(database: DatabaseSync): string | undefined {
  const row = database.prepare("SELECT value FROM meta WHERE key = 'moved'")
    .get();
  return row === undefined ? undefined : String(row.value);
}

/** @throws {StartError} when the data of an open database are elsewhere. */
export function refuseMoved(database: DatabaseSync, path: string): void {
  const moved = movedTo(database);
  if (moved === undefined) return;
  throw new StartError(
    `the data of "${path}" were brought to ${moved}: give that with ` +
      "--database, or bring them back with migrate",
  );
}
