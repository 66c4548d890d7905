/**
 * `messagelog.txt` and the groups' logs. The database is the truth: a message
 * is logged after its commit, so a crash may leave a log behind the database,
 * never ahead of it. At start each log gets the lines that it lacks.
 */
import { join } from "@std/path";
import {
  compareLogStart,
  deletedText,
  deletionText,
  groupLogLine,
  messageLogLine,
  messageLogName,
} from "../log/message_log.ts";
import type {
  Store,
  StoredGroup,
  StoredMessage,
  StoredState,
} from "../server/store.ts";
import { LogAppender } from "./log_appender.ts";
import { reasonOf } from "./reason_of.ts";
import type { Report } from "./report.ts";

/** Every text log of messages in one folder. */
export class MessageLogs {
  readonly #folder: string;
  readonly #report: Report;
  readonly #appenders = new Map<string | undefined, LogAppender>();
  readonly #changed = new Set<LogAppender>();
  readonly #failing = new Set<LogAppender>();
  readonly #full = new Set<LogAppender>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #flushing: Promise<void> | undefined;

  /** @param folder That holds the logs; must exist. */
  constructor(folder: string, report: Report) {
    this.#folder = folder;
    this.#report = report;
  }

  /**
   * Repairs the logs and adds what the database has and they lack. To be
   * awaited before the first {@link append}.
   */
  async catchUp(
    store: Pick<Store, "logged">,
    state: StoredState,
  ): Promise<void> {
    const names = new Map(state.users.map(({ id, name }) => [id, name]));
    const user = (id: number) => names.get(id) ?? `#${id}`;
    await this.#catchUpOne(store, undefined, state.lastNumber, user);
    // Those that ended come first: a living one may have the name of one.
    for (const groups of [state.endedGroups, state.groups]) {
      const hasEnded = groups === state.endedGroups;
      for (const group of groups) {
        const last = state.lastGroupNumber.get(group.id) ?? 0;
        if (last === 0) continue;
        await this.#catchUpOne(store, group, last, user, hasEnded);
      }
    }
  }

  /** Adds a line, with its line feed, to the log of a group or the main one. */
  append(group: string | undefined, line: string): void {
    const appender = this.#appender(group);
    // Once a line was not taken, later ones would leave a gap that no restart
    // could find.
    if (this.#full.has(appender)) return;
    if (!appender.append(line)) {
      this.#full.add(appender);
      this.#report(
        "error",
        `log "${appender.path}" takes no more lines: it could not be ` +
          "written for too long; it is completed when the server restarts",
      );
      return;
    }
    this.#changed.add(appender);
    this.#schedule(flushAfterMs);
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

  async #catchUpOne(
    store: Pick<Store, "logged">,
    group: StoredGroup | undefined,
    last: number,
    user: (id: number) => string,
    hasEnded = false,
  ): Promise<void> {
    const appender = this.#appender(group?.name);
    const found = await appender.repair();
    const { removed } = found;
    const [first] = await store.logged(group?.id, 0, 1);
    const whose = group === undefined || first?.number !== 1
      ? "same"
      : compareLogStart(found.firstLine ?? "", first.at);
    if (whose === "later" && hasEnded) return;
    // Line 1 then moves the log of the earlier group aside.
    const lastNumber = whose === "earlier" ? 0 : found.lastNumber;
    if (removed > 0) {
      const text = `log "${appender.path}": cut off ${removed} bytes of an ` +
        "unfinished line";
      this.#report("warning", text);
    }
    if (lastNumber > last) {
      this.#report(
        "warning",
        `log "${appender.path}" goes to number ${lastNumber}, the database ` +
          `to ${last}: numbers from ${last + 1} on will repeat`,
      );
    }
    for (let after = lastNumber; after < last;) {
      const page = await store.logged(group?.id, after, pageSize);
      const end = page.at(-1);
      if (end === undefined) break;
      for (const message of page) {
        appender.append(lineOf(message, user));
      }
      await appender.flush();
      after = end.number;
    }
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

  #appender(group: string | undefined): LogAppender {
    let appender = this.#appenders.get(group);
    if (appender === undefined) {
      appender = new LogAppender(join(this.#folder, messageLogName(group)));
      this.#appenders.set(group, appender);
    }
    return appender;
  }

  #schedule(delayMs: number): void {
    if (this.#timer !== undefined || this.#flushing !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, delayMs);
  }
}

function lineOf(message: StoredMessage, user: (id: number) => string): string {
  const { number, at, sender, receiver, group, deletes } = message;
  const text = deletes !== undefined
    ? deletionText(deletes)
    : message.deleted
    ? deletedText
    : message.text;
  if (group !== undefined) {
    return groupLogLine(number, at, user(sender), text);
  }
  const to = receiver === undefined ? undefined : user(receiver);
  return messageLogLine(number, at, user(sender), to, text);
}

// With the time to write, well under the 100 ms that are promised.
const flushAfterMs = 50;
const retryAfterMs = 1000;
const pageSize = 500;
