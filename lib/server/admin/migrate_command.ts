/** What follows `parley-server migrate` on the command line. */
import {
  lastValue,
  type OptionRow,
  parseCommandLine,
  parseNonEmpty,
  type StartRequest,
  startRequest,
  UsageError,
} from "../../cli/command_line.ts";
import { homePath } from "../../base/home_path.ts";
import {
  notPrinted,
  type ProgramPage,
  renderHelp,
} from "../../cli/program_page.ts";
import {
  databaseCommandRow,
  parseDatabaseOption,
} from "../store/postgres/database_option.ts";

/** What is to be carried where. */
export interface MigrateCommand {
  /** A data folder. */
  readonly folder: string;
  /** URL of a database, or path of a file with that. */
  readonly database: string;
  readonly direction: "to database" | "to folder";
}

/**
 * Reads the arguments.
 *
 * @param home The home folder, for paths that begin with `~/`.
 */
export function parseMigrateCommand(
  args: readonly string[],
  home?: string,
): StartRequest<MigrateCommand> {
  return startRequest(() => {
    const line = parseCommandLine(args, migrateOptionRows, []);
    if (line.options.has("--help")) {
      return { kind: "help", text: renderHelp(migratePage) };
    }
    const [from, to] = ["--from", "--to"].map((name) => {
      const path = lastValue(line, name);
      return path === undefined
        ? undefined
        : homePath(parseNonEmpty(name, path, "the path of a folder"), home);
    });
    const database = lastValue(line, databaseCommandRow.name);
    const folder = from ?? to;
    if (folder === undefined || database === undefined || from && to) {
      throw new UsageError(
        "migrate needs --from FOLDER or --to FOLDER, and --database URL",
      );
    }
    const options: MigrateCommand = {
      folder,
      database: parseDatabaseOption(database, home),
      direction: from === undefined ? "to folder" : "to database",
    };
    return { kind: "run", options };
  });
}

const migrateOptionRows: readonly OptionRow[] = [
  {
    name: "--from",
    value: "FOLDER",
    help: "bring what is in parley.db of this data folder to --database",
  },
  {
    name: "--to",
    value: "FOLDER",
    help: "bring what is in --database to parley.db of this data folder",
  },
  databaseCommandRow,
  { name: "--help", help: "show this" },
];

const migratePage: ProgramPage = {
  name: "parley-server migrate",
  title: "data of the server, to PostgreSQL and back",
  description: [
    "Carries everything that is in one database to the other, which must be " +
    "empty, counts it at both ends, and leaves a note where it was: no server " +
    "starts there any more. No server may run meanwhile. Run again it changes " +
    "nothing.",
  ],
  usage: [
    { arguments: "--from FOLDER --database URL", help: "to PostgreSQL" },
    { arguments: "--database URL --to FOLDER", help: "back" },
  ],
  options: migrateOptionRows,
  environment: [{ name: "PGPASSWORD", help: "the password for --database" }],
  files: [{ name: "data/parley.db", help: "the data in a data folder" }],
  exitCodes: [
    { code: 0, help: "everything is there" },
    { code: 1, help: "it could not be done; nothing was changed" },
    { code: 2, help: "wrong usage" },
    notPrinted,
  ],
  examples: [{
    command: "parley-server migrate --from data --database database.txt",
    help: "to the database that database.txt names",
  }],
};
