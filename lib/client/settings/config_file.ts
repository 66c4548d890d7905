/**
 * `config.toml`, the client's configuration: its values are checked against the
 * table of settings, and each is kept with the line it stands in, so that an
 * error, or `parley config`, can tell where it comes from.
 */
import { nearestWord } from "../../base/nearest_word.ts";
import { visible } from "../../base/text.ts";
import { type SettingRow, settingRows } from "./settings.ts";

/** A value of the configuration. */
export interface ConfigValue {
  /**
   * As it would be written after its option; of a switch `true` or `false`, of a
   * list its texts with commas between.
   */
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

/** Values by the keys of the settings. */
export type ConfigValues = ReadonlyMap<string, ConfigValue>;

/** What a `config.toml` says. */
export interface ClientConfig {
  /** Where it is. */
  readonly path: string;
  /** For all servers. */
  readonly settings: ConfigValues;
  /** The saved servers by name. */
  readonly servers: ReadonlyMap<string, ConfigValues>;
}

/** What is wrong with a configuration, in one line that names file and line. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/**
 * Checks the parsed text of a configuration.
 *
 * @param document The text as TOML.
 * @param path Of the file, for messages.
 * @throws {ConfigError} on an unknown key or a value of a wrong type.
 */
export function checkConfig(
  document: Readonly<Record<string, unknown>>,
  text: string,
  path: string,
): ClientConfig {
  const lines = linesOfKeys(text);
  const lineOf = (keys: readonly string[]) => {
    for (let length = keys.length; length > 0; length--) {
      const line = lines.get(joined(keys.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
  const fail = (keys: readonly string[], what: string): never => {
    throw new ConfigError(`${path}, line ${lineOf(keys)}: ${what}`);
  };
  const read = (
    table: Readonly<Record<string, unknown>>,
    above: readonly string[],
    scope: "all" | "server",
  ): ConfigValues => {
    const rows = settingRows.filter((row) =>
      row.scope === scope || row.scope === "both"
    );
    const values = new Map<string, ConfigValue>();
    for (const [key, value] of Object.entries(table)) {
      if (scope === "all" && key === serversKey) continue;
      const keys = [...above, key];
      const row = rows.find((row) => row.key === key);
      if (row === undefined) {
        if (settingRows.some((row) => row.key === key)) {
          return fail(keys, `"${key}" ${misplaced[scope]}`);
        }
        const known = rows.map((row) => row.key);
        if (scope === "all") known.push(serversKey);
        const nearest = nearestWord(key, known);
        const hint = nearest === undefined
          ? `; the keys are ${known.join(", ")}`
          : `; did you mean "${nearest}"?`;
        return fail(keys, `unknown key "${key}"${hint}`);
      }
      if (!isOfType(value, row)) {
        return fail(keys, `"${key}" must be ${typeNames[row.type]}`);
      }
      values.set(key, { text: String(value), line: lineOf(keys) });
    }
    return values;
  };

  const servers = new Map<string, ConfigValues>();
  const tables = document[serversKey] ?? {};
  if (!isTable(tables)) return fail([serversKey], '"servers" must be tables');
  for (const [name, table] of Object.entries(tables)) {
    const keys = [serversKey, name];
    if (!isServerName(name)) {
      return fail(
        keys,
        `"${name}" is no name for a server: 1 to 64 of A-Z a-z 0-9 . _ -`,
      );
    }
    if (!isTable(table)) {
      return fail(keys, `server "${name}" must be a table: [servers.${name}]`);
    }
    servers.set(name, read(table, keys, "server"));
  }
  return { path, settings: read(document, [], "all"), servers };
}

/**
 * What is wrong with a line on which a text stops being TOML, where it is one of
 * the usual slips; `undefined` where it is another one.
 *
 * @param number Of the line, from 1.
 */
export function syntaxProblem(
  text: string,
  number: number,
): string | undefined {
  const lines = text.split("\n").slice(0, number);
  const whole = lines.pop()?.trim() ?? "";
  const line = visible(whole.slice(0, mostShown));
  if (line.startsWith("[")) {
    if (!whole.includes("]")) return `"${line}" has no ] at its end`;
    return lines.some((other) => other.trim() === whole)
      ? `${line} is there twice`
      : undefined;
  }
  const [, key = "", value = ""] = /^([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
  if (key === "") {
    return line.includes("=") ? undefined : `"${line}" must be KEY = VALUE`;
  }
  const mark = /^["']/.exec(value)?.[0];
  if (mark !== undefined && !whole.includes(mark, whole.indexOf(mark) + 1)) {
    return `the text of "${key}" has no ${mark} at its end`;
  }
  const table = lines.findLastIndex((other) => other.trim().startsWith("["));
  const isThere = lines.slice(table + 1)
    .some((other) => other.trim().split(/[\s=]/, 1)[0] === key);
  if (isThere) return `"${key}" is there twice`;
  if (mark !== undefined || /^[[{]/.test(value)) return undefined;
  const bare = value.replace(/\s*#.*$/, "");
  const type = settingRows.find((row) => row.key === key)?.type ?? "string";
  const isText = type === "string" && bare !== "";
  const example = isText ? `: ${key} = "${bare}"` : "";
  return `"${key}" must be ${typeNames[type]}${example}`;
}

/** The text of a new `config.toml`: every setting, explained, none of them set. */
export function newConfigText(): string {
  const all = settingRows.filter(({ scope }) => scope !== "server");
  const ofServer = settingRows.filter(({ scope }) => scope !== "all");
  return [
    "# Configuration of parley, in TOML. A line without # in front is in force.",
    "# An option of the command line wins over the environment, that over this",
    '# file. "parley config" shows what is in force and where it comes from.',
    ...all.flatMap(describe),
    "",
    "# A server to connect to with: parley home",
    "# Further keys, as above: " +
    ofServer.filter(({ scope }) => scope === "both").map(({ key }) => key)
      .join(", "),
    "",
    "#[servers.home]",
    ...ofServer.filter(({ scope, key }) => scope === "server" || key === "user")
      .flatMap((row) => describe(row).slice(1)),
    "",
  ].join("\n");
}

function describe({ key, help, default: standard, sample }: SettingRow) {
  const about = standard === undefined
    ? help
    : `${help} (default: ${standard})`;
  return ["", `# ${about}`, `#${key} = ${sample}`];
}

/** Whether a saved server may have this name. */
function isServerName(name: string): boolean {
  return /^[A-Za-z0-9._-]{1,64}$/.test(name);
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

function isOfType(value: unknown, { type }: SettingRow): boolean {
  switch (type) {
    case "integer":
      return Number.isSafeInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "string":
      return typeof value === "string";
    case "list":
      return Array.isArray(value) &&
        value.every((each) => typeof each === "string");
  }
}

/** The line of each key and table of a TOML text, by its full name. */
function linesOfKeys(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  let table: readonly string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const header = /^\s*\[([^[\]]+)\]/.exec(line)?.[1];
    if (header !== undefined) table = partsOf(header);
    const key = /^\s*((?:"[^"]*"|'[^']*'|[\w.\s-])+?)\s*=/.exec(line)?.[1];
    if (header === undefined && key === undefined) continue;
    const name = key === undefined ? table : [...table, ...partsOf(key)];
    // Also for the tables that a dotted name opens on its way.
    for (let length = 1; length <= name.length; length++) {
      const part = joined(name.slice(0, length));
      if (!lines.has(part)) lines.set(part, index + 1);
    }
  }
  return lines;
}

function partsOf(name: string): string[] {
  return (name.match(/"[^"]*"|'[^']*'|[\w-]+/g) ?? [])
    .map((part) => part.replace(/^["']|["']$/g, ""));
}

function joined(keys: readonly string[]): string {
  return JSON.stringify(keys);
}

/** Characters of a line that are repeated to people. */
const mostShown = 80;
const serversKey = "servers";
/** What to say of a key that stands in this place and belongs elsewhere. */
const misplaced = {
  all: "is of one server: put it below [servers.NAME]",
  server: "is for all servers: put it above the first [servers.NAME]",
};
const typeNames = {
  string: "text in quotes",
  integer: "a whole number",
  boolean: "true or false",
  list: 'texts in brackets, such as ["a", "b"]',
};
