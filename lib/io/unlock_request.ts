import { DatabaseSync } from "node:sqlite";
import { join } from "@std/path";
import { reasonOf } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

/**
 * Leaves word for a running server that `name` is to be unlocked: a row in its
 * database, which it looks for every now and then.
 *
 * @param dataDir The folder of the server's data.
 * @throws {StartError} when there is no database of a server.
 */
export async function requestUnlock(
  dataDir: string,
  name: string,
): Promise<void> {
  const path = join(dataDir, "parley.db");
  try {
    // Opening would make an empty database, and the server stumble over it.
    await Deno.stat(path);
  } catch (error) {
    throw new StartError(
      `cannot reach the server through "${path}": ${reasonOf(error)}; ` +
        "does the server use another --data-dir?",
    );
  }
  try {
    const database = new DatabaseSync(path);
    try {
      database.exec("PRAGMA busy_timeout = 5000");
      database.prepare("INSERT OR IGNORE INTO unlocks (name) VALUES (?)")
        .run(name);
    } finally {
      database.close();
    }
  } catch (error) {
    throw new StartError(`cannot write to "${path}": ${reasonOf(error)}`);
  }
}
