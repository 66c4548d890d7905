/**
 * Asking people for a line, shown or not. Both programs ask through this file,
 * so that raw mode is switched on and off in one place.
 *
 * Bytes are read one at a time: what is typed ahead stays in the terminal for
 * whoever reads next.
 */
import {
  newPasswordProblem,
  newPasswordQuestion,
} from "../security/verifier.ts";
import type { NewPassword, ProvePassword } from "./new_password.ts";

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
    // One that is refused in any case is not asked for twice.
    if (newPasswordProblem(password) !== undefined) {
      return { old, password, again: password };
    }
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

// A line typed on a terminal in raw mode without being shown: takes the bytes
// of the keys, with erasing by Backspace, Ctrl+W and Ctrl+U as in any terminal.

/** What became of the line with the last byte. */
export type SecretLineState = "typing" | "entered" | "cancelled";

/** One line that is being typed. */
export class SecretLine {
  #bytes: number[] = [];
  #state: SecretLineState = "typing";
  /** Inside an escape sequence, such as an arrow key's. */
  #escape: "none" | "started" | "sequence" = "none";
  /** When the last byte came, monotonic ms. */
  #last = 0;

  /** What was typed so far. */
  get text(): string {
    return new TextDecoder().decode(Uint8Array.from(this.#bytes));
  }

  /**
   * Takes one byte from the terminal.
   *
   * @param now Monotonic, ms: what comes later, or is a control character, is no
   * part of an escape sequence.
   */
  handleByte(byte: number, now: number): SecretLineState {
    if (this.#state !== "typing") return this.#state;
    const isLate = now - this.#last >= sequenceMs;
    this.#last = now;
    if (isLate || byte < 0x20) this.#escape = "none";
    if (this.#escape !== "none") {
      this.#handleEscape(byte);
    } else if (byte === escape) {
      this.#escape = "started";
    } else if (byte === lineFeed || byte === carriageReturn) {
      this.#state = "entered";
    } else if (
      byte === controlC || (byte === controlD && this.#bytes.length === 0)
    ) {
      this.#state = "cancelled";
    } else if (byte === backspace || byte === rubOut) {
      this.#erase();
    } else if (byte === controlU || byte === controlW) {
      this.#bytes = [];
    } else if (byte >= 0x20 && this.#bytes.length < maxBytes) {
      this.#bytes.push(byte);
    }
    return this.#state;
  }

  /** The input has ended. */
  handleEnd(): SecretLineState {
    if (this.#state === "typing") {
      this.#state = this.#bytes.length > 0 ? "entered" : "cancelled";
    }
    return this.#state;
  }

  /** Keys that are not text end with a letter or `~` (ECMA-48 §5.4). */
  #handleEscape(byte: number): void {
    if (this.#escape === "started" && (byte === bracket || byte === letterO)) {
      this.#escape = "sequence";
    } else if (this.#escape === "started" || byte >= 0x40) {
      this.#escape = "none";
    }
  }

  /** Takes the last character off, all bytes of it. */
  #erase(): void {
    let byte = this.#bytes.pop();
    while (byte !== undefined && (byte & 0xc0) === 0x80) {
      byte = this.#bytes.pop();
    }
  }
}

const controlC = 0x03;
const controlD = 0x04;
const backspace = 0x08;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const controlU = 0x15;
const controlW = 0x17;
const escape = 0x1b;
const letterO = 0x4f;
const bracket = 0x5b;
const rubOut = 0x7f;
const maxBytes = 4096;
const sequenceMs = 500;
