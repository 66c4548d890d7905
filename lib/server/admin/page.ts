/** What `--help`, the man page and the completions of the server tell. */
import { optionHead, type OptionRow } from "../../cli/command_line.ts";
import { completionsUsage } from "../../cli/completions.ts";
import {
  notPrinted,
  optionHelp,
  type ProgramPage,
} from "../../cli/program_page.ts";
import { userPage } from "../accounts/user_option_rows.ts";

/** The server, with its options. */
export function serverPage(options: readonly OptionRow[]): ProgramPage {
  return { ...page, options };
}

const page: ProgramPage = {
  name: "parley-server",
  title: "server of a chat with peer-to-peer video",
  description: [
    "Keeps the accounts, the messages and the groups of its users, and helps " +
    "their clients to find each other. SIGTERM or Ctrl-C ends it cleanly; " +
    "SIGHUP reads the accounts and the certificate anew and reopens the log file.",
  ],
  usage: [
    { arguments: "[PORT] [ATTEMPTS] [options]", help: "run the server" },
    {
      arguments: "user add|passwd|remove|unlock NAME [options]",
      help: 'manage an account; "parley-server user --help" tells more',
      choices: [
        ...["add", "passwd", "remove", "unlock"],
        ...["list", "hash", "import", "export"],
      ],
    },
    {
      arguments: "user list|hash [options]",
      help: "show all accounts; replace plain passwords by verifiers",
    },
    {
      arguments: "user import FILE|export --cluster --database URL",
      help: "bring accounts into the database of a cluster; print them",
    },
    {
      arguments: "check [options]",
      help: "check whether a server could start with these options",
    },
    {
      arguments: "status --database URL",
      help: "show the nodes of a cluster, and which one serves",
    },
    {
      arguments: "migrate --from FOLDER --database URL",
      help: "bring the data from parley.db in a folder to PostgreSQL",
    },
    {
      arguments: "migrate --database URL --to FOLDER",
      help: "bring them back",
    },
    completionsUsage,
  ],
  options: [],
  environment: [
    {
      name: "PARLEY_PASSWORD",
      help: 'the new password for "user add" and "user passwd"',
    },
    { name: "PGPASSWORD", help: "the password for --database" },
  ],
  files: [
    { name: "credentials.txt", help: "the accounts, see --credentials" },
    { name: "data/", help: "database, logs, key and certificate" },
  ],
  exitCodes: [
    { code: 0, help: "a clean stop" },
    { code: 1, help: "the server cannot start or go on" },
    { code: 2, help: "wrong usage" },
    notPrinted,
  ],
  examples: [
    {
      command: "parley-server user add yoda",
      help: "make an account; asks for the password",
    },
    { command: "parley-server", help: "run on port 6000" },
    {
      command: "parley-server 7000 5 --block-duration 60 --data-dir chat",
      help: "on another port; five failed logins lock an account for a minute",
    },
    {
      command: "parley-server check --data-dir chat",
      help: "check before starting",
    },
    {
      command: "parley-server completions bash > parley-server.bash",
      help: "then: source parley-server.bash",
    },
  ],
  sections: [{
    title: "ACCOUNTS",
    rows: [
      ...userPage.usage.map(({ arguments: words, help }) => ({
        name: `${userPage.name} ${words}`,
        help,
      })),
      ...userPage.options.filter(({ name }) => name !== "--help")
        .map((row) => ({ name: optionHead(row), help: optionHelp(row) })),
    ],
  }],
};
