import type { UserLogEntry } from "../model/actions.ts";
import type { Report } from "./server_log.io.ts";
import { reasonOf } from "../../system/errors.io.ts";
import { formatTime } from "../../base/time.ts";
import { logLine } from "../../base/log_line.ts";
import { delay } from "../../system/clock.io.ts";

/**
 * `userlog.txt`: who is online now. The file is replaced whole, one
 * replacement at a time; what changes meanwhile is in the next one. The longer a
 * list takes the longer the next one waits, so a storm of logins spends little
 * on it: with 100 online some fifty replacements a second, with 10,000 about
 * four.
 */
export class UserLogFile {
  readonly #path: string;
  readonly #replace: (path: string, text: string) => Promise<void>;
  readonly #report: Report;
  #list: (() => readonly UserLogEntry[]) | undefined;
  #writing: Promise<void> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #failing = false;
  #closed = false;

  /** @param replace Replaces a file atomically. */
  constructor(
    path: string,
    replace: (path: string, text: string) => Promise<void>,
    report: Report,
  ) {
    this.#path = path;
    this.#replace = replace;
    this.#report = report;
  }

  /**
   * Who is online has changed.
   *
   * @param list Called when the file is written: those that are online then.
   */
  set(list: () => readonly UserLogEntry[]): void {
    this.#list = list;
    this.#writing ??= this.#writeAll();
  }

  /** Waits until the last list is written, or could not be. */
  async flush(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  /** Flushes and gives up what could not be written. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    clearTimeout(this.#retry);
  }

  async #writeAll(): Promise<void> {
    clearTimeout(this.#retry);
    while (this.#list !== undefined) {
      const list = this.#list;
      this.#list = undefined;
      const began = performance.now();
      const text = userLogText(list());
      const tookMs = performance.now() - began;
      try {
        await this.#replace(this.#path, text);
        if (this.#failing) {
          this.#report("warning", `"${this.#path}" is written again`);
        }
        this.#failing = false;
        await this.#pause(tookMs);
      } catch (error) {
        this.#list ??= list;
        this.#handleFailure(error);
        break;
      }
    }
    this.#writing = undefined;
  }

  /** Between replacements, unless the server ends: others have their turn. */
  #pause(tookMs: number): Promise<void> | undefined {
    if (this.#list === undefined || this.#closed) return undefined;
    const ms = Math.max(pauseMs, pauseShare * tookMs);
    return delay(ms);
  }

  #handleFailure(error: unknown): void {
    if (!this.#failing) {
      const text = `"${this.#path}" cannot be written: ${reasonOf(error)}; ` +
        "it is tried again";
      this.#report("error", text);
    }
    this.#failing = true;
    if (this.#closed) return;
    this.#retry = setTimeout(() => {
      this.#writing ??= this.#writeAll();
    }, retryAfterMs);
  }
}

const pauseMs = 20;
/** What waits after a list, as a multiple of the time that it took. */
const pauseShare = 20;
const retryAfterMs = 1000;

/** Who is online, as `userlog.txt` shows it. */
export interface UserLogLine {
  /** Login time, ms since 1970 UTC. */
  readonly since: number;
  readonly user: string;
  readonly ip: string;
  readonly udpPort: number;
}

/**
 * The contents of `userlog.txt`: a line for everyone online,
 * numbered from 1, `1; 01 Jun 2026 21:30:04; yoda; 129.64.31.13; 6666`.
 */
export function userLogText(entries: readonly UserLogLine[]): string {
  let text = "";
  let number = 0;
  for (const { since, user, ip, udpPort } of entries) {
    text += logLine(++number, formatTime(since), user, ip, udpPort);
  }
  return text;
}
