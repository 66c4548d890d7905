/** The command line of the client (SPEC.md §1). */
import {
  describeOptions,
  type IntegerSetting,
  integerSetting,
  lastValue,
  type OptionRow,
  parseCommandLine,
  parseHost,
  parseNonEmpty,
  type StartRequest,
  startRequest,
  UsageError,
} from "../protocol/command_line.ts";
import { leastRate, parseRate } from "../commands/rate.ts";
import { isUserName } from "../protocol/names.ts";
import { parseServerLabel } from "./server_pins.ts";
import { protocolVersion, version } from "../protocol/version.ts";

/** What becomes of incoming files and private sessions. */
export type AcceptMode = "always" | "ask" | "never";

/** What the client is started with. */
export interface ClientOptions {
  /** The server's host name or address. */
  readonly host: string;
  /** The server's port. */
  readonly port: number;
  /** User name; asked when absent. */
  readonly user?: string;
  /** From `PARLEY_PASSWORD`; absent when a password file is given. */
  readonly password?: string;
  /** Path of a file whose first line is the password. */
  readonly passwordFile?: string;
  /** UDP port for transfers; 0 picks a free one. */
  readonly udpPort: number;
  /** Where received files go. */
  readonly downloadDir: string;
  /** Absent: `ask` on a terminal, else `always`. */
  readonly accept?: AcceptMode;
  /** Bytes a second that are sent at most; 0 for no limit. */
  readonly limit: number;
  /** Commands to run instead of reading them; empty for none. */
  readonly exec: readonly string[];
  /** Print JSON instead of text. */
  readonly json: boolean;
  /** No TLS. */
  readonly plain: boolean;
  /** Server to forget instead of connecting, as `serverLabel` writes it. */
  readonly forget?: string;
  /** Path of the identity key; in the configuration folder when absent. */
  readonly identity?: string;
  /** False when colour was declined; a terminal is needed for it as well. */
  readonly color: boolean;
}

/**
 * Reads the client's command line, without the program's name.
 *
 * @param env Looks up an environment variable.
 */
export function parseClientOptions(
  args: readonly string[],
  env: (name: string) => string | undefined,
): StartRequest<ClientOptions> {
  return startRequest(() => {
    const line = parseCommandLine(
      args,
      rows,
      ["SERVER_HOST", "SERVER_PORT", "UDP_PORT"],
    );
    if (line.options.has("--help")) return { kind: "help", text: helpText };
    if (line.options.has("--version")) {
      const text = `parley ${version} (protocol ${protocolVersion})`;
      return { kind: "version", text };
    }
    const value = (name: string) => lastValue(line, name);
    // Checked even when the option wins over it.
    const host = parseHost("SERVER_HOST", line.positionals[0] ?? "127.0.0.1");
    const user = value("--user");
    if (user !== undefined && !isUserName(user)) {
      throw new UsageError(
        `invalid --user "${user}": must be 1 to 32 of A-Z a-z 0-9 . _ -`,
      );
    }
    const passwordFile = value("--password-file");
    if (passwordFile !== undefined) {
      parseNonEmpty("--password-file", passwordFile, "the path of a file");
    }
    const password = passwordFile === undefined
      ? env("PARLEY_PASSWORD")
      : undefined;
    const accept = value("--accept");
    const exec = line.options.get("--exec") ?? [];
    for (const command of exec) parseNonEmpty("--exec", command, "a command");
    const forget = value("--forget");
    const identity = value("--identity");
    const options: ClientOptions = {
      host: parseHost("--host", value("--host") ?? host),
      port: integerSetting(line, portSetting),
      ...user !== undefined && { user },
      ...password !== undefined && { password },
      ...passwordFile !== undefined && { passwordFile },
      udpPort: integerSetting(line, udpPortSetting),
      downloadDir: parseNonEmpty(
        "--download-dir",
        value("--download-dir") ?? ".",
        "a folder",
      ),
      ...accept !== undefined && { accept: parseAccept(accept) },
      limit: parseLimit(value("--limit") ?? "off"),
      exec,
      json: line.options.has("--json"),
      plain: line.options.has("--plain"),
      ...forget !== undefined && { forget: parseForget(forget) },
      ...identity !== undefined && {
        identity: parseNonEmpty("--identity", identity, "the path of a file"),
      },
      // https://no-color.org: any value but the empty one.
      color: !line.options.has("--no-color") && !env("NO_COLOR"),
    };
    return { kind: "run", options };
  });
}

function parseLimit(text: string): number {
  const rate = parseRate(text);
  if (rate !== undefined) return rate;
  throw new UsageError(
    `invalid --limit "${text}": must be bytes a second from ${leastRate}, such as 500k or 2M, or off`,
  );
}

function parseAccept(text: string): AcceptMode {
  if (text === "always" || text === "ask" || text === "never") return text;
  throw new UsageError(
    `invalid --accept "${text}": must be always, ask or never`,
  );
}

function parseForget(text: string): string {
  const label = parseServerLabel(text);
  if (label !== undefined) return label;
  throw new UsageError(
    `invalid --forget "${text}": must be HOST:PORT as in the message about the changed key`,
  );
}

const portSetting: IntegerSetting = {
  option: "--port",
  argument: "SERVER_PORT",
  place: 1,
  min: 1,
  max: 65535,
  standard: 6000,
};
const udpPortSetting: IntegerSetting = {
  option: "--udp-port",
  argument: "UDP_PORT",
  place: 2,
  min: 0,
  max: 65535,
  standard: 0,
};

const rows: readonly OptionRow[] = [
  {
    name: "--host",
    value: "HOST",
    help: "the server's host name or address",
    default: "127.0.0.1",
  },
  {
    name: "--port",
    value: "PORT",
    help: "the server's port",
    default: "6000",
  },
  {
    name: "--user",
    value: "NAME",
    help: "user name; asked when not given",
  },
  {
    name: "--password-file",
    value: "FILE",
    help: "its first line is the password; asked when not given",
  },
  {
    name: "--udp-port",
    value: "PORT",
    help: "UDP port for peer-to-peer transfers; 0 = any free one",
    default: "0",
  },
  {
    name: "--download-dir",
    value: "FOLDER",
    help: "where received files go",
    default: ".",
  },
  {
    name: "--accept",
    value: "MODE",
    help: "files and private sessions: always, ask or never",
    default: "ask on a terminal, else always",
  },
  {
    name: "--limit",
    value: "RATE",
    help: "send at most so many bytes a second, as 500k or 2M",
    default: "off",
  },
  {
    name: "--exec",
    value: "COMMAND",
    help: "run a command, log out and exit; may be repeated",
  },
  {
    name: "--json",
    help: "print every event and reply as one JSON object per line",
  },
  { name: "--plain", help: "connect without TLS (trusted networks)" },
  {
    name: "--forget",
    value: "HOST:PORT",
    help: "forget that server's key, so that its next one is accepted; exits",
  },
  {
    name: "--identity",
    value: "FILE",
    help: "sign with this key, such as a copy of another machine's",
    default: "identity.pem in the configuration folder",
  },
  { name: "--no-color", help: "no colour" },
  { name: "--help", help: "show this" },
  { name: "--version", help: "show the version" },
];

const helpText = `Parley ${version}, a client for the terminal

Usage:
  parley [SERVER_HOST] [SERVER_PORT] [UDP_PORT] [options]

Options (an option wins over the argument of the same meaning):
${describeOptions(rows)}

Environment:
  PARLEY_PASSWORD  the password, where it cannot be asked
  NO_COLOR         no colour when set

Without a terminal, commands are read from standard input, one a line.

Exit codes: 0 after a clean logout, 1 when the server cannot be reached, the
login fails or a command of --exec fails, 2 for a wrong command line.`;
