/** The option `--database` of the server and its commands. */
import {
  type OptionRow,
  parseNonEmpty,
  UsageError,
} from "../../../cli/command_line.ts";
import { homePath } from "../../../base/home_path.ts";
import { isDatabaseUrl, parseDatabaseUrl } from "./database_place.ts";

/** Its line in the help. */
export const databaseOptionRow: OptionRow = {
  name: "--database",
  value: "URL",
  help: "keep the data in PostgreSQL: postgres://USER@HOST/DATABASE, or a " +
    "file whose first line is that",
  default: "parley.db in the data folder",
};

/** The line of a command that is about a database whatever else is said. */
export const databaseCommandRow: OptionRow = {
  name: databaseOptionRow.name,
  value: "URL",
  help: "postgres://USER@HOST/DATABASE, or a file whose first line is that",
};

/**
 * Checks its value: a URL, or the path of a file.
 *
 * @param home The home folder, for paths that begin with `~/`.
 * @throws {UsageError} without what was given, where a password may be in that.
 */
export function parseDatabaseOption(value: string, home?: string): string {
  const text = parseNonEmpty(
    databaseOptionRow.name,
    value,
    "postgres://USER@HOST/DATABASE, or the path of a file with that",
  );
  if (!isDatabaseUrl(text)) {
    if (!text.includes("://")) return homePath(text, home);
    throw new UsageError("--database must begin with postgres://");
  }
  const place = parseDatabaseUrl(text);
  if (typeof place !== "string") return text;
  throw new UsageError(`invalid --database: ${place}`);
}
