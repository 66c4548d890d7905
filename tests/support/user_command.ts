/** `parley-server user …` as a person runs it in the server's folder. */
import { serverCommand } from "./programs.ts";

/** Where the command runs. */
export interface UserCommandPlace {
  /** With credentials.txt and data/. */
  readonly folder: string;
  /** Further arguments, where the accounts are elsewhere. */
  readonly accountPlace?: readonly string[];
}

/**
 * Runs the command.
 *
 * @param place Such as a server.
 * @param password The new one, where the command wants one; none when empty.
 */
export async function userCommand(
  { folder, accountPlace = [] }: UserCommandPlace,
  args: readonly string[],
  password = "12345678",
): Promise<{ code: number; text: string }> {
  const [program = "", ...first] = serverCommand;
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...first, "user", ...args, ...accountPlace],
    cwd: folder,
    stdin: "null",
    env: password === "" ? {} : { PARLEY_PASSWORD: password },
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}
