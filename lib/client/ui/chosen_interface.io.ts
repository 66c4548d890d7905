/** Which way to talk to the user: as the options and the terminal say. */
import type { ClientOptions } from "../settings/options.ts";
import { execNeeds } from "../settings/exec_needs.ts";
import { PipeInterface } from "./pipe.io.ts";
import type { UserHandler, UserInterface } from "./user_interface.ts";

/** The interface that a client is started for. */
export interface ChosenInterface {
  /** A person types there and reads what is shown. */
  readonly isInteractive: boolean;
  /** What is offered waits until it is accepted, unless the options say more. */
  readonly asks: boolean;
  /** Why no file can be received into standard output, if so. */
  readonly outputFault?: string | undefined;
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
    const { receives, takesOutput: leavesOutput } = execNeeds(options.exec);
    const pipe = { json, quiet, readsCommands, leavesOutput };
    return {
      isInteractive: false,
      // A command that waits for an offer is not for the others that come.
      asks: isTerminal || receives && !options.receive,
      outputFault: readsCommands
        ? ownOutput
        : Deno.stdout.isTerminal()
        ? shownOutput
        : undefined,
      open: (handler) => new PipeInterface(handler, pipe),
    };
  }
  const outputFault = ownOutput;
  const person = { isInteractive: true, asks: true, outputFault };
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

const ownOutput =
  "Standard output is what this client says; --to - is for scripts: parley HOST --exec '/receive USER --to -' > FILE";
const shownOutput =
  "Standard output is a terminal, to which a file could do anything; redirect it, as with > FILE";
