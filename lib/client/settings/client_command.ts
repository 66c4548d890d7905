/**
 * What the client's program is to do: connect, or one of its own commands,
 * `gui`, `doctor`, `config`, `man` and `completions`. A server of such a name is
 * reached with `--host`.
 */
import {
  type OptionRow,
  parseCommandLine,
  type StartRequest,
  startRequest,
  UsageError,
} from "../../cli/command_line.ts";
import {
  parseCompletionsCommand,
  type PrintRequest,
} from "../../cli/completions.ts";
import {
  argumentNames,
  type ClientOptions,
  type ConfigSource,
  findSettings,
  parseClientOptions,
  readOptions,
  type SettingValue,
} from "./options.ts";
import { type GuiOptions, readGuiOptions } from "./gui_options.ts";
import { clientPage, savedServersWord } from "./page.ts";
import { clientOptionRows } from "./settings.ts";

/** What to do. */
export type ClientRequest =
  | StartRequest<ClientOptions>
  | PrintRequest
  /** Make a new configuration. */
  | { readonly kind: "config-init" }
  /** Look at the way to the server. */
  | { readonly kind: "doctor"; readonly options: ClientOptions }
  /** Show the client in a browser. */
  | { readonly kind: "gui"; readonly options: GuiOptions };

/** Reads the client's command line, without the program's name. */
export function parseClientCommand(
  args: readonly string[],
  env: (name: string) => string | undefined,
  source: ConfigSource = {},
): ClientRequest {
  const [about, what, ...more] = args;
  if (
    about === "completions" && what === savedServersWord && more.length === 0
  ) {
    const { servers } = "config" in source && source.config || {};
    const names = [...servers?.keys() ?? []];
    return { kind: "print", text: names.map((name) => `${name}\n`).join("") };
  }
  const printed = parseCompletionsCommand(args, clientPage);
  if (printed !== undefined) return printed;
  const [word, ...rest] = args;
  const isAboutHelp = rest.includes("--help") || rest.includes("-h");
  const parse = isAboutHelp ? undefined : commands[word ?? ""];
  if (parse === undefined) {
    return parseClientOptions(isAboutHelp ? ["--help"] : args, env, source);
  }
  return request(() => parse(rest, env, source));
}

type ParseCommand = (
  args: readonly string[],
  env: (name: string) => string | undefined,
  source: ConfigSource,
) => ClientRequest;

const commands: Record<string, ParseCommand | undefined> = {
  config(args, env, source) {
    const rows = [...clientOptionRows, initRow];
    const line = parseCommandLine(args, rows, argumentNames);
    if (line.options.has("--init")) return { kind: "config-init" };
    const settings = findSettings(line, env, source);
    const options = readOptions(line, env, settings);
    const path = settings.config?.path;
    const values = settings.values.all();
    return {
      kind: "print",
      text: options.json
        ? `${JSON.stringify(settingsJson(values, path))}\n`
        : settingsText(values, path),
    };
  },
  doctor(args, env, source) {
    const parsed = parseClientOptions(args, env, source);
    if (parsed.kind !== "run") return parsed;
    if (parsed.options.exec.length > 0 || parsed.options.forget !== undefined) {
      throw new UsageError("doctor cannot be used with --exec or --forget");
    }
    return { kind: "doctor", options: parsed.options };
  },
  gui(args, env, source) {
    return { kind: "gui", options: readGuiOptions(args, env, source) };
  },
};

function request(parse: () => ClientRequest): ClientRequest {
  let result: ClientRequest | undefined;
  const failed = startRequest<never>(() => {
    result = parse();
    return { kind: "error", message: "" };
  });
  return result ?? failed;
}

function settingsText(
  values: readonly SettingValue[],
  path: string | undefined,
): string {
  const rows = values.map((value) => {
    const { row, text, origin, name, place } = value;
    const shown = text === undefined
      ? ""
      : row.type === "string"
      ? JSON.stringify(text)
      : text;
    const from = origin === "file"
      ? place ?? ""
      : origin === "default"
      ? origin
      : `${origin} ${name}`;
    return [row.key, shown, from] as const;
  });
  const width = Math.max(...rows.map(([, shown]) => shown.length));
  const keys = Math.max(...rows.map(([key]) => key.length));
  return [
    path === undefined
      ? '# no configuration; "parley config --init" makes one'
      : `# configuration: ${path}`,
    ...rows.map(([key, shown, from]) =>
      `${key.padEnd(keys)} = ${shown.padEnd(width)}  # ${from}`
    ),
    "",
  ].join("\n");
}

function settingsJson(
  values: readonly SettingValue[],
  path: string | undefined,
): object {
  return {
    ...path !== undefined && { path },
    settings: values.map(({ row, text, origin, name, place }) => ({
      key: row.key,
      ...text !== undefined && { value: text },
      origin,
      ...origin !== "default" && { from: place ?? name },
    })),
  };
}

const initRow: OptionRow = {
  name: "--init",
  help: "write a config.toml with every setting explained; never overwrites",
};
