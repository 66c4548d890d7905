import { RunningProcess } from "./running_process.ts";

/** What a program said and how it ended. */
export interface ProgramResult {
  readonly code: number;
  readonly out: string[];
  readonly err: string[];
}

/**
 * Runs a program to its end, in a folder of its own unless one is given, in
 * which it also keeps its configuration.
 */
export async function runProgram(
  command: readonly string[],
  options: { input?: string; env?: Record<string, string>; cwd?: string } = {},
): Promise<ProgramResult> {
  const cwd = options.cwd ?? await Deno.makeTempDir({ prefix: "parley-run-" });
  const env = {
    XDG_CONFIG_HOME: `${cwd}/.config`,
    XDG_STATE_HOME: `${cwd}/.state`,
    ...options.env,
  };
  const process = new RunningProcess({ command, cwd, env });
  try {
    if (options.input !== undefined) await process.send(options.input);
    await process.closeInput();
    const { code } = await process.end();
    return { code, out: process.out, err: process.err };
  } finally {
    await process.kill();
    if (options.cwd === undefined) await Deno.remove(cwd, { recursive: true });
  }
}
