/**
 * Asking people for a line, shown or not. Both programs ask through this file,
 * so that raw mode is switched on and off in one place.
 *
 * Bytes are read one at a time: what is typed ahead stays in the terminal for
 * whoever reads next.
 */
import type { NewPassword, ProvePassword } from "../client/password_change.ts";
import { newPasswordQuestion } from "../protocol/new_password_problem.ts";
import { SecretLine } from "./secret_line.ts";

/** The terminal, as far as asking needs it. */
export interface PromptTerminal {
  /** Bytes read into `buffer`, or `null` at the end. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Raw mode: no echo, no signals, no line editing. */
  setRaw(raw: boolean): void;
  write(text: string): void;
}

/** Asks for lines on a terminal. */
export class PasswordPrompt {
  readonly #terminal: PromptTerminal;

  /** @param terminal Standard input and standard error by default. */
  constructor(terminal: PromptTerminal = systemTerminal) {
    this.#terminal = terminal;
  }

  /** True when there is somebody to ask. */
  static get isPossible(): boolean {
    return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  }

  /**
   * Asks for a line that is shown; `undefined` when the input ended. The
   * terminal itself does echo and editing, and Ctrl+C is the program's signal.
   */
  async askLine(question: string): Promise<string | undefined> {
    this.#terminal.write(question);
    const line = await readLine(this.#terminal);
    if (line === undefined) this.#terminal.write("\n");
    return line;
  }

  /** Asks for a line that is not shown; `undefined` when cancelled (Ctrl+C). */
  async askSecret(question: string): Promise<string | undefined> {
    const line = new SecretLine();
    const buffer = new Uint8Array(1);
    this.#terminal.setRaw(true);
    try {
      this.#terminal.write(question);
      for (;;) {
        const count = await this.#terminal.read(buffer);
        const state = count === null
          ? line.handleEnd()
          : line.handleByte(buffer[0] ?? 0, performance.now());
        if (state === "entered") return line.text;
        if (state === "cancelled") return undefined;
      }
    } finally {
      this.#terminal.setRaw(false);
      this.#terminal.write("\n");
    }
  }

  /**
   * Asks for the old password and twice for a new one, none of them shown.
   *
   * @param prove Whether the old password is right; if not, no more is asked.
   */
  async askNewPassword(
    prove: ProvePassword,
  ): Promise<NewPassword | undefined> {
    const old = await this.askSecret("Old password: ");
    if (old === undefined) return undefined;
    this.#terminal.setRaw(true);
    try {
      if (!await prove(old)) return undefined;
    } finally {
      this.#terminal.setRaw(false);
    }
    const password = await this.askSecret(newPasswordQuestion);
    if (password === undefined) return undefined;
    const again = await this.askSecret("The same again: ");
    return again === undefined ? undefined : { old, password, again };
  }
}

/**
 * Reads one line and no byte more; `undefined` when the input ended before it.
 * The line is without its ending. A line over 64 KiB counts as the end.
 */
export async function readLine(
  input: { read(buffer: Uint8Array): Promise<number | null> },
): Promise<string | undefined> {
  const bytes: number[] = [];
  const buffer = new Uint8Array(1);
  while (bytes.length < maxLineBytes) {
    const count = await input.read(buffer);
    if (count === null && bytes.length === 0) return undefined;
    const byte = buffer[0] ?? 0;
    if (count === null || byte === 0x0a) {
      const line = new TextDecoder().decode(Uint8Array.from(bytes));
      return line.replace(/\r$/, "");
    }
    bytes.push(byte);
  }
  return undefined;
}

const systemTerminal: PromptTerminal = {
  read: (buffer) => Deno.stdin.read(buffer),
  setRaw: (raw) => Deno.stdin.setRaw(raw),
  // Not standard output: that may go to a file, and the question must be seen.
  write: (text) => {
    Deno.stderr.writeSync(new TextEncoder().encode(text));
  },
};

const maxLineBytes = 64 * 1024;
