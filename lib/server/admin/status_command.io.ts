import {
  type Console,
  runCommand,
  systemConsole,
} from "../../cli/console.io.ts";
import { homeFolder } from "../../system/home_folder.io.ts";
import { readNatsOption } from "../cluster/nats_option.io.ts";
import { readClusterState } from "../store/postgres/cluster_state.io.ts";
import { readDatabaseOption } from "../store/postgres/database_option.io.ts";
import { natsLine, parseStatusCommand, statusLines } from "./status_command.ts";

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
  return runCommand(request, console, async ({ database, nats }) => {
    const state = await readClusterState(await readDatabaseOption(database));
    for (const line of statusLines(state)) console.print(line);
    const { core, secret } = state;
    if (nats === undefined) return core === "" ? 1 : 0;
    // Loaded where it is used: it takes longer than all the rest.
    const { heardCore } = await import("../cluster/heard_core.io.ts");
    const heard = await heardCore(await readNatsOption(nats), secret);
    console.print(natsLine(heard, core));
    return core === "" || heard.lead === undefined ? 1 : 0;
  });
}
