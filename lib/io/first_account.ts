import { isUserName } from "../protocol/names.ts";
import { CredentialsFile } from "../server/credentials_file.ts";
import { defaultCredentials } from "../server/default_paths.ts";
import { updateFileAtomically } from "./atomic_file.ts";
import { type Console, systemConsole } from "./console.ts";
import {
  askUntilGood,
  makeNewVerifier,
  readNewPassword,
} from "./new_password.ts";
import { textFileReason } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

/**
 * When there is no file of accounts at all: offers to make it with a first
 * account, or says which command does. Does nothing when there is a file.
 *
 * @param path Of `credentials.txt`.
 * @returns The name of the account that was made, if one was.
 * @throws {StartError} when there is nobody to ask, or they decline.
 */
export async function ensureFirstAccount(
  path: string,
  console: Console = systemConsole,
): Promise<string | undefined> {
  if (await exists(path)) return undefined;
  const advice = `there are no accounts: "${path}" does not exist; ` +
    "make one with: server user add NAME";
  const { prompt } = console;
  if (prompt === undefined) throw new StartError(advice);
  console.complain(`There are no accounts yet: "${path}" does not exist.`);
  const answer = await prompt.askLine("Make the first one now? [Y/n] ");
  if (answer === undefined || !/^(y|yes)?$/i.test(answer.trim())) {
    throw new StartError(advice);
  }
  const name = await askUntilGood(
    console,
    async () => (await prompt.askLine("Username: "))?.trim(),
    (name) =>
      isUserName(name)
        ? undefined
        : `invalid user name "${name}": must be 1 to 32 of A-Z a-z 0-9 . _ -`,
  );
  const verifier = await makeNewVerifier(await readNewPassword(console));
  try {
    await updateFileAtomically(path, (text) => {
      const file = new CredentialsFile(text ?? "");
      return file.accounts.has(name) ? text : file.add(name, verifier).text;
    });
  } catch (error) {
    throw new StartError(
      `cannot write the accounts to "${path}": ${textFileReason(error)}`,
    );
  }
  const options = path === defaultCredentials ? "" : ` --credentials "${path}"`;
  console.complain(
    `account "${name}" added to "${path}"; add the next one with: ` +
      `parley-server user add NAME${options}`,
  );
  return name;
}

/** False only when it is certain that there is nothing. */
async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}
