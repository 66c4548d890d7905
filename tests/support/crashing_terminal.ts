/**
 * A program with the client's own terminal whose part behind it fails: for the
 * test that a terminal is given back whatever happens.
 */
import { ClientView } from "../../lib/client/events/client_view.ts";
import { endOnUncaughtErrors } from "../../lib/system/end_on_error.io.ts";
import { TerminalInterface } from "../../lib/client/ui/terminal_interface.io.ts";

endOnUncaughtErrors();
const view = new ClientView("nowhere:1");
const terminal = new TerminalInterface(
  {
    view,
    submit: (text) => {
      throw new Error(`nobody expected "${text}"`);
    },
    say: (text) => {
      throw new Error(`nobody expected "${text}"`);
    },
    see: () => {},
    reconnect: () => {},
    leave: () => Deno.exit(0),
    endOfInput: () => Deno.exit(0),
    interrupt: () => Deno.exit(0),
    outputLost: () => Deno.exit(0),
  },
  {
    color: true,
    timestamps: true,
    notify: false,
    quiet: false,
  },
);
const user = "yoda";
const welcome = { event: "welcome", user, waiting: 0, resumed: false } as const;
view.handleEvent(welcome);
terminal.show(welcome);
terminal.start();
