/**
 * Numbered text logs in one folder: what is added to them is written out
 * together a moment later, tried again while the disk does not take it, and
 * said so once.
 */
import { join } from "@std/path";
import { LogAppender } from "./log_appender.io.ts";
import { reasonOf } from "../../system/errors.io.ts";
import type { Report } from "./server_log.io.ts";

/** Logs by their file names. */
export class TextLogs {
  readonly #folder: string;
  readonly #report: Report;
  readonly #appenders = new Map<string, LogAppender>();
  readonly #changed = new Set<LogAppender>();
  readonly #failing = new Set<LogAppender>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> | undefined;

  /** @param folder That holds the logs; must exist. */
  constructor(folder: string, report: Report) {
    this.#folder = folder;
    this.#report = report;
  }

  /** The log called `name`. */
  appender(name: string): LogAppender {
    let appender = this.#appenders.get(name);
    if (appender === undefined) {
      appender = new LogAppender(join(this.#folder, name));
      this.#appenders.set(name, appender);
    }
    return appender;
  }

  /**
   * Adds a line, with its line feed, to a log.
   *
   * @returns `false` when it was not taken: too much waits already.
   */
  append(appender: LogAppender, line: string): boolean {
    if (!appender.append(line)) return false;
    this.#changed.add(appender);
    this.#schedule(flushAfterMs);
    return true;
  }

  /**
   * Cuts off what a crash left unfinished at a log's end, which is reported. To
   * be called before the first line is added.
   */
  async repair(appender: LogAppender): ReturnType<LogAppender["repair"]> {
    const found = await appender.repair();
    if (found.removed > 0) {
      const text = `log "${appender.path}": cut off ${found.removed} bytes ` +
        "of an unfinished line";
      this.#report("warning", text);
    }
    return found;
  }

  /** Writes out everything that is held. */
  async flush(): Promise<void> {
    while (this.#flushing !== undefined) await this.#flushing;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushAll();
    await this.#flushing;
    this.#flushing = undefined;
    if (this.#changed.size > 0) {
      this.#schedule(this.#failing.size > 0 ? retryAfterMs : flushAfterMs);
    }
  }

  /** Writes out everything that is held, once, and stops. */
  async close(): Promise<void> {
    await this.flush();
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #flushAll(): Promise<void> {
    const appenders = [...this.#changed];
    this.#changed.clear();
    for (const appender of appenders) {
      try {
        await appender.flush();
        if (this.#failing.delete(appender)) {
          this.#report("warning", `log "${appender.path}" is written again`);
        }
      } catch (error) {
        this.#changed.add(appender);
        if (this.#failing.has(appender)) continue;
        this.#failing.add(appender);
        this.#report(
          "error",
          `log "${appender.path}" cannot be written: ${reasonOf(error)}; ` +
            "its lines are kept and tried again",
        );
      }
    }
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#flushing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, delayMs);
  }
}

// With the time to write, well under the 100 ms that are promised.
const flushAfterMs = 50;
const retryAfterMs = 1000;
