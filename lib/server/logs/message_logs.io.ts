/**
 * `messagelog.txt` and the groups' logs. The database is the truth: a message
 * is logged after its commit, so a crash may leave a log behind the database,
 * never ahead of it. At start each log gets the lines that it lacks. A log that
 * is ahead of the database all the same tells that the database was set back to
 * an older copy: its numbers were given, and are not given again.
 */
import {
  compareLogStart,
  deletedText,
  deletionText,
  groupLogLine,
  messageLogLine,
  messageLogName,
} from "./message_log.ts";
import type {
  Store,
  StoredGroup,
  StoredMessage,
  StoredState,
} from "../model/store.ts";
import type { LogAppender } from "./log_appender.io.ts";
import type { Report } from "./server_log.io.ts";
import { TextLogs } from "./text_logs.io.ts";

/** Every text log of messages in one folder. */
export class MessageLogs {
  readonly #logs: TextLogs;
  readonly #report: Report;
  readonly #full = new Set<LogAppender>();

  /** @param folder That holds the logs; must exist. */
  constructor(folder: string, report: Report) {
    this.#logs = new TextLogs(folder, report);
    this.#report = report;
  }

  /**
   * Repairs the logs and adds what the database has and they lack. To be
   * awaited before the first {@link append}.
   *
   * @returns The state, with last numbers that are those of the logs where these
   * are higher.
   */
  async catchUp(
    store: Pick<Store, "logged">,
    state: StoredState,
  ): Promise<StoredState> {
    let names: Map<number, string> | undefined;
    const user = (id: number) => {
      // Most logs lack nothing.
      names ??= new Map(state.users.map(({ id, name }) => [id, name]));
      return names.get(id) ?? `#${id}`;
    };
    const lastNumber = await this.#catchUpOne(
      store,
      undefined,
      state.lastNumber,
      user,
    );
    const lastGroupNumber = new Map(state.lastGroupNumber);
    // Those that ended come first: a living one may have the name of one.
    for (const groups of [state.endedGroups, state.groups]) {
      const hasEnded = groups === state.endedGroups;
      for (const group of groups) {
        const last = state.lastGroupNumber.get(group.id) ?? 0;
        if (last === 0) continue;
        lastGroupNumber.set(
          group.id,
          await this.#catchUpOne(store, group, last, user, hasEnded),
        );
      }
    }
    return { ...state, lastNumber, lastGroupNumber };
  }

  /** Adds a line, with its line feed, to the log of a group or the main one. */
  append(group: string | undefined, line: string): void {
    const appender = this.#appender(group);
    // Once a line was not taken, later ones would leave a gap that no restart
    // could find.
    if (this.#full.has(appender)) return;
    if (this.#logs.append(appender, line)) return;
    this.#full.add(appender);
    this.#report(
      "error",
      `log "${appender.path}" takes no more lines: it could not be ` +
        "written for too long; it is completed when the server restarts",
    );
  }

  /** Writes out everything that is held. */
  flush(): Promise<void> {
    return this.#logs.flush();
  }

  /** Writes out everything that is held, once, and stops. */
  close(): Promise<void> {
    return this.#logs.close();
  }

  async #catchUpOne(
    store: Pick<Store, "logged">,
    group: StoredGroup | undefined,
    last: number,
    user: (id: number) => string,
    hasEnded = false,
  ): Promise<number> {
    const appender = this.#appender(group?.name);
    const found = await this.#logs.repair(appender);
    const [first] = await store.logged(group?.id, 0, 1);
    const whose = group === undefined || first?.number !== 1
      ? "same"
      : compareLogStart(found.firstLine ?? "", first.at);
    if (whose === "later" && hasEnded) return last;
    // Line 1 then moves the log of the earlier group aside.
    const lastNumber = whose === "earlier" ? 0 : found.lastNumber;
    if (lastNumber > last) {
      this.#report(
        "warning",
        `log "${appender.path}" goes to number ${lastNumber}, the database ` +
          `to ${last}: it was set back to an older copy; numbers go on from ` +
          `${lastNumber + 1}`,
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
    // A later group of this name has numbers of its own.
    return whose === "same" ? Math.max(last, lastNumber) : last;
  }

  #appender(group: string | undefined): LogAppender {
    return this.#logs.appender(messageLogName(group));
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

const pageSize = 500;
