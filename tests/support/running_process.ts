/**
 * A real program under test: its lines are collected as they come, and a test
 * waits for the line it expects instead of sleeping. Every process is ended by
 * its own id when the test is over.
 */
import { patience } from "./wait_until.ts";

/** How to start a program. */
export interface ProcessOptions {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env?: Record<string, string>;
}

/** How a program ended. */
export interface ProcessEnd {
  readonly code: number;
  readonly signal: Deno.Signal | null;
}

interface Waiter {
  readonly matches: (line: string) => boolean;
  readonly resolve: (line: string) => void;
}

/** A started program with collected output. */
export class RunningProcess {
  /** Every line of standard output so far. */
  readonly out: string[] = [];
  /** Every line of standard error so far. */
  readonly err: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiters = new Set<Waiter>();
  readonly #reading: Promise<unknown>;
  #ended: ProcessEnd | undefined;

  constructor(options: ProcessOptions) {
    const [program = "", ...args] = options.command;
    this.#child = new Deno.Command(program, {
      args,
      cwd: options.cwd,
      env: { NO_COLOR: "1", ...options.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#reading = Promise.all([
      this.#collect(this.#child.stdout, this.out),
      this.#collect(this.#child.stderr, this.err),
      this.#child.status.then((status) => {
        this.#ended = { code: status.code, signal: status.signal };
      }),
    ]);
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Set once the program has ended. */
  get ended(): ProcessEnd | undefined {
    return this.#ended;
  }

  /** Writes one line to the program's standard input. */
  async send(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Ends the program's standard input. */
  async closeInput(): Promise<void> {
    await this.#input.close().catch(() => {});
  }

  /**
   * The first line, from standard output or error, at or after position `from`
   * of the output so far, for which `matches` holds.
   *
   * @throws {Error} with everything that was printed when none comes in time.
   */
  waitFor(
    what: string,
    matches: (line: string) => boolean,
    options: { from?: number; timeoutMs?: number } = {},
  ): Promise<string> {
    const past = this.out.slice(options.from ?? 0).find(matches) ??
      this.err.find(matches);
    if (past !== undefined) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const give = (reason: string) => {
        this.#waiters.delete(waiter);
        clearTimeout(timer);
        reject(new Error(`${reason} for ${what}:\n${this.transcript()}`));
      };
      const waited = options.timeoutMs ?? patience;
      const timer = setTimeout(() => give(`Waited ${waited} ms`), waited);
      const waiter: Waiter = {
        matches,
        resolve: (line) => {
          this.#waiters.delete(waiter);
          clearTimeout(timer);
          resolve(line);
        },
      };
      this.#waiters.add(waiter);
      this.#reading.then(() => {
        if (this.#waiters.has(waiter)) give("The program ended before");
      });
    });
  }

  /** Everything printed so far, for error messages. */
  transcript(): string {
    return [...this.out.slice(-60), ...this.err.map((line) => `! ${line}`)]
      .join("\n");
  }

  /** Sends a signal; nothing happens when the program has ended. */
  signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch { /* it has ended */ }
  }

  /** Waits until the program ends by itself. */
  async end(timeoutMs = patience): Promise<ProcessEnd> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`Still running:\n${this.transcript()}`)),
        timeoutMs,
      );
    });
    try {
      await Promise.race([this.#reading, late]);
    } finally {
      clearTimeout(timer);
    }
    return this.#ended ?? { code: -1, signal: null };
  }

  /** Ends the program whatever it does and waits for it. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.#reading;
    await this.closeInput();
  }

  async #collect(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    lines: string[],
  ): Promise<void> {
    const decoder = new TextDecoder();
    let rest = "";
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split(
        "\n",
      );
      rest = parts.pop() ?? "";
      for (const line of parts) this.#add(lines, line);
    }
    if (rest !== "") this.#add(lines, rest);
  }

  #add(lines: string[], line: string): void {
    lines.push(line);
    for (const waiter of [...this.#waiters]) {
      if (waiter.matches(line)) waiter.resolve(line);
    }
  }
}
