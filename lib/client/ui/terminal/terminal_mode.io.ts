/**
 * Raw mode and bracketed paste of the user's terminal: switched on and off here
 * and nowhere else, off again whatever happens, and off while the program is
 * suspended (Ctrl-Z).
 */
import { autoWrap } from "./screen.ts";
import type { Output } from "../../../system/console_output.io.ts";
import {
  guardTerminal,
  unguardTerminal,
} from "../../../system/end_on_error.io.ts";

/** What a {@link TerminalMode} needs of the terminal's user. */
export interface TerminalModeHost {
  /** What to write to take away what is drawn and not meant to stay. */
  erase(): string;
  /** The terminal is ours again, and shows whatever others left on it. */
  resumed(): void;
  /** The terminal has another size. */
  resized(): void;
}

/** The mode of one terminal. */
export class TerminalMode {
  readonly #output: Output;
  readonly #host: TerminalModeHost;
  #state: "off" | "on" | "suspended" = "off";
  readonly #onContinue = () => this.#resume();
  readonly #onResize = () => this.#host.resized();

  constructor(output: Output, host: TerminalModeHost) {
    this.#output = output;
    this.#host = host;
  }

  /** True while the terminal may be drawn on. */
  get isOn(): boolean {
    return this.#state === "on";
  }

  /** Takes the terminal. */
  open(): void {
    this.#state = "on";
    this.#take();
    if (hasJobControl) {
      Deno.addSignalListener("SIGWINCH", this.#onResize);
      Deno.addSignalListener("SIGCONT", this.#onContinue);
    }
    guardTerminal(() => {
      const bytes = encoder.encode(this.#host.erase() + givenBack);
      setRaw(false);
      try {
        Deno.stdout.writeSync(bytes);
      } catch {
        // A terminal that is gone needs nothing.
      }
    });
  }

  /** Gives the terminal back. */
  close(): void {
    if (this.#state === "off") return;
    this.#state = "off";
    this.#output.write(givenBack);
    if (hasJobControl) {
      Deno.removeSignalListener("SIGWINCH", this.#onResize);
      Deno.removeSignalListener("SIGCONT", this.#onContinue);
    }
    unguardTerminal();
    setRaw(false);
  }

  /** Gives the terminal back and stops the program until it is continued. */
  async suspend(): Promise<void> {
    if (!hasJobControl || this.#state !== "on") return;
    this.#output.write(this.#host.erase() + givenBack);
    this.#state = "suspended";
    await this.#output.flush();
    setRaw(false);
    Deno.kill(Deno.pid, "SIGTSTP");
    // Where nobody could continue it, the system does not stop it.
    setTimeout(() => {
      if (this.#state === "suspended") this.#resume();
    }, notStoppedMs);
  }

  /** The program goes on, after a stop by whomever. */
  #resume(): void {
    if (this.#state === "off") return;
    // What the shell did to the terminal meanwhile is undone.
    if (this.#state === "on") setRaw(false);
    this.#state = "on";
    this.#take();
    this.#host.resumed();
  }

  #take(): void {
    setRaw(true);
    this.#output.write(bracketedPaste.on);
  }
}

/** A terminal that is gone has no mode. */
function setRaw(raw: boolean): void {
  try {
    Deno.stdin.setRaw(raw);
  } catch {
    // Reading from it ends next, and with it the program.
  }
}

const hasJobControl = Deno.build.os !== "windows";
const bracketedPaste = { on: "\x1b[?2004h", off: "\x1b[?2004l" };
/** Lines wrap again, should a drawing have been cut off before its end. */
const givenBack = autoWrap.on + bracketedPaste.off;
const notStoppedMs = 100;
const encoder = new TextEncoder();
