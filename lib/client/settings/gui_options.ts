/** What `parley gui` is started with. */
import {
  type CommandLine,
  lastValue,
  parseCommandLine,
  parseInteger,
  UsageError,
} from "../../cli/command_line.ts";
import {
  argumentNames,
  type ClientOptions,
  type ConfigSource,
  defaultPort,
  findSettings,
  readOptions,
} from "./options.ts";
import { serverLabel } from "../trust/server_pins.ts";
import {
  clientOptionRows,
  guiOptionRows,
  usualWindowPort,
} from "./settings.ts";

/** A server to choose. */
export interface ServerChoice {
  /** As on the command line: a saved server's name, `HOST` or `HOST:PORT`. */
  readonly server: string;
  /** Who logged in there last, or does so as the configuration says. */
  readonly user?: string;
  readonly plain?: boolean;
}

/** What the window's program is started with. */
export interface GuiOptions {
  /** Where the page is to be; another port when it is taken, any for 0. */
  readonly port: number;
  /** Open it in the browser, if there is a display. */
  readonly opens: boolean;
  /** What the command line and the configuration say of the client. */
  readonly client: ClientOptions;
  /** The server that they name; absent if they name none. */
  readonly server?: string;
  /** Nobody said where received files go. */
  readonly isFolderOpen: boolean;
  /** The saved servers. */
  readonly saved: readonly ServerChoice[];
  /**
   * The client's options for a login elsewhere: what the command line says of
   * its own server does not count there.
   *
   * @throws {UsageError} when one of them is not what it must be.
   */
  optionsFor(choice: ServerChoice): ClientOptions;
}

/**
 * Reads the command line after `gui`.
 *
 * @param env Looks up an environment variable.
 * @throws {UsageError} when it cannot be used.
 */
export function readGuiOptions(
  args: readonly string[],
  env: (name: string) => string | undefined,
  source: ConfigSource,
): GuiOptions {
  const rows = [...clientOptionRows, ...guiOptionRows];
  const line = parseCommandLine(args, rows, argumentNames);
  const foreign = notForWindows.find((name) => line.options.has(name));
  if (foreign !== undefined) {
    throw new UsageError(`gui cannot be used with ${foreign}`);
  }
  const settings = findSettings(line, env, source);
  const client = readOptions(line, env, settings);
  const { config, values } = settings;
  const isNamed = ["server", "host"].some((key) => {
    const { text, origin } = values.find(key);
    return text !== undefined && origin !== "default";
  });
  const server = client.server ?? nameOf(client);
  const saved = [...config?.servers ?? []].map(([server, own]) => {
    const user = own.get("user")?.text;
    return { server, ...user !== undefined && { user } };
  });
  return {
    port: parseInteger(
      "--gui-port",
      lastValue(line, "--gui-port") ?? String(usualWindowPort),
      0,
      65535,
    ),
    opens: !line.options.has("--no-open"),
    client,
    ...isNamed && { server },
    isFolderOpen: values.find("download-dir").origin === "default",
    saved,
    optionsFor(choice) {
      const own = isNamed && choice.server === server
        ? withOptions(line, line.positionals, choice)
        : elsewhere(line, choice);
      return readOptions(own, env, findSettings(own, env, source));
    },
  };
}

/**
 * What is wrong with what was entered in the form, which has fields in the place
 * of options and arguments.
 */
export function formProblem(
  { message }: UsageError,
): { readonly message: string; readonly code: string } {
  const isUser = message.includes(" --user ") &&
    !message.includes("SERVER_HOST");
  return {
    code: isUser ? "bad_user" : "bad_server",
    message: message
      .replace(" SERVER_HOST ", " server ")
      .replace(" --user ", isUser ? " user name " : " and as user name "),
  };
}

/** As short as it can be told. */
function nameOf({ host, port }: ClientOptions): string {
  const label = serverLabel(host, port);
  const isShort = port === Number(defaultPort) && !host.includes(":");
  return isShort ? host.toLowerCase() : label;
}

function elsewhere(line: CommandLine, choice: ServerChoice): CommandLine {
  const options = new Map(line.options);
  for (const name of ofOneServer) options.delete(name);
  return withOptions({ ...line, options }, [choice.server], choice);
}

function withOptions(
  line: CommandLine,
  positionals: readonly string[],
  { user, plain }: ServerChoice,
): CommandLine {
  const options = new Map(line.options);
  if (user !== undefined) options.set("--user", [user]);
  if (plain !== undefined) options.set("--plain", [plain ? "" : "no"]);
  return { positionals, options };
}

const notForWindows = ["--exec", "--receive", "--json", "--forget"];
/** Options that are about the server that is named beside them. */
const ofOneServer = [
  "--server",
  "--host",
  "--port",
  "--pin",
  "--plain",
  "--user",
  "--password-file",
];
