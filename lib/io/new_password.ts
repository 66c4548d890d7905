import { passwordProblem } from "../server/credentials_file.ts";
import {
  makeVerifier,
  newIterations,
  newSaltBytes,
  type Verifier,
} from "../protocol/verifier.ts";
import type { Console } from "./console.ts";
import { deriveKey } from "./derive_key.ts";
import { readPasswordFile } from "./password_file.ts";
import { StartError } from "./start_error.ts";
import { systemRandom } from "./system_random.ts";

/**
 * Gets a new password: from the first line of `passwordFile`; asked twice without
 * echo on a terminal; from `PARLEY_PASSWORD`; from a line of standard input; the
 * first of these that there is. On a terminal the variable does not count: it may
 * be there for the client and hold the password of another account. A password
 * is never taken from the command line, where the whole machine could read it.
 *
 * @throws {StartError} when there is none, it cannot be used, or the two differ.
 */
export async function readNewPassword(
  console: Console,
  passwordFile?: string,
): Promise<string> {
  const password = passwordFile === undefined
    ? await askNewPassword(console)
    : await readPasswordFile(passwordFile);
  const problem = passwordProblem(password);
  if (problem !== undefined) throw new StartError(problem);
  return password;
}

/** A verifier for a new password, with a fresh salt. */
export async function makeNewVerifier(password: string): Promise<Verifier> {
  const parameters = {
    salt: systemRandom.bytes(newSaltBytes),
    iterations: newIterations,
  };
  return makeVerifier(await deriveKey(password, parameters), parameters);
}

async function askNewPassword(console: Console): Promise<string> {
  const { prompt } = console;
  if (prompt === undefined) {
    const line = console.env("PARLEY_PASSWORD") ??
      await console.readInput();
    if (line !== undefined) return line;
    throw new StartError(
      "no password: give it in PARLEY_PASSWORD, --password-file or standard input",
    );
  }
  const first = await prompt.askSecret("New password: ");
  const problem = first === undefined ? undefined : passwordProblem(first);
  if (problem !== undefined) throw new StartError(problem);
  const second = first && await prompt.askSecret("The same again: ");
  if (first === undefined || second === undefined) {
    throw new StartError("cancelled; nothing was changed");
  }
  if (first !== second) {
    throw new StartError("the passwords differ; nothing was changed");
  }
  return first;
}
