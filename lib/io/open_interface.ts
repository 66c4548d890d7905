/** Which way to talk to the user: as the options and the terminal say. */
import type { ClientOptions } from "../client/client_options.ts";
import type { KnownNames } from "../client/known_names.ts";
import { serverLabel } from "../client/server_pins.ts";
import { PipeInterface } from "./pipe_interface.ts";
import { PlainInterface } from "./plain_interface.ts";
import { TerminalInterface } from "./terminal_interface.ts";
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
export function openInterface(
  handler: UserHandler,
  options: ClientOptions,
  names: () => KnownNames,
): UserInterface {
  if (!isInteractive(options)) {
    const readsCommands = options.exec.length === 0;
    return new PipeInterface(handler, { json: options.json, readsCommands });
  }
  const { host, port, color, timestamps, notify, plainUi } = options;
  const server = serverLabel(host, port);
  if (plainUi || Deno.env.get("TERM") === "dumb") {
    return new PlainInterface(handler, { notify });
  }
  const display = { server, color, timestamps, notify };
  return new TerminalInterface(handler, names, display);
}
