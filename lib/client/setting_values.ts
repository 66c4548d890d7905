/**
 * The settings in force: for each one the option of the command line, or else
 * the environment, the saved server, the rest of the configuration, the default.
 */
import {
  type CommandLine,
  lastSwitch,
  lastValue,
} from "../protocol/command_line.ts";
import { type SettingRow, settingRows } from "./client_settings.ts";
import { homePath } from "../protocol/home_path.ts";
import type { ClientConfig } from "./config_file.ts";

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
