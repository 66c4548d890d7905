import {
  type Console,
  runCommand,
  systemConsole,
} from "../../cli/console.io.ts";
import { homeFolder } from "../../system/home_folder.io.ts";
import { readDatabaseOption } from "../store/postgres/database_option.io.ts";
import { shownPlace } from "../store/postgres/database_place.ts";
import {
  migrateToPostgres,
  migrateToSqlite,
} from "../store/postgres/migration.io.ts";
import { parseMigrateCommand } from "./migrate_command.ts";

/**
 * Runs `parley-server migrate`.
 *
 * @param args What follows `migrate` on the command line.
 * @returns The exit code: 0 when everything is there, 1 when nothing was done, 2
 * for a wrong command line.
 */
export function runMigrateCommand(
  args: readonly string[],
  console: Console = systemConsole,
): Promise<number> {
  const request = parseMigrateCommand(args, homeFolder());
  return runCommand(
    request,
    console,
    async ({ folder, database, direction }) => {
      const place = await readDatabaseOption(database);
      const isBack = direction === "to folder";
      const migrate = isBack ? migrateToSqlite : migrateToPostgres;
      const { copied, counts } = await migrate(folder, place);
      for (const [table, count] of counts) {
        console.print(`${table.padEnd(13)} ${String(count).padStart(9)}`);
      }
      const target = isBack ? `"${folder}"` : shownPlace(place);
      const start = isBack
        ? "start the server without --database"
        : "start the server with --database";
      console.print(
        copied
          ? `everything is in ${target} now; ${start}`
          : `everything was in ${target} before; nothing was changed`,
      );
      return 0;
    },
  );
}
