/**
 * A program with the client's own terminal whose part behind it fails: for the
 * test that a terminal is given back whatever happens.
 */
import { KnownNames } from "../../lib/client/events/known_names.ts";
import { endOnUncaughtErrors } from "../../lib/system/end_on_error.io.ts";
import { TerminalInterface } from "../../lib/client/ui/terminal_interface.io.ts";

endOnUncaughtErrors();
const names = new KnownNames();
const terminal = new TerminalInterface(
  {
    line: (text) => {
      throw new Error(`nobody expected "${text}"`);
    },
    message: () => {},
    leave: () => Deno.exit(0),
    endOfInput: () => Deno.exit(0),
    interrupt: () => Deno.exit(0),
    outputLost: () => Deno.exit(0),
    transfers: () => [],
  },
  () => names,
  {
    server: "nowhere:1",
    color: true,
    timestamps: true,
    notify: false,
    quiet: false,
  },
);
terminal.show({ event: "welcome", user: "yoda", waiting: 0, resumed: false });
terminal.start();
