/** What `--help`, the man page and the completions of the client tell. */
import { commandTable } from "../commands/table.ts";
import { completionsUsage } from "../../cli/completions.ts";
import type { ProgramPage } from "../../cli/program_page.ts";
import { clientOptionRows, guiOptionRows } from "./settings.ts";
import { exitCodes } from "../events/exit_code.ts";

/** What `parley completions` takes besides the shells: prints the saved servers. */
export const savedServersWord = "servers";

/** The client. */
export const clientPage: ProgramPage = {
  name: "parley",
  title: "chat and peer-to-peer video in the terminal",
  description: [
    "Connects to a Parley server, where users write to each other and to groups, " +
    "and send files straight from client to client.",
    "Without a terminal, commands are read from standard input, one a line.",
  ],
  usage: [
    {
      arguments: "[SERVER_HOST] [SERVER_PORT] [UDP_PORT] [options]",
      help: "connect to a server",
    },
    {
      arguments: "NAME [options]",
      help: "connect to a server that config.toml has under this name",
    },
    {
      arguments: "gui [HOST[:PORT]] [options]",
      help: "the same in a browser's window: log in, chat and send files there",
    },
    {
      arguments: "doctor HOST[:PORT] [options]",
      help: "find out what stands between this machine and a server",
    },
    {
      arguments: "config [--init] [options]",
      help: "show the settings in force; make a config.toml to fill in",
      choices: ["--init"],
    },
    completionsUsage,
  ],
  options: [...clientOptionRows, ...guiOptionRows],
  firstWords: {
    arguments: `completions ${savedServersWord}`,
    what: "saved server",
    after: ["doctor", "gui"],
    option: "--server",
  },
  environment: [
    {
      name: "PARLEY_PASSWORD",
      help: "the password; it is tried once, and no line of the input is one",
    },
    { name: "NO_COLOR", help: "no colour when set" },
    {
      name: "XDG_CONFIG_HOME",
      help: "folder of the folder parley with the files below",
    },
  ],
  files: [
    {
      name: "~/.config/parley/config.toml",
      help: 'settings and saved servers; "parley config --init" makes one',
    },
    {
      name: "~/.config/parley/known_servers",
      help: "the keys of the servers that were met",
    },
  ],
  exitCodes,
  examples: [
    {
      command: "parley chat.example.org",
      help: "connect; user name and password are asked",
    },
    {
      command:
        "parley chat.example.org --user yoda --exec '/msgto leia the backup is done'",
      help: "send a message from a script (password in PARLEY_PASSWORD)",
    },
    {
      command:
        "printf '/msgto leia one\\n/msgto leia two\\n' | parley chat.example.org --user yoda",
      help: "several commands",
    },
    {
      command:
        "parley chat.example.org --user yoda --json --exec /activeuser | grep activeuser",
      help: "for programs",
    },
    {
      command: "parley gui",
      help: "in a browser's window; server and user are asked there",
    },
    {
      command: "parley doctor chat.example.org",
      help: "when something does not work",
    },
    {
      command: "parley config --init",
      help: "settings to fill in, such as [servers.home]",
    },
    { command: "parley home --user yoda", help: "connect to a saved server" },
    {
      command: "parley completions bash > parley.bash",
      help: "then: source parley.bash",
    },
  ],
  sections: [{
    title: "COMMANDS",
    rows: commandTable.map(({ usage, summary, details, example }) => ({
      name: usage,
      help: [`${summary}.`, details, `Example: ${example}`]
        .filter((text) => text !== "").join(" "),
    })),
  }],
};
