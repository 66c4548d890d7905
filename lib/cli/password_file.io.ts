import { reasonOf, StartError } from "../system/errors.io.ts";
import { inTime } from "../system/read_file.io.ts";
import { standardStream } from "./standard_stream.ts";

/**
 * The password that was given: in a file, else in `PARLEY_PASSWORD`. Nobody's is
 * empty: trying such a one would only count as a failed login.
 *
 * @param variable The value of `PARLEY_PASSWORD`.
 * @throws {StartError} when the file cannot be read, or what was given is empty.
 */
export async function givenPassword(
  passwordFile: string | undefined,
  variable: string | undefined,
): Promise<string | undefined> {
  if (passwordFile !== undefined) return await readPasswordFile(passwordFile);
  if (variable !== "") return variable;
  throw new StartError("PARLEY_PASSWORD is empty: set it to the password");
}

/**
 * The password in a file: its first line, without a byte order mark and the
 * line's ending. `/dev/stdin` is the standard input, of which no more is read.
 *
 * @throws {StartError} when it cannot be read, or the line is empty.
 */
async function readPasswordFile(path: string): Promise<string> {
  const password = await readFirstLine(path);
  if (password) return password;
  throw new StartError(
    `the password file "${path}" is empty; its first line must be the password`,
  );
}

async function readFirstLine(path: string): Promise<string | undefined> {
  // Few give one, and it takes a while to load.
  const { readLine } = await import("./password_prompt.io.ts");
  try {
    if (standardStream(path) === "stdin") return await readLine(Deno.stdin);
    return await inTime((async () => {
      using file = await Deno.open(path);
      return await readLine(file);
    })());
  } catch (error) {
    throw new StartError(
      `cannot read the password file "${path}": ${reasonOf(error)}; ` +
        "its first line must be the password",
    );
  }
}
