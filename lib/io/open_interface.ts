/** Which way to talk to the user: as the options and the terminal say. */
import type { ClientOptions } from "../client/client_options.ts";
import type { KnownNames } from "../client/known_names.ts";
import { serverLabel } from "../client/server_pins.ts";
import { PipeInterface } from "./pipe_interface.ts";
import { PlainInterface } from "./plain_interface.ts";
import type { UserHandler, UserInterface } from "./user_interface.ts";

/** True when a person types here and reads what is printed. */
export function isInteractive(options: ClientOptions): boolean {
  return !options.json && options.exec.length === 0 &&
    Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
}

/**
 * Opens it.
 *
 * @param names Where Tab finds users and groups.
 */
export type OpenInterface = (
  handler: UserHandler,
  names: () => KnownNames,
) => UserInterface;

/** Loads what the options and the terminal ask for. */
export async function loadInterface(
  options: ClientOptions,
): Promise<OpenInterface> {
  const { host, port, color, timestamps, notify, plainUi, quiet } = options;
  const { json } = options;
  if (!isInteractive(options)) {
    const readsCommands = options.exec.length === 0;
    return (handler) =>
      new PipeInterface(handler, { json, quiet, readsCommands });
  }
  if (plainUi || Deno.env.get("TERM") === "dumb") {
    return (handler) => new PlainInterface(handler, { notify, quiet });
  }
  // Measuring text takes tables that scripts can do without.
  const { TerminalInterface } = await import("./terminal_interface.ts");
  const server = serverLabel(host, port);
  const display = { server, color, timestamps, notify, quiet };
  return (handler, names) => new TerminalInterface(handler, names, display);
}
