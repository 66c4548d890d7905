/**
 * A real terminal for tests: a tmux server of its own with one window. Keys are
 * typed into it and its screen is read, as a person would see it.
 */
import { patience, waitUntil } from "./wait_until.ts";

/** What runs in a terminal. */
export interface TerminalOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env?: Record<string, string>;
  /** Columns; 80 by default. */
  readonly columns?: number;
  /** Lines; 24 by default. */
  readonly lines?: number;
}

/** True when there is a tmux to run terminals in. */
export const hasTmux: boolean = (() => {
  try {
    return new Deno.Command("tmux", { args: ["-V"], stdout: "null" })
      .outputSync().success;
  } catch {
    return false;
  }
})();

/** A terminal with a shell in it, ended when disposed. */
export class TmuxTerminal implements AsyncDisposable {
  readonly #socket: string;

  private constructor(socket: string) {
    this.#socket = socket;
  }

  /** Opens a terminal whose shell runs `command`, and stays when that ends. */
  static async open(options: TerminalOptions): Promise<TmuxTerminal> {
    const socket = `parley-${crypto.randomUUID()}`;
    const terminal = new TmuxTerminal(socket);
    const env = { ...options.env, TERM: "screen-256color" };
    const settings = Object.entries(env).flatMap(([name, value]) => [
      "-e",
      `${name}=${value}`,
    ]);
    await terminal.#tmux(
      "-f",
      "/dev/null",
      "new-session",
      "-d",
      "-x",
      String(options.columns ?? 80),
      "-y",
      String(options.lines ?? 24),
      "-c",
      options.cwd,
      ...settings,
      "exec env PS1='$ ' bash --norc",
    );
    await terminal.screen((text) => text.startsWith("$ ") || text === "$");
    await terminal.type(options.command.map(quoted).join(" "), "Enter");
    return terminal;
  }

  /** Types texts and keys by their tmux names (`Enter`, `C-c`, `Up`). */
  async type(...keys: string[]): Promise<void> {
    for (const key of keys) {
      const isName = /^([CM]-.|Enter|Tab|Up|Down|Left|Right|Home|End|BSpace)$/
        .test(key);
      await this.#tmux("send-keys", ...(isName ? [] : ["-l"]), key);
    }
  }

  /** Changes the width; the height stays. */
  async resize(columns: number): Promise<void> {
    await this.#tmux("resize-window", "-x", String(columns));
  }

  /** Waits until the screen is as `expected` says, and returns it. */
  async screen(expected: (text: string) => boolean): Promise<string> {
    let text = "";
    try {
      await waitUntil("the screen", async () => {
        text = (await this.#tmux("capture-pane", "-p")).trimEnd();
        return expected(text);
      }, patience);
    } catch {
      throw new Error(`The screen never came to be as expected:\n${text}`);
    }
    return text;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tmux("kill-server");
  }

  async #tmux(...args: string[]): Promise<string> {
    const { success, stdout, stderr } = await new Deno.Command("tmux", {
      args: ["-L", this.#socket, ...args],
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    if (!success) throw new Error(`tmux ${args[0]}: ${decoder.decode(stderr)}`);
    return decoder.decode(stdout);
  }
}

function quoted(argument: string): string {
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
