/** Which way to talk to the user: as the options and the terminal say. */
import type { ClientOptions } from "../settings/options.ts";
import { PipeInterface } from "./pipe.io.ts";
import type { UserHandler, UserInterface } from "./user_interface.ts";

/** The interface that a client is started for. */
export interface ChosenInterface {
  /** A person types there and reads what is shown. */
  readonly isInteractive: boolean;
  /** What is offered waits until it is accepted, unless the options say more. */
  readonly asks: boolean;
  open(handler: UserHandler): UserInterface;
}

/** Loads what the options and the terminal ask for. */
export async function chooseInterface(
  options: ClientOptions,
): Promise<ChosenInterface> {
  const { color, timestamps, notify, plainUi, quiet, json } = options;
  const readsCommands = options.exec.length === 0;
  const isTerminal = Deno.stdin.isTerminal() && readsCommands;
  if (!isTerminal || json || !Deno.stdout.isTerminal()) {
    return {
      isInteractive: false,
      asks: isTerminal,
      open: (handler) =>
        new PipeInterface(handler, { json, quiet, readsCommands }),
    };
  }
  const person = { isInteractive: true, asks: true };
  // Measuring text takes tables that scripts can do without.
  if (plainUi || Deno.env.get("TERM") === "dumb") {
    const { PlainInterface } = await import("./plain.io.ts");
    const open = (handler: UserHandler) =>
      new PlainInterface(handler, { notify, quiet });
    return { ...person, open };
  }
  const { TerminalInterface } = await import("./terminal_interface.io.ts");
  const display = { color, timestamps, notify, quiet };
  const open = (handler: UserHandler) =>
    new TerminalInterface(handler, display);
  return { ...person, open };
}
