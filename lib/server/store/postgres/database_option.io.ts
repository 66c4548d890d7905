import { StartError } from "../../../system/errors.io.ts";
import { firstLine } from "../../../system/files.io.ts";
import {
  type DatabasePlace,
  isDatabaseUrl,
  parseDatabaseUrl,
} from "./database_place.ts";

/**
 * What `--database` means: a URL, or the path of a file whose first line is one,
 * so that a password need not stand where everybody on the machine can read it.
 * Where neither has one, `PGPASSWORD` may.
 *
 * @throws {StartError} when it cannot be read, without what is in it.
 */
export async function readDatabaseOption(
  option: string,
): Promise<DatabasePlace> {
  const place = parseDatabaseUrl(
    isDatabaseUrl(option)
      ? option
      : await firstLine(option, "the database URL", "postgres://"),
  );
  if (typeof place !== "string") {
    const password = place.password ?? Deno.env.get("PGPASSWORD");
    return { ...place, ...password ? { password } : {} };
  }
  const where = isDatabaseUrl(option) ? "--database" : `"${option}"`;
  throw new StartError(`cannot use the database URL of ${where}: ${place}`);
}
