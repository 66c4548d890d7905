import {
  type Console,
  runCommand,
  systemConsole,
} from "../../cli/console.io.ts";
import { homeFolder } from "../../system/home_folder.io.ts";
import { readClusterState } from "../store/postgres/cluster_state.io.ts";
import { readDatabaseOption } from "../store/postgres/database_option.io.ts";
import { parseStatusCommand, statusLines } from "./status_command.ts";

/**
 * Runs `parley-server status`.
 *
 * @param args What follows `status` on the command line.
 * @returns The exit code: 0 when a node serves, 1 when none does or that is not
 * known, 2 for a wrong command line.
 */
export function runStatusCommand(
  args: readonly string[],
  console: Console = systemConsole,
): Promise<number> {
  const request = parseStatusCommand(args, homeFolder());
  return runCommand(request, console, async ({ database }) => {
    const state = await readClusterState(await readDatabaseOption(database));
    for (const line of statusLines(state)) console.print(line);
    return state.core === "" ? 1 : 0;
  });
}
