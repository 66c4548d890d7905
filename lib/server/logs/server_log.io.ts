import type { ServerLogLevel } from "../model/actions.ts";
import { isLogged, serverLogLine } from "./server_log.ts";
import { systemClock } from "../../system/clock.io.ts";
import { reasonOf, StartError } from "../../system/errors.io.ts";

/** Tells the one who runs the server something, in one line. */
export type Report = (level: ServerLogLevel, text: string) => void;

/** Where the server's log goes, and what of it. */
export interface ServerReportOptions {
  /** Less than this is left out; `info` by default. */
  readonly level?: ServerLogLevel;
  /** Counts the lines of each level, written or not. */
  readonly counts?: Map<ServerLogLevel, number>;
}

/**
 * A {@link Report} that writes the server's log to `output`. The same line is
 * not written twice within a minute: a full disk fails every request.
 */
export function serverReport(
  output: { write(text: string): void },
  options: ServerReportOptions = {},
): Report {
  const { level: least = "info", counts } = options;
  const recent = new Map<string, number>();
  return (level, text) => {
    counts?.set(level, (counts.get(level) ?? 0) + 1);
    if (!isLogged(level, least)) return;
    const { mono, wall } = systemClock();
    for (const [line, at] of recent) {
      if (mono - at >= repeatMs) recent.delete(line);
    }
    if (level === "warning" || level === "error") {
      if (recent.has(text) || recent.size >= recentLines) return;
      recent.set(text, mono);
    }
    output.write(serverLogLine(wall, level, text));
  };
}

const repeatMs = 60_000;
/** Different lines a minute; a client that can cause more hides the rest. */
const recentLines = 1000;

// The server's log in a file of its own: written at once, so that nothing is
// lost in a crash, and moved aside when it is large or old. `LOG.1` is the one
// before, `LOG.2` the one before that. A disk that is full costs lines, never
// the server.

/** When a {@link RotatingLog} begins a new file. */
export interface RotationOptions {
  /** Bytes that a file may have. */
  readonly maxBytes: number;
  /** Age of the first line from which on a new file is begun, ms; 0 = never. */
  readonly maxAgeMs: number;
  /** Old files that are kept. */
  readonly keep: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** A log file that is moved aside when it has grown. */
export class RotatingLog {
  readonly #path: string;
  readonly #options: RotationOptions;
  #file: Deno.FsFile;
  #size: number;
  /** When its first line was written, ms since 1970. */
  #since: number;
  #skipped = 0;

  /** @throws {StartError} when the file cannot be written. */
  constructor(path: string, options: RotationOptions) {
    this.#path = path;
    this.#options = options;
    try {
      const opened = this.#open();
      this.#file = opened.file;
      this.#size = opened.size;
      this.#since = opened.since;
    } catch (error) {
      throw new StartError(
        `cannot write the log "${path}": ${reasonOf(error)}; ` +
          "choose another with --log-file",
      );
    }
  }

  /** Writes one line or several; each ends with a line feed. */
  write(text: string): void {
    const bytes = encoder.encode(text);
    if (this.#isFull(bytes.length)) this.#rotate();
    try {
      // What was torn by a full disk ends here, so that this line stands alone.
      const lead = this.#skipped > 0 ? this.#gap() : new Uint8Array(0);
      this.#writeAll(lead);
      this.#writeAll(bytes);
      this.#skipped = 0;
    } catch {
      this.#skipped++;
    }
  }

  /** Goes on in a new file: somebody else moved the old one away. */
  reopen(): void {
    try {
      const opened = this.#open();
      this.#file.close();
      this.#file = opened.file;
      this.#size = opened.size;
      this.#since = opened.since;
    } catch {
      // The one that is open is better than none.
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file.close();
  }

  #isFull(more: number): boolean {
    if (this.#size === 0) return false;
    const { maxBytes, maxAgeMs, now } = this.#options;
    return this.#size + more > maxBytes ||
      (maxAgeMs > 0 && now() - this.#since >= maxAgeMs);
  }

  #rotate(): void {
    const { keep } = this.#options;
    try {
      for (let number = keep - 1; number >= 1; number--) {
        renameIfThere(`${this.#path}.${number}`, `${this.#path}.${number + 1}`);
      }
      if (keep > 0) Deno.renameSync(this.#path, `${this.#path}.1`);
      else Deno.removeSync(this.#path);
    } catch {
      // The lines go on in the file that could not be moved.
    }
    this.reopen();
  }

  #open(): { file: Deno.FsFile; size: number; since: number } {
    refusePipe(this.#path);
    const file = Deno.openSync(this.#path, {
      append: true,
      create: true,
      mode: 0o600,
    });
    const { size, birthtime, mtime } = file.statSync();
    const now = this.#options.now();
    const since = size === 0 ? now : (birthtime ?? mtime)?.getTime() ?? now;
    return { file, size, since };
  }

  #gap(): Uint8Array {
    const lines = this.#skipped === 1 ? "line" : "lines";
    return encoder.encode(
      `\n(${this.#skipped} ${lines} could not be written)\n`,
    );
  }

  #writeAll(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length;) {
      const count = this.#file.writeSync(bytes.subarray(at));
      at += count;
      this.#size += count;
    }
  }
}

/**
 * Refuses a pipe: to open one that nobody reads, or to write to one whose reader
 * hangs, would keep the whole server waiting.
 *
 * @throws {Error} saying so.
 */
export function refusePipe(path: string): void {
  let info: Deno.FileInfo;
  try {
    info = Deno.statSync(path);
  } catch {
    // What is wrong with it shows when it is opened.
    return;
  }
  if (info.isFifo) throw new Error("it is a pipe, not a regular file");
}

function renameIfThere(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

const encoder = new TextEncoder();
