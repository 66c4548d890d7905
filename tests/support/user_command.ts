/** `parley-server user …` as a person runs it in the server's folder. */
import { serverCommand } from "./programs.ts";

/**
 * Runs the command.
 *
 * @param folder With credentials.txt and data/.
 * @param password The new one, where the command wants one; none when empty.
 */
export async function userCommand(
  folder: string,
  args: readonly string[],
  password = "12345678",
): Promise<{ code: number; text: string }> {
  const [program = "", ...first] = serverCommand;
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...first, "user", ...args],
    cwd: folder,
    stdin: "null",
    env: password === "" ? {} : { PARLEY_PASSWORD: password },
  }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}
