/**
 * `messagelog.txt` and the groups' logs. The database is the truth: a message
 * is logged after its commit, so a crash may leave a log behind the database,
 * never ahead of it. At start each log gets the lines that it lacks, on a node
 * beside everything else: what is said meanwhile waits for these. A log that
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
import { pause } from "../../system/clock.io.ts";
import type { LogAppender } from "./log_appender.io.ts";
import type { Report } from "./server_log.io.ts";
import { TextLogs } from "./text_logs.io.ts";

/** Every text log of messages in one folder. */
export class MessageLogs {
  readonly #logs: TextLogs;
  readonly #report: Report;
  readonly #full = new Set<LogAppender>();
  /** What logs lack, in the order in which it is added. */
  readonly #gaps = new Map<LogAppender, Gap>();
  readonly #closing = new AbortController();
  #completing: Promise<void> = Promise.resolve();

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
    const found = await this.look(store, state);
    for (const gap of this.#gaps.values()) await this.#fill(store, gap);
    return found;
  }

  /**
   * The same, but what they lack is added by {@link complete}, which may take
   * long: where a node has never written them, it is all that was ever said.
   */
  async look(
    store: Pick<Store, "logged">,
    state: StoredState,
  ): Promise<StoredState> {
    let names: Map<number, string> | undefined;
    const user = (id: number) => {
      // Most logs lack nothing.
      names ??= new Map(state.users.map(({ id, name }) => [id, name]));
      return names.get(id) ?? `#${id}`;
    };
    const lastNumber = await this.#lookAt(
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
          await this.#lookAt(store, group, last, user, hasEnded),
        );
        const gap = this.#gaps.get(this.#appender(group.name));
        if (hasEnded && gap !== undefined) await this.#fill(store, gap);
      }
    }
    return { ...state, lastNumber, lastGroupNumber };
  }

  /** Adds what {@link look} found that the logs lack, beside all else. */
  complete(store: Pick<Store, "logged">): void {
    this.#completing = this.#complete(store);
  }

  /** Adds a line, with its line feed, to the log of a group or the main one. */
  append(group: string | undefined, line: string): void {
    const appender = this.#appender(group);
    // Once a line was not taken, later ones would leave a gap that no restart
    // could find.
    if (this.#full.has(appender)) return;
    const gap = this.#gaps.get(appender);
    const isTaken = gap === undefined
      ? this.#logs.append(appender, line)
      : gap.hold(line);
    if (isTaken) return;
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
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#completing;
    await this.#logs.close();
  }

  /** The last number of a log; what it lacks is noted. */
  async #lookAt(
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
    if (lastNumber < last) {
      const place = { group: group?.id, after: lastNumber, last };
      this.#gaps.set(appender, new Gap(appender, place, user));
    }
    // A later group of this name has numbers of its own.
    return whose === "same" ? Math.max(last, lastNumber) : last;
  }

  async #complete(store: Pick<Store, "logged">): Promise<void> {
    const { signal } = this.#closing;
    for (const gap of this.#gaps.values()) {
      while (!signal.aborted) {
        try {
          await this.#fill(store, gap);
          break;
        } catch {
          // The database is away, or the disk is full, of which others tell;
          // or the server ends, and the rest is added at its next start.
          await pause(retryMs, signal);
        }
      }
    }
  }

  /** Adds what is lacking, and then what was said meanwhile. */
  async #fill(store: Pick<Store, "logged">, gap: Gap): Promise<void> {
    const { appender, user, place } = gap;
    while (place.after < place.last && !this.#closing.signal.aborted) {
      // What could not be written is still held.
      await appender.flush();
      const page = await store.logged(place.group, place.after, pageSize);
      const end = page.at(-1);
      if (end === undefined) break;
      for (const message of page) {
        // What was said meanwhile is there already, and is held.
        if (message.number > place.last) break;
        appender.append(lineOf(message, user));
      }
      place.after = end.number;
    }
    await appender.flush();
    if (this.#closing.signal.aborted) return;
    this.#gaps.delete(appender);
    for (const line of gap.held) {
      if (!this.#logs.append(appender, line)) {
        return void this.#full.add(appender);
      }
    }
  }

  #appender(group: string | undefined): LogAppender {
    return this.#logs.appender(messageLogName(group));
  }
}

/** What a log lacks. */
class Gap {
  readonly appender: LogAppender;
  /** Of a group, or of messagelog.txt; up to where it was added, and is to be. */
  readonly place: { group: number | undefined; after: number; last: number };
  readonly user: (id: number) => string;
  /** What was said meanwhile, in order. */
  readonly held: string[] = [];
  #heldCharacters = 0;

  constructor(
    appender: LogAppender,
    place: Gap["place"],
    user: (id: number) => string,
  ) {
    this.appender = appender;
    this.place = place;
    this.user = user;
  }

  /** Keeps a line; false when there are too many. */
  hold(line: string): boolean {
    if (this.#heldCharacters + line.length > mostHeldCharacters) return false;
    this.#heldCharacters += line.length;
    this.held.push(line);
    return true;
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
/** How soon it is gone on with what a log lacks, when that failed, ms. */
const retryMs = 1_000;
/** How much may wait until one log has what it lacks. */
const mostHeldCharacters = 8 * 1024 * 1024;
