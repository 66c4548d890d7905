/**
 * A real terminal for tests: a tmux server of its own with one window. Keys are
 * typed into it and its screen is read, as a person would see it.
 */
import { patience, waitUntil } from "./wait_until.ts";

/** What runs in a terminal. */
export interface TerminalOptions {
  readonly command: readonly string[];
  /** Lines for the shell before it, wiped from the screen. */
  readonly prelude?: readonly string[];
  readonly cwd: string;
  readonly env?: Record<string, string>;
  /** Columns; 80 by default. */
  readonly columns?: number;
  /** Lines; 24 by default. */
  readonly lines?: number;
}

/** Why there is no tmux to run terminals in; absent where one is. */
export const noTmux: string | undefined = (() => {
  try {
    const { success } = new Deno.Command("tmux", {
      args: ["-V"],
      stdout: "null",
    }).outputSync();
    return success ? undefined : "tmux does not start";
  } catch {
    return "no tmux is installed";
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
    for (const line of options.prelude ?? []) {
      await terminal.type(`${line}; clear`, "Enter");
      await terminal.screen((text) => text === "$");
    }
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

  /** Pastes `text` as a person would: in brackets, if the program asked. */
  async paste(text: string): Promise<void> {
    await this.#tmux("set-buffer", "--", text);
    await this.#tmux("paste-buffer", "-p");
  }

  /** From now on, everything that is written to the terminal goes to `path`. */
  async record(path: string): Promise<void> {
    await this.#tmux("pipe-pane", "-o", `cat > ${quoted(path)}`);
  }

  /** Everything that was shown so far, with what has scrolled away. */
  async everything(): Promise<string> {
    return (await this.#tmux("capture-pane", "-p", "-S", "-")).trimEnd();
  }

  /** The screen with its colours (ECMA-48). */
  async coloured(): Promise<string> {
    return await this.#tmux("capture-pane", "-p", "-e", "-N");
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
    const pid = await this.#tmux("display-message", "-p", "#{pane_pid}");
    await this.#tmux("kill-server");
    // What ran in it still writes to its files until it has ended.
    await waitUntil(
      "the end of what ran in the terminal",
      () => !hasSession(Number(pid)),
      patience,
    );
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

/** True while a process of that session runs; false where none can be seen. */
function hasSession(id: number): boolean {
  try {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (/^\d+$/.test(name) && sessionOf(name) === id) return true;
    }
  } catch {
    // There is no such folder.
  }
  return false;
}

function sessionOf(pid: string): number | undefined {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    // After the name in brackets: state, parent, group, session.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : Number(fields[3]);
  } catch {
    return undefined;
  }
}

function quoted(argument: string): string {
  if (/^[\w.,/:=-]+$/.test(argument)) return argument;
  return `'${argument.replaceAll("'", "'\\''")}'`;
}
