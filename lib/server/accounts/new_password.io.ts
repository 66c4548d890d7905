import { passwordProblem } from "./credentials_file.ts";
import {
  makeVerifier,
  newIterations,
  newPasswordProblem,
  newPasswordQuestion,
  newSaltBytes,
  type Verifier,
} from "../../security/verifier.ts";
import type { Console } from "../../cli/console.io.ts";
import { deriveKey } from "../../security/derive_key.io.ts";
import { givenPassword } from "../../cli/password_file.io.ts";
import { StartError } from "../../system/errors.io.ts";
import { systemRandom } from "../../system/clock.io.ts";

/**
 * Gets a new password: from the first line of `passwordFile`; from
 * `PARLEY_PASSWORD`; asked twice without echo on a terminal, again after a slip;
 * from a line of standard input; the first of these that there is. A password is
 * never taken from the command line, where the whole machine could read it.
 *
 * @throws {StartError} when there is none, or it cannot be used.
 */
export async function readNewPassword(
  console: Console,
  passwordFile?: string,
): Promise<string> {
  const given = await givenPassword(
    passwordFile,
    console.env("PARLEY_PASSWORD"),
  );
  if (given === undefined && console.prompt !== undefined) {
    return await askNewPassword(console.prompt, console);
  }
  const password = given ?? await console.readInput();
  if (password === undefined) {
    throw new StartError(
      "no password: give it in PARLEY_PASSWORD, --password-file or standard input",
    );
  }
  const problem = problemOf(password);
  if (problem !== undefined) {
    const where = passwordFile === undefined && given !== undefined
      ? " (it is that of PARLEY_PASSWORD)"
      : "";
    throw new StartError(problem + where);
  }
  return password;
}

/**
 * Asks until an answer will do, some times.
 *
 * @param problemOf Why an answer will not do, or `undefined`.
 * @throws {StartError} after too many, with the last problem, or when the person
 * does not answer.
 */
export async function askUntilGood(
  console: Console,
  ask: () => Promise<string | undefined>,
  problemOf: (
    answer: string,
  ) => string | undefined | Promise<string | undefined>,
): Promise<string> {
  for (let attempt = 1;; attempt++) {
    const answer = await ask();
    if (answer === undefined) {
      throw new StartError("cancelled; nothing was changed");
    }
    const problem = await problemOf(answer);
    if (problem === undefined) return answer;
    if (attempt === mostAttempts) {
      throw new StartError(`${problem}; nothing was changed`);
    }
    console.complain(`${problem}; please try again`);
  }
}

/** A verifier for a new password, with a fresh salt. */
export async function makeNewVerifier(password: string): Promise<Verifier> {
  const parameters = {
    salt: systemRandom.bytes(newSaltBytes),
    iterations: newIterations,
  };
  return makeVerifier(await deriveKey(password, parameters), parameters);
}

function askNewPassword(
  prompt: NonNullable<Console["prompt"]>,
  console: Console,
): Promise<string> {
  return askUntilGood(
    console,
    () => prompt.askSecret(newPasswordQuestion),
    async (first) => {
      const problem = problemOf(first);
      if (problem !== undefined) return problem;
      const second = await prompt.askSecret("The same again: ");
      if (second === undefined) {
        throw new StartError("cancelled; nothing was changed");
      }
      return second === first ? undefined : "the two passwords differ";
    },
  );
}

/** One rule for all new passwords, and what the file cannot hold. */
function problemOf(password: string): string | undefined {
  return newPasswordProblem(password)?.message ?? passwordProblem(password);
}

const mostAttempts = 3;
