/** The client's `config.toml` in the configuration folder. */
import { join } from "@std/path";
import type { ConfigSource } from "./options.ts";
import {
  checkConfig,
  ConfigError,
  newConfigText,
  syntaxProblem,
} from "./config_file.ts";
import { withoutMark } from "../../base/text_file.ts";
import { decodeStrictly } from "../../system/files.io.ts";
import { readGivenFile } from "../../system/read_file.io.ts";
import { configFolderPath, openConfigFolder } from "../../system/folders.io.ts";
import {
  reasonOf,
  StartError,
  textFileReason,
} from "../../system/errors.io.ts";

type Env = (name: string) => string | undefined;

/** What the configuration says; none where there is no file. */
export async function readClientConfig(env: Env): Promise<ConfigSource> {
  let path;
  try {
    path = join(configFolderPath(env), fileName);
  } catch (error) {
    // Without a folder there is no file in it.
    if (error instanceof StartError) return {};
    throw error;
  }
  let text;
  try {
    text = withoutMark(decodeStrictly(await readGivenFile(path)));
  } catch (error) {
    const isMissing = error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.NotADirectory;
    if (isMissing) return {};
    return { problem: `cannot read "${path}": ${textFileReason(error)}` };
  }
  try {
    return await parse(text, path);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { problem: error.message };
  }
}

/**
 * Writes a new configuration; the line to print.
 *
 * @throws {StartError} when there is one already, or it cannot be written.
 */
export async function initClientConfig(env: Env): Promise<string> {
  const path = join(await openConfigFolder(configFolderPath(env)), fileName);
  try {
    await Deno.writeTextFile(path, newConfigText(), {
      createNew: true,
      mode: 0o600,
    });
  } catch (error) {
    throw new StartError(
      error instanceof Deno.errors.AlreadyExists
        ? `"${path}" exists already and was left as it is`
        : `cannot write "${path}": ${reasonOf(error)}`,
    );
  }
  return `made "${path}"; every setting in it is explained and none is set`;
}

async function parse(text: string, path: string): Promise<ConfigSource> {
  // Only who has a configuration waits for what reads it.
  const toml = await import("smol-toml");
  let document;
  try {
    document = toml.parse(text);
  } catch (error) {
    if (!(error instanceof toml.TomlError)) throw error;
    const [what = ""] = error.message.split("\n");
    const why = what.replace(/^Invalid TOML document: /, "");
    const { line, column } = error;
    const problem = syntaxProblem(text, line) ?? `column ${column}: ${why}`;
    throw new ConfigError(`${path}, line ${line}: ${problem}`);
  }
  return { config: checkConfig(document, text, path) };
}

const fileName = "config.toml";
