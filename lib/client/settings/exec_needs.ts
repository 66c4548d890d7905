/** What the commands of `--exec` need of the program before the first one runs. */
import { parseCommand } from "../commands/parse.ts";
import type { ClientOptions } from "./options.ts";

/** See {@link execNeeds}. */
export interface ExecNeeds {
  /** They wait for offers, which only devices get. */
  readonly receives: boolean;
  /** Standard output is for a file, and nothing else may be written there. */
  readonly takesOutput: boolean;
}

/** What these commands need. */
export function execNeeds(exec: readonly string[]): ExecNeeds {
  const receiving = exec.flatMap((line) => {
    const parsed = parseCommand(line);
    const isReceive = "command" in parsed &&
      parsed.command.command === "receive";
    return isReceive ? [parsed.command] : [];
  });
  return {
    receives: receiving.length > 0,
    takesOutput: receiving.some(({ into }) => into === "-"),
  };
}

/** True for a client that is there for its commands alone, and no device. */
export function isVisit(
  { exec, receive }: Pick<ClientOptions, "exec" | "receive">,
): boolean {
  return exec.length > 0 && !receive && !execNeeds(exec).receives;
}
