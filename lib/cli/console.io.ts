/**
 * What a command needs of the place it is run from, so that tests can stand in
 * for it: the environment, standard input and output.
 */
import { visibleLines, withoutMiddle } from "../base/text.ts";
import { standardError, standardOutput } from "../system/console_output.io.ts";
import { reasonOf, StartError } from "../system/errors.io.ts";
import type { StartRequest } from "./command_line.ts";
import { PasswordPrompt, readLine } from "./password_prompt.io.ts";

/** Where a command talks to people or scripts. */
export interface Console {
  env(name: string): string | undefined;
  /** Asks people; `undefined` where there is nobody to ask. */
  readonly prompt: Pick<PasswordPrompt, "askLine" | "askSecret"> | undefined;
  /**
   * The next line of standard input; `undefined` at its end.
   *
   * @throws {StartError} when it cannot be read.
   */
  readInput(): Promise<string | undefined>;
  /** Prints a line on standard output. */
  print(line: string): void;
  /** Prints a line on standard error. */
  complain(line: string): void;
}

/**
 * Does what a command line asks for.
 *
 * @param run What the command does; its exit code. A {@link StartError} is told.
 * @returns The exit code; 1 after a {@link StartError}, 2 for a wrong command
 * line.
 */
export async function runCommand<Options>(
  request: StartRequest<Options>,
  console: Console,
  run: (options: Options) => Promise<number>,
): Promise<number> {
  if (request.kind !== "run") {
    if (request.kind === "error") console.complain(request.message);
    else console.print(request.text);
    return request.kind === "error" ? 2 : 0;
  }
  try {
    return await run(request.options);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    console.complain(error.message);
    return 1;
  }
}

/** The process's own environment, input and output. */
export const systemConsole: Console = {
  env: (name) => Deno.env.get(name),
  get prompt() {
    return PasswordPrompt.isPossible ? new PasswordPrompt() : undefined;
  },
  async readInput() {
    try {
      return await readLine(Deno.stdin);
    } catch (error) {
      throw new StartError(`cannot read standard input: ${reasonOf(error)}`);
    }
  },
  print: (line) => standardOutput.write(`${visibleLines(line)}\n`),
  complain: (line) =>
    standardError.write(`${visibleLines(withoutMiddle(line))}\n`),
};
