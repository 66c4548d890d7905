/** What `parley-server user --help` and the server's man page tell of accounts. */
import type { OptionRow } from "../../cli/command_line.ts";
import { notPrinted, type ProgramPage } from "../../cli/program_page.ts";
import { databaseOptionRow } from "../store/postgres/database_option.ts";
import { defaultCredentials, defaultDataDir } from "./default_paths.ts";

/** Where the accounts are; the server has it, too. */
export const credentialsOptionRow: OptionRow = {
  name: "--credentials",
  value: "FILE",
  help: "the accounts",
  default: defaultCredentials,
};

/** Every option of `parley-server user`. */
export const userOptionRows: readonly OptionRow[] = [
  credentialsOptionRow,
  {
    name: "--data-dir",
    value: "FOLDER",
    help: "where the server keeps its data",
    default: defaultDataDir,
  },
  databaseOptionRow,
  {
    name: "--cluster",
    help: "the accounts are those of a cluster, in its database",
  },
  {
    name: "--password-file",
    value: "FILE",
    help: "its first line is the new password",
  },
  {
    name: "--keep",
    help: "remove: keep messages, groups and profile for the same person",
  },
  {
    name: "--restore",
    help: "add: the account is for the person that one was of before",
  },
  { name: "--help", help: "show this" },
];

/** `parley-server user`. */
export const userPage: ProgramPage = {
  name: "parley-server user",
  title: "accounts of the server",
  description: [
    "The new password has at least 8 characters: the first line of " +
    "--password-file, else what PARLEY_PASSWORD says, else what is asked twice " +
    "on a terminal, elsewhere a line of standard input.",
    "A server that is running has the change when the command ends, if " +
    "--data-dir and --database are the server's. The accounts of a cluster are " +
    "in its database: --cluster and --database are enough, on any machine.",
  ],
  usage: [
    { arguments: "add NAME", help: "make an account" },
    { arguments: "passwd NAME", help: "set another password" },
    {
      arguments: "remove NAME",
      help: "remove the account and what the server kept of the person",
    },
    { arguments: "list", help: "show all accounts" },
    { arguments: "unlock NAME", help: "end a lock after failed logins" },
    {
      arguments: "hash",
      help: "replace all plain passwords by verifiers",
    },
    {
      arguments: "import FILE --cluster --database URL",
      help: "bring the accounts of a file into a cluster's database",
    },
    {
      arguments: "export --cluster --database URL",
      help: "print them as lines of such a file",
    },
  ],
  options: userOptionRows,
  environment: [{ name: "PARLEY_PASSWORD", help: "the new password" }],
  files: [{ name: defaultCredentials, help: "the accounts, one a line" }],
  exitCodes: [
    { code: 0, help: "done" },
    { code: 1, help: "it could not be done" },
    { code: 2, help: "wrong usage" },
    notPrinted,
  ],
  examples: [
    { command: "parley-server user add yoda", help: "make an account" },
    {
      command: "parley-server user list --credentials credentials.txt",
      help: "show all accounts",
    },
    {
      command: "parley-server user hash",
      help: "keep no plain password in the file",
    },
  ],
};
