/** The command line of the server. */
import { bracketed } from "../../base/ip_address.ts";
import {
  type CommandLine,
  integerRows,
  integerValues,
  lastValue,
  type OptionRow,
  parseCommandLine,
  parseInteger,
  parseNonEmpty,
  type StartRequest,
  startRequest,
  UsageError,
} from "../../cli/command_line.ts";
import { limits } from "../../wire/limits.ts";
import { homePath } from "../../base/home_path.ts";
import { parseHostPort } from "../../cli/host_port.ts";
import { nearestWord } from "../../base/nearest_word.ts";
import { renderHelp } from "../../cli/program_page.ts";
import { serverLogLevels } from "../logs/server_log.ts";
import type { ServerLogLevel } from "../model/actions.ts";
import { protocolVersion, version } from "../../base/version.ts";
import {
  defaultCredentials,
  defaultDataDir,
} from "../accounts/default_paths.ts";
import { credentialsOptionRow } from "../accounts/user_option_rows.ts";
import {
  databaseOptionRow,
  parseDatabaseOption,
} from "../store/postgres/database_option.ts";
import { natsOptionRow, parseNatsOption } from "../cluster/nats_option.ts";
import { serverPage } from "./page.ts";

/** The limits that an administrator sets; 0 for none. */
export interface LimitOptions {
  /** Requests of one user in a second. */
  readonly messageRate: number;
  /** Messages that one user adds to the history in a day. */
  readonly historyQuota: number;
  /** Private messages that wait for one user. */
  readonly mailboxQuota: number;
  /** Failed logins of one address in a minute. */
  readonly addressFailures: number;
  /** Connections of one address that are not logged in, at least 1. */
  readonly addressConnections: number;
}

/** What the server is started with. */
export interface ServerOptions {
  /** Address to listen on. */
  readonly host: string;
  /** TCP and UDP; 0 picks a free one. */
  readonly port: number;
  /** Consecutive failed logins before an account is locked, 1–5. */
  readonly attempts: number;
  /** How long it stays locked, seconds. */
  readonly blockDuration: number;
  /** Seconds without a command before a client is logged out; 0 = never. */
  readonly idleTimeout: number;
  /** Sessions that one user has at once, 1–32. */
  readonly sessions: number;
  /** Days that delivered messages are kept; 0 = for ever. */
  readonly keepDays: number;
  /** Path of the accounts. */
  readonly credentials: string;
  /** Folder of logs and database. */
  readonly dataDir: string;
  /** URL of a database in PostgreSQL, or path of a file with that. */
  readonly database?: string;
  /** One of several nodes with this database; absent for a server alone. */
  readonly cluster?: ClusterOptions;
  /** Megabytes a day that are relayed for each user; 0 for none. */
  readonly relayQuota: number;
  readonly limits: LimitOptions;
  /** No TLS. */
  readonly plain: boolean;
  /** PEM files to use in the place of the generated certificate. */
  readonly tls?: { readonly cert: string; readonly key: string };
  /** Demo accounts may log in from other machines. */
  readonly allowDemo: boolean;
  /** The server's own log. */
  readonly log: LogOptions;
  /** Where `/healthz` and `/metrics` are; absent when they are not wanted. */
  readonly metrics?: { readonly host: string; readonly port: number };
}

/** What a node of a cluster is started with. */
export interface ClusterOptions {
  /** Its name; the machine's when absent. */
  readonly node?: string;
  /** Addresses of NATS, or path of a file with that: all nodes take clients. */
  readonly nats?: string;
  /** Name or IP address at which clients of other nodes reach this one. */
  readonly advertise?: string;
}

/** What is written of the server's doings, and where to. */
export interface LogOptions {
  readonly level: ServerLogLevel;
  /** Path of a file; standard output when absent. */
  readonly file?: string;
  /** Bytes after which a new file is begun. */
  readonly maxBytes: number;
  /** Age after which a new file is begun, ms; 0 = never. */
  readonly maxAgeMs: number;
  /** Old files that are kept. */
  readonly keep: number;
}

/**
 * Reads the server's command line, without the program's name.
 *
 * @param home The home folder, for paths that begin with `~/`.
 */
export function parseServerOptions(
  args: readonly string[],
  home?: string,
): StartRequest<ServerOptions> {
  return startRequest(() => {
    const line = parseServerLine(args);
    if (line.options.has("--help")) {
      return {
        kind: "help",
        text: renderHelp(serverPage(serverOptionRows)),
      };
    }
    if (line.options.has("--version")) {
      const text = `parley-server ${version} (protocol ${protocolVersion})`;
      return { kind: "version", text };
    }
    const path = (name: string, standard: string, what: string) =>
      readPath(line, home, name, what) ?? standard;
    const plain = line.options.has("--plain");
    const tls = tlsFiles(line, home);
    const database = lastValue(line, databaseOptionRow.name);
    if (plain && tls !== undefined) {
      throw new UsageError("--plain and --tls-cert cannot be used together");
    }
    const options: ServerOptions = {
      ...listeningPlace(line),
      ...integerValues(line, numberRows),
      credentials: path(
        "--credentials",
        defaultCredentials,
        "the path of a file",
      ),
      dataDir: path("--data-dir", defaultDataDir, "the path of a folder"),
      ...database !== undefined && {
        database: parseDatabaseOption(database, home),
      },
      ...clusterOptions(line, home),
      limits: integerValues(line, limitRows),
      plain,
      ...tls !== undefined && { tls },
      allowDemo: line.options.has("--allow-demo"),
      log: logOptions(line, home),
      ...metricsOptions(line),
    };
    return { kind: "run", options };
  });
}

/**
 * What to type to reach a server with these options: on this machine, and on
 * others when it listens for those.
 *
 * @param elsewhere An address by which others reach this machine, if one is known.
 */
export function loginText(
  { host, plain }: Pick<ServerOptions, "host" | "plain">,
  port: number,
  user: string,
  elsewhere?: string,
): string {
  const isAny = host === "0.0.0.0" || host === "::";
  const near = bracketed(!isAny ? host : host === "::" ? "::1" : "127.0.0.1");
  const end = port === portRows.port.standard ? "" : `:${port}`;
  const bare = plain ? " --plain" : "";
  const here = `Log in with: parley ${near}${end} --user ${user}${bare} ` +
    `(in a browser: parley gui ${near}${end}${bare})\n`;
  if (!isAny) return here;
  const there = elsewhere === undefined
    ? "this machine's name or address"
    : bracketed(elsewhere);
  return `${here}On other machines write ${there} in place of ${near}\n`;
}

/** The path that an option names, if it is given. */
function readPath(
  line: CommandLine,
  home: string | undefined,
  name: string,
  what: string,
): string | undefined {
  const path = lastValue(line, name);
  if (path === undefined) return undefined;
  return homePath(parseNonEmpty(name, path, what), home);
}

/** A port behind the host is as good as one of its own. */
function listeningPlace(
  line: CommandLine,
): Pick<ServerOptions, "host" | "port"> {
  checkFirstWord(line.positionals[0]);
  const text = lastValue(line, "--host") ?? defaultHost;
  const given = parseHostPort("--host", text, 0);
  const { port } = integerValues(line, portRows);
  const isGiven = line.options.has("--port") || line.positionals.length > 0;
  if (isGiven && given.port !== undefined && given.port !== port) {
    throw new UsageError(
      `--host "${text}" names another port than ${port}, which is given too`,
    );
  }
  return { host: given.host, port: isGiven ? port : given.port ?? port };
}

/** A slip in a command is blamed before anything that is behind it. */
function parseServerLine(args: readonly string[]): CommandLine {
  checkFirstWord(args[0]);
  const words: string[] = [];
  try {
    const names = ["PORT", "ATTEMPTS"];
    return parseCommandLine(args, serverOptionRows, names, words);
  } catch (error) {
    checkFirstWord(words[0]);
    throw error;
  }
}

/** A word in the place of the port may be a command with a slip in it. */
function checkFirstWord(word: string | undefined): void {
  const nearest = nearestWord(word ?? "", serverCommands);
  if (nearest === undefined) {
    if (!/^[a-z]{2,}$/i.test(word ?? "")) return;
    throw new UsageError(
      `there is no command "${word}": without one the server runs; --help ` +
        "lists all",
    );
  }
  if (nearest === word) {
    throw new UsageError(`"${word}" must come first: parley-server ${word}`);
  }
  throw new UsageError(
    `there is no command "${word}": did you mean ${nearest}? --help lists all`,
  );
}

function logOptions(
  line: CommandLine,
  home: string | undefined,
): LogOptions {
  const file = readPath(line, home, "--log-file", "the path of a file");
  const { megabytes, days, keep } = integerValues(line, logRows);
  return {
    level: logLevel(lastValue(line, "--log-level") ?? defaultLogLevel),
    ...file !== undefined && { file },
    maxBytes: megabytes * 1_000_000,
    maxAgeMs: days * 86_400_000,
    keep,
  };
}

function logLevel(text: string): ServerLogLevel {
  const level = serverLogLevels.find((each) => each === text) ??
    (text === "warn" ? "warning" : undefined);
  if (level !== undefined) return level;
  throw new UsageError(
    `invalid --log-level "${text}": must be ${serverLogLevels.join(", ")}`,
  );
}

function metricsOptions(line: CommandLine): Pick<ServerOptions, "metrics"> {
  const text = lastValue(line, "--metrics-host") ?? defaultMetricsHost;
  const { host, port: itsPort } = parseHostPort("--metrics-host", text, 0);
  const given = lastValue(line, "--metrics-port");
  const port = given === undefined
    ? itsPort
    : parseInteger("--metrics-port", given, 0, 65535);
  if (port === undefined) return {};
  if (itsPort !== undefined && itsPort !== port) {
    throw new UsageError(
      `--metrics-host "${text}" names another port than --metrics-port`,
    );
  }
  return { metrics: { host, port } };
}

function clusterOptions(
  line: CommandLine,
  home: string | undefined,
): Pick<ServerOptions, "cluster"> {
  const node = lastValue(line, "--node");
  const given = lastValue(line, natsOptionRow.name);
  if (!line.options.has("--cluster")) {
    for (const name of ["--node", natsOptionRow.name, "--advertise"]) {
      if (!line.options.has(name)) continue;
      throw new UsageError(`${name} needs --cluster`);
    }
    return {};
  }
  if (!line.options.has(databaseOptionRow.name)) {
    throw new UsageError("--cluster needs --database");
  }
  const advertise = lastValue(line, "--advertise");
  if (advertise !== undefined && given === undefined) {
    throw new UsageError("--advertise needs --nats");
  }
  const cluster = {
    ...node !== undefined && { node },
    ...given !== undefined && { nats: parseNatsOption(given, home) },
    ...advertise !== undefined && {
      advertise: parseNonEmpty(
        "--advertise",
        advertise,
        "a name or IP address",
      ),
    },
  };
  if (node === undefined || /^[A-Za-z0-9._-]{1,63}$/.test(node)) {
    return { cluster };
  }
  throw new UsageError(
    `invalid --node "${node}": must be 1 to 63 letters, digits, ".", "_", "-"`,
  );
}

function tlsFiles(
  line: CommandLine,
  home: string | undefined,
): ServerOptions["tls"] {
  const [cert, key] = ["--tls-cert", "--tls-key"].map((name) =>
    readPath(line, home, name, "the path of a PEM file")
  );
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined) throw new UsageError("--tls-key needs --tls-cert");
  return { cert, key: key ?? cert };
}

/** What may stand first in the place of the port. */
const serverCommands = ["user", "check", "status", "migrate", "completions"];

const defaultHost = "0.0.0.0";
const defaultMetricsHost = "127.0.0.1";
const defaultLogLevel: ServerLogLevel = "info";

const portRows = integerRows({
  port: {
    name: "--port",
    argument: "PORT",
    place: 0,
    value: "PORT",
    help: "TCP port, and UDP port for rendezvous; 0 = any free one",
    min: 0,
    max: 65535,
    standard: 6000,
  },
});

/** A year, in seconds. */
const longest = 31_536_000;
const numberRows = integerRows({
  attempts: {
    name: "--attempts",
    argument: "ATTEMPTS",
    place: 1,
    value: "N",
    help: "consecutive failed logins before an account is locked, 1 to 5",
    min: 1,
    max: 5,
    standard: 3,
  },
  blockDuration: {
    name: "--block-duration",
    value: "SECONDS",
    help: "how long an account stays locked",
    min: 1,
    max: longest,
    standard: 10,
  },
  idleTimeout: {
    name: "--idle-timeout",
    value: "SECONDS",
    help: "log out who sends no command for this long; 0 = never",
    min: 0,
    max: longest,
    standard: 0,
  },
  sessions: {
    name: "--sessions",
    value: "N",
    help: "devices that a user may be logged in from at once, 1 to 32",
    min: 1,
    max: 32,
    standard: limits.sessionsPerUser,
  },
  keepDays: {
    name: "--keep-days",
    value: "DAYS",
    help: "remove messages delivered longer ago than this; 0 = never",
    min: 0,
    max: 36_500,
    standard: 365,
  },
  relayQuota: {
    name: "--relay-quota",
    value: "MB",
    help:
      "how much is relayed a day for a user without a direct path; 0 = none",
    min: 0,
    max: 1_000_000_000,
    standard: limits.relayMegabytesPerDay,
  },
});

const most = 1_000_000;
/** Limits of the limit table. */
const limitRows = integerRows({
  messageRate: {
    name: "--message-rate",
    value: "N",
    help: "messages a second that a user may go on sending; 0 = any",
    min: 0,
    max: most,
    standard: limits.messageRate,
  },
  historyQuota: {
    name: "--history-quota",
    value: "N",
    help: "messages a day that a user may send; 0 = any",
    min: 0,
    max: 1_000_000_000,
    standard: limits.messagesPerDay,
  },
  mailboxQuota: {
    name: "--mailbox-quota",
    value: "N",
    help: "messages that may wait for a user who is offline; 0 = any",
    min: 0,
    max: most,
    standard: limits.mailboxMessages,
  },
  addressFailures: {
    name: "--address-failures",
    value: "N",
    help: "failed logins of one address in a minute; 0 = any",
    min: 0,
    max: most,
    standard: limits.addressFailures,
  },
  addressConnections: {
    name: "--address-connections",
    value: "N",
    help: "connections of one address that are not logged in",
    min: 1,
    max: limits.unauthenticated,
    standard: limits.unauthenticatedPerAddress,
  },
});

const logRows = integerRows({
  megabytes: {
    name: "--log-max-size",
    value: "MB",
    help: "begin a new log file at this size",
    min: 1,
    max: 100_000,
    standard: 10,
  },
  days: {
    name: "--log-max-age",
    value: "DAYS",
    help: "begin a new log file at this age; 0 = never",
    min: 0,
    max: 36_500,
    standard: 30,
  },
  keep: {
    name: "--log-keep",
    value: "N",
    help: "old log files that are kept",
    min: 0,
    max: 1000,
    standard: 5,
  },
});

/** Every option of the server. */
export const serverOptionRows: readonly OptionRow[] = [
  {
    name: "--host",
    value: "ADDRESS",
    help: "address to listen on, IPv4 or IPv6",
    default: defaultHost,
  },
  portRows.port,
  numberRows.attempts,
  numberRows.blockDuration,
  numberRows.idleTimeout,
  numberRows.sessions,
  numberRows.keepDays,
  credentialsOptionRow,
  {
    name: "--data-dir",
    value: "FOLDER",
    help: "logs and database; created when missing",
    default: defaultDataDir,
  },
  databaseOptionRow,
  {
    name: "--cluster",
    help: "be one of several nodes with this database; one at a time serves, " +
      "unless there is --nats",
  },
  {
    name: "--node",
    value: "NAME",
    help: "what this node is called",
    default: "the machine's name",
  },
  natsOptionRow,
  {
    name: "--advertise",
    value: "HOST",
    help: "where clients of other nodes reach this one",
    default: "the address that its own clients come to",
  },
  numberRows.relayQuota,
  ...Object.values(limitRows),
  { name: "--plain", help: "no TLS (trusted networks, debugging)" },
  {
    name: "--tls-cert",
    value: "FILE",
    help: "certificate to use, PEM; a chain starts with it",
    default: "made in the data folder",
  },
  {
    name: "--tls-key",
    value: "FILE",
    help: "its private key, PEM",
    default: "in the file of --tls-cert",
  },
  {
    name: "--allow-demo",
    help: "let the demo accounts log in from other machines too",
  },
  {
    name: "--log-level",
    value: "LEVEL",
    help: "lowest level that is logged: debug, info, warning or error",
    choices: serverLogLevels,
    default: defaultLogLevel,
  },
  {
    name: "--log-file",
    value: "FILE",
    help: "write the server's log there",
    default: "standard output",
  },
  ...Object.values(logRows),
  {
    name: "--metrics-port",
    value: "PORT",
    help: "serve /healthz and /metrics over HTTP there; 0 = any free one",
    default: "off",
  },
  {
    name: "--metrics-host",
    value: "ADDRESS",
    help: "address for the above",
    default: defaultMetricsHost,
  },
  { name: "--help", help: "show this" },
  { name: "--version", help: "show the version" },
];
