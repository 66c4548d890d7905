/**
 * The client's options: one table, from which come the command line, `--help`,
 * the man page, the completions, `config.toml` and `parley config`. A row with a
 * `key` is a setting: it may stand in the configuration as well.
 */
import type { OptionRow } from "../../cli/command_line.ts";

/** An option that the configuration may hold as well. */
export interface SettingRow extends OptionRow {
  /** Its name in `config.toml`. */
  readonly key: string;
  /** What it must be there. */
  readonly type: "string" | "integer" | "boolean" | "list";
  /** A value for the comments of a new `config.toml`, as TOML. */
  readonly sample: string;
  /** Where it may stand: for all servers, for one of them, or both. */
  readonly scope: "all" | "server" | "both";
}

/** The settings, in the order in which they are shown. */
export const settingRows: readonly SettingRow[] = [
  {
    name: "--server",
    value: "NAME",
    help: "the server: its name in config.toml, or its host",
    default: "127.0.0.1",
    environment: "PARLEY_SERVER",
    key: "server",
    type: "string",
    sample: '"home"',
    scope: "all",
  },
  {
    name: "--host",
    value: "HOST",
    help: "the server's host name or address",
    default: "that of --server",
    key: "host",
    type: "string",
    sample: '"chat.example.org"',
    scope: "server",
  },
  {
    name: "--hosts",
    value: "HOST[:PORT],…",
    help: "the machines of a server that has several, tried in turn",
    key: "hosts",
    type: "list",
    sample: '["a.example.org", "b.example.org:6001"]',
    scope: "server",
  },
  {
    name: "--port",
    value: "PORT",
    help: "the server's port",
    default: "6000",
    key: "port",
    type: "integer",
    sample: "6000",
    scope: "server",
  },
  {
    name: "--plain",
    help: "connect without TLS (trusted networks)",
    negatable: true,
    default: "off",
    key: "plain",
    type: "boolean",
    sample: "false",
    scope: "server",
  },
  {
    name: "--pin",
    value: "FINGERPRINT",
    help:
      "the server's key, as it prints it at its start; no other is accepted",
    key: "pin",
    type: "string",
    sample: '"SHA256:5bnvRt5YlY+HLl6ZOrVvtCF6xVpLzC/lUmRDbAbka/Q"',
    scope: "server",
  },
  {
    name: "--user",
    value: "NAME",
    help: "user name; asked when not given",
    environment: "PARLEY_USER",
    key: "user",
    type: "string",
    sample: '"yoda"',
    scope: "both",
  },
  {
    name: "--password-file",
    value: "FILE",
    help: "its first line is the password; asked when not given",
    key: "password-file",
    type: "string",
    sample: '"~/.parley-password"',
    scope: "both",
  },
  {
    name: "--identity",
    value: "FILE",
    help: "sign with this key file, such as a copy of another machine's",
    default: "identity.pem in the configuration folder",
    key: "identity",
    type: "string",
    sample: '"~/keys/identity.pem"',
    scope: "both",
  },
  {
    name: "--device",
    value: "NAME",
    help: "what this client is called among your devices",
    default: "after the machine",
    key: "device",
    type: "string",
    sample: '"laptop"',
    scope: "both",
  },
  {
    name: "--udp-port",
    value: "PORT",
    help: "UDP port for peer-to-peer transfers; 0 = any free one",
    default: "0",
    environment: "PARLEY_UDP_PORT",
    key: "udp-port",
    type: "integer",
    sample: "6001",
    scope: "both",
  },
  {
    name: "--download-dir",
    value: "FOLDER",
    help: "where received files go",
    default: ".",
    environment: "PARLEY_DOWNLOAD_DIR",
    key: "download-dir",
    type: "string",
    sample: '"~/Downloads"',
    scope: "both",
  },
  {
    name: "--accept",
    value: "MODE",
    help: "files and private sessions: always, ask or never",
    default: "ask on a terminal, else always",
    choices: ["always", "ask", "never"],
    environment: "PARLEY_ACCEPT",
    key: "accept",
    type: "string",
    sample: '"ask"',
    scope: "both",
  },
  {
    name: "--limit",
    value: "RATE",
    help: "send at most this many bytes a second, such as 500k or 2M",
    default: "off",
    environment: "PARLEY_LIMIT",
    key: "limit",
    type: "string",
    sample: '"2M"',
    scope: "both",
  },
  {
    name: "--color",
    help: "colour on a terminal; also off when NO_COLOR is set",
    negatable: true,
    default: "on",
    key: "color",
    type: "boolean",
    sample: "true",
    scope: "all",
  },
  {
    name: "--notify",
    help: "ring the terminal's bell when somebody writes to you",
    negatable: true,
    default: "on",
    key: "notify",
    type: "boolean",
    sample: "true",
    scope: "all",
  },
  {
    name: "--timestamps",
    help: "show the time of each message",
    negatable: true,
    default: "on",
    key: "timestamps",
    type: "boolean",
    sample: "true",
    scope: "all",
  },
  {
    name: "--quiet",
    help: "no welcome, no goodbye, nothing of who comes and goes",
    negatable: true,
    default: "off",
    key: "quiet",
    type: "boolean",
    sample: "false",
    scope: "all",
  },
  {
    name: "--plain-ui",
    help: "never redraw the screen, for screen readers and logs",
    negatable: true,
    default: "off, on when TERM=dumb",
    key: "plain-ui",
    type: "boolean",
    sample: "false",
    scope: "all",
  },
];

/** Every option of the client. */
export const clientOptionRows: readonly OptionRow[] = [
  ...settingRows,
  {
    name: "--exec",
    value: "COMMAND",
    help: "run a command, log out and exit; may be repeated",
  },
  {
    name: "--receive",
    help: "with --exec: be online meanwhile, for messages and files",
  },
  {
    name: "--take-over",
    help: "log in even if that ends a session of yours elsewhere",
  },
  {
    name: "--json",
    help: "print every event and reply as one JSON object per line",
  },
  {
    name: "--forget",
    value: "HOST[:PORT]",
    help: "forget that server's key, so that its next one is accepted; exits",
  },
  { name: "--help", help: "show this" },
  { name: "--version", help: "show the version" },
];

/** Of the window's page, where it is free. */
export const usualWindowPort = 6080;

/** What `parley gui` takes besides the client's options. */
export const guiOptionRows: readonly OptionRow[] = [
  {
    name: "--gui-port",
    value: "PORT",
    help: "gui: the page's port on this machine; another when it is taken",
    default: String(usualWindowPort),
  },
  {
    name: "--no-open",
    help: "gui: print the page's address only, and open no browser",
  },
];
