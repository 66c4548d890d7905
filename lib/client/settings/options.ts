/** The command line of the client, with environment and configuration. */
import { nearestWord } from "../../base/nearest_word.ts";
import {
  type CommandLine,
  lastSwitch,
  lastValue,
  parseCommandLine,
  parseInteger,
  parseNonEmpty,
  type StartRequest,
  startRequest,
  UsageError,
} from "../../cli/command_line.ts";
import { parseRate, rateProblem } from "../../base/format.ts";
import { type HostPort, parseHostPort } from "../../cli/host_port.ts";
import { isFingerprint } from "../../security/is_fingerprint.ts";
import { isDeviceName, isUserName } from "../../wire/names.ts";
import { renderHelp } from "../../cli/program_page.ts";
import { clientPage } from "./page.ts";
import { clientOptionRows, type SettingRow, settingRows } from "./settings.ts";
import type { ClientConfig } from "./config_file.ts";
import { serverLabel } from "../trust/server_pins.ts";
import { protocolVersion, version } from "../../base/version.ts";
import { homePath } from "../../base/home_path.ts";

/** What becomes of incoming files and private sessions. */
export type AcceptMode = "always" | "ask" | "never";

/** What the client is started with. */
export interface ClientOptions {
  /** The server's host name or address. */
  readonly host: string;
  /** The server's port. */
  readonly port: number;
  /** Where else it is, when the first is out of reach; absent for nowhere. */
  readonly others?: readonly Required<HostPort>[];
  /** The server's name in the configuration, when it has one. */
  readonly server?: string;
  /** What to say when the host's name cannot be found. */
  readonly hostHint?: string;
  /** Fingerprint of the server's key; absent to take the one it has shown first. */
  readonly pin?: string;
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
  /** Be there for others while these run. */
  readonly receive: boolean;
  /** Print JSON instead of text. */
  readonly json: boolean;
  /** No TLS. */
  readonly plain: boolean;
  /** Server to forget instead of connecting, as `serverLabel` writes it. */
  readonly forget?: string;
  /** Path of the identity key; in the configuration folder when absent. */
  readonly identity?: string;
  /** End the session that is in the way of the login. */
  readonly takeOver: boolean;
  /** Name of the device to be; absent for the one that is free. */
  readonly device?: string;
  /** False when colour was declined; a terminal is needed for it as well. */
  readonly color: boolean;
  /** Ring the bell when somebody writes to the user. */
  readonly notify: boolean;
  /** Show the time of each message. */
  readonly timestamps: boolean;
  /** Leave out welcome, goodbye, and who comes and goes. */
  readonly quiet: boolean;
  /** Never redraw the screen. */
  readonly plainUi: boolean;
}

/** What the configuration says, or in one line why it cannot be used. */
export type ConfigSource =
  | { readonly config?: ClientConfig }
  | { readonly problem: string };

/**
 * Reads the client's command line, without the program's name.
 *
 * @param env Looks up an environment variable.
 */
export function parseClientOptions(
  args: readonly string[],
  env: (name: string) => string | undefined,
  source: ConfigSource = {},
): StartRequest<ClientOptions> {
  return startRequest(() => {
    const line = parseCommandLine(args, clientOptionRows, argumentNames);
    if (line.options.has("--help")) {
      return { kind: "help", text: renderHelp(clientPage) };
    }
    if (line.options.has("--version")) {
      const text = `parley ${version} (protocol ${protocolVersion})`;
      return { kind: "version", text };
    }
    const settings = findSettings(line, env, source);
    return { kind: "run", options: readOptions(line, env, settings) };
  });
}

/**
 * The settings that are in force with this command line.
 *
 * @throws {UsageError} when the configuration cannot be used.
 */
export function findSettings(
  line: CommandLine,
  env: (name: string) => string | undefined,
  source: ConfigSource,
): ClientSettings {
  if ("problem" in source) throw new UsageError(source.problem);
  const { config } = source;
  return { config, values: new SettingValues(line, env, config) };
}

/** Settings and the configuration that some of them come from. */
export interface ClientSettings {
  readonly config: ClientConfig | undefined;
  readonly values: SettingValues;
}

/** @throws {UsageError} when a value is not what it must be. */
export function readOptions(
  line: CommandLine,
  env: (name: string) => string | undefined,
  { config, values }: ClientSettings,
): ClientOptions {
  // Checked even when an option wins over it.
  const [first = "", second, udpPort] = line.positionals;
  if (second !== undefined) checkPort(first, second);
  if (udpPort !== undefined) udpPortNumber("UDP_PORT", udpPort);
  const optional = <T>(key: string, parse: Parse<T>) => {
    const value = values.find(key);
    return value.text === undefined ? undefined : read(value, parse);
  };
  const needed = <T>(key: string, parse: Parse<T>) =>
    read(values.find(key), parse);
  const { server } = values;
  const named = server === undefined
    ? needed("server", parseServer)
    // The name of a saved server need not be a host's.
    : { host: server };
  const hosts = optional("hosts", parseHosts) ?? [];
  const isNamed = server === undefined &&
    values.find("server").origin !== "default";
  const place = optional("host", parseHostPort) ??
    (isNamed ? named : hosts[0] ?? named);
  const { host } = place;
  const port = portOf(place, needed("port", portNumber), values);
  const others = hosts.map((each) => ({ port, ...each }))
    .filter((each) => each.host !== host || each.port !== port);
  const pin = optional("pin", parsePin);
  const user = optional("user", parseUser);
  const passwordFile = optional("password-file", parsePath);
  const password = passwordFile === undefined
    ? env("PARLEY_PASSWORD")
    : undefined;
  const accept = optional("accept", parseAccept);
  const exec = line.options.get("--exec") ?? [];
  for (const command of exec) parseNonEmpty("--exec", command, "a command");
  const forget = lastValue(line, "--forget");
  const identity = optional("identity", parsePath);
  const device = optional("device", parseDevice);
  const hostHint = server === undefined ? hintFor(host, config) : undefined;
  return {
    host,
    port,
    ...others.length > 0 && { others },
    ...server !== undefined && { server },
    ...hostHint !== undefined && { hostHint },
    ...pin !== undefined && { pin },
    ...user !== undefined && { user },
    ...password !== undefined && { password },
    ...passwordFile !== undefined && { passwordFile },
    udpPort: needed("udp-port", udpPortNumber),
    downloadDir: needed("download-dir", parseFolder),
    ...accept !== undefined && { accept },
    limit: needed("limit", parseLimit),
    exec,
    receive: parseReceive(line, exec),
    takeOver: line.options.has("--take-over"),
    json: line.options.has("--json"),
    plain: values.isOn("plain"),
    ...forget !== undefined && { forget: parseForget(forget) },
    ...identity !== undefined && { identity },
    ...device !== undefined && { device },
    color: values.isOn("color"),
    notify: values.isOn("notify"),
    timestamps: values.isOn("timestamps"),
    quiet: values.isOn("quiet"),
    plainUi: values.isOn("plain-ui"),
  };
}

/**
 * The port in force: the one behind the host, unless one is given in a place
 * that counts more.
 */
function portOf(
  place: HostPort,
  port: number,
  values: SettingValues,
): number {
  if (place.port === undefined || place.port === port) return port;
  const from = ["host", "hosts", "server"].map((key) => values.find(key))
    .find(({ text }) => text !== undefined) ?? values.find("server");
  const given = values.find("port");
  const ranks: SettingOrigin[] = ["default", "file", "environment", "flag"];
  const more = ranks.indexOf(given.origin) - ranks.indexOf(from.origin);
  if (more === 0) {
    throw new UsageError(
      `${from.name} "${from.text}" names another port than ` +
        `${given.name}, which is ${port}`,
    );
  }
  return more > 0 ? port : place.port;
}

/** Machines of one server. */
const mostHosts = 16;

/** Words that are no servers when they come first. */
const clientCommands = ["gui", "doctor", "config", "completions"];

type Parse<T> = (name: string, text: string) => T;

/** Checks a value; what is wrong with it is told with the place it stands in. */
function read<T>({ name, text = "", place }: SettingValue, parse: Parse<T>): T {
  try {
    return parse(name, text);
  } catch (error) {
    if (!(error instanceof UsageError) || place === undefined) throw error;
    throw new UsageError(`${place}: ${error.message}`);
  }
}

/** What to say of a plain word that is no saved server, should it be no host. */
function hintFor(
  host: string,
  config: ClientConfig | undefined,
): string | undefined {
  if (/[.:]/.test(host)) return undefined;
  const nearest = nearestWord(host, config?.servers.keys() ?? []);
  const command = /^help$/i.test(host)
    ? "--help"
    : nearestWord(host, clientCommands);
  if (nearest === undefined && command !== undefined) {
    return `there is neither a command nor a host "${host}"; did you mean "parley ${command}"?`;
  }
  if (nearest === undefined) return undefined;
  return `there is neither a saved server nor a host "${host}"; did you mean "${nearest}"?`;
}

/** What is no port may be what a mistyped command was to work on. */
function checkPort(host: string, port: string): void {
  const command = nearestWord(host, clientCommands);
  if (command !== undefined && !/^-?\d/.test(port)) {
    throw new UsageError(
      `there is no command "${host}"; did you mean "parley ${command}"?`,
    );
  }
  portNumber("SERVER_PORT", port);
}

function portNumber(name: string, text: string): number {
  return parseInteger(name, text, 1, 65535);
}

function udpPortNumber(name: string, text: string): number {
  return parseInteger(name, text, 0, 65535);
}

/** Who writes more than the place of the server reads what to write. */
function parseServer(name: string, text: string): HostPort {
  const [, before = "", place = ""] =
    /^((?:[a-z]+:\/\/)?(?:[^@/]*@)?)([^@/]+)\/?$/i.exec(text) ?? [];
  if (place === text || place === "") return parseHostPort(name, text);
  parseHostPort(name, place);
  const [user = ""] = /[^/:@]+(?=(?::[^/]*)?@)/.exec(before) ?? [];
  const more = isUserName(user) ? ` --user ${user}` : "";
  throw new UsageError(`invalid ${name} "${text}": write ${place}${more}`);
}

function parseHosts(name: string, text: string): HostPort[] {
  const hosts = text.split(",");
  if (hosts.length > mostHosts) {
    throw new UsageError(`too many ${name}: at most ${mostHosts}`);
  }
  return hosts.map((host) => parseHostPort(name, host.trim()));
}

function parseUser(name: string, text: string): string {
  if (isUserName(text)) return text;
  throw new UsageError(
    `invalid ${name} "${text}": must be 1 to 32 of A-Z a-z 0-9 . _ -`,
  );
}

function parseDevice(name: string, text: string): string {
  if (isDeviceName(text)) return text;
  throw new UsageError(
    `invalid ${name} "${text}": must be 1 to 32 characters, without @ and without blanks at its ends`,
  );
}

function parsePath(name: string, text: string): string {
  return parseNonEmpty(name, text, "the path of a file");
}

function parseFolder(name: string, text: string): string {
  return parseNonEmpty(name, text, "a folder");
}

function parsePin(name: string, text: string): string {
  if (isFingerprint(text)) return text;
  throw new UsageError(
    `invalid ${name} "${text}": must be SHA256:… as the server prints it at its start`,
  );
}

function parseLimit(name: string, text: string): number {
  const rate = parseRate(text);
  if (rate !== undefined) return rate;
  throw new UsageError(rateProblem(name, text));
}

function parseAccept(name: string, text: string): AcceptMode {
  if (text === "always" || text === "ask" || text === "never") return text;
  throw new UsageError(
    `invalid ${name} "${text}": must be always, ask or never`,
  );
}

function parseReceive(line: CommandLine, exec: readonly string[]): boolean {
  if (!line.options.has("--receive")) return false;
  if (exec.length > 0) return true;
  throw new UsageError("--receive is for --exec; without it all is received");
}

function parseForget(text: string): string {
  const { host, port } = parseHostPort("--forget", text);
  return serverLabel(host, port ?? Number(defaultPort));
}

// The settings in force: for each one the option of the command line, or else
// the environment, the saved server, the rest of the configuration, the default.

/** Where a value comes from. */
export type SettingOrigin = "flag" | "environment" | "file" | "default";

/** A setting in force. */
export interface SettingValue {
  readonly row: SettingRow;
  /** Of a switch `true` or `false`; `undefined` without value and default. */
  readonly text: string | undefined;
  readonly origin: SettingOrigin;
  /** What said so, such as `--port`, or a key of the configuration. */
  readonly name: string;
  /** The configuration and the line in it; absent for other origins. */
  readonly place?: string;
}

/** Finds what is in force. */
export class SettingValues {
  readonly #line: CommandLine;
  readonly #env: (name: string) => string | undefined;
  readonly #config: ClientConfig | undefined;
  /** The server's name in the configuration, when it has one. */
  readonly server: string | undefined;

  /**
   * @param line Its positional arguments are server, port and UDP port.
   * @param env Looks up an environment variable.
   */
  constructor(
    line: CommandLine,
    env: (name: string) => string | undefined,
    config: ClientConfig | undefined,
  ) {
    this.#line = line;
    this.#env = env;
    this.#config = config;
    const { text } = this.find("server");
    const isSaved = text !== undefined && config?.servers.has(text);
    this.server = isSaved ? text : undefined;
  }

  /** The setting with this key. */
  find(key: string): SettingValue {
    const row = settingRows.find((row) => row.key === key);
    if (row === undefined) throw new RangeError(`no setting ${key}`);
    const value = this.#ofFlag(row) ?? this.#ofEnvironment(row) ??
      this.#ofFile(row) ?? { row, ...this.#standard(row) };
    const isPath = row.value === "FILE" || row.value === "FOLDER";
    return isPath && value.text !== undefined
      ? { ...value, text: this.#underHome(value.text) }
      : value;
  }

  /** Everything, in the order of the table. */
  all(): SettingValue[] {
    return settingRows.map((row) => this.find(row.key));
  }

  /** What is in force for a switch. */
  isOn(key: string): boolean {
    return this.find(key).text === "true";
  }

  #ofFlag(row: SettingRow): SettingValue | undefined {
    const { name, type } = row;
    const flag = type === "boolean"
      ? lastSwitch(this.#line, name)?.toString()
      : lastValue(this.#line, name);
    if (flag !== undefined) {
      return { row, text: flag, origin: "flag", name };
    }
    const place = argumentKeys.indexOf(row.key);
    const text = place < 0 ? undefined : this.#line.positionals[place];
    const argument = argumentNames[place];
    if (text === undefined || argument === undefined) return undefined;
    return { row, text, origin: "flag", name: argument };
  }

  #ofEnvironment(row: SettingRow): SettingValue | undefined {
    const origin = "environment";
    // https://no-color.org: any value but the empty one.
    if (row.key === "color" && this.#env("NO_COLOR")) {
      return { row, text: "false", origin, name: "NO_COLOR" };
    }
    const name = row.environment;
    const text = name === undefined ? undefined : this.#env(name);
    // An empty variable is as good as none.
    if (name === undefined || !text) return undefined;
    return { row, text, origin, name };
  }

  #ofFile(row: SettingRow): SettingValue | undefined {
    const config = this.#config;
    if (config === undefined) return undefined;
    const ofServer = this.server === undefined
      ? undefined
      : config.servers.get(this.server);
    const value = ofServer?.get(row.key) ?? config.settings.get(row.key);
    if (value === undefined) return undefined;
    const place = `${config.path}, line ${value.line}`;
    return { row, text: value.text, origin: "file", name: row.key, place };
  }

  #standard(
    row: SettingRow,
  ): Pick<SettingValue, "text" | "origin" | "name"> {
    return { text: standards[row.key], origin: "default", name: row.name };
  }

  /** What a shell does with `~/` where it is a word of its own. */
  #underHome(path: string): string {
    return homePath(path, this.#env("HOME") || this.#env("USERPROFILE"));
  }
}

/** The positional arguments, with the settings they are. */
export const argumentNames = ["SERVER_HOST", "SERVER_PORT", "UDP_PORT"];
const argumentKeys = ["server", "port", "udp-port"];

/** The port where none is named. */
export const defaultPort = "6000";

/** Values where nothing is said; the table holds them for people. */
const standards: Record<string, string | undefined> = {
  server: "127.0.0.1",
  port: defaultPort,
  plain: "false",
  "udp-port": "0",
  "download-dir": ".",
  limit: "off",
  color: "true",
  notify: "true",
  timestamps: "true",
  quiet: "false",
  "plain-ui": "false",
};
