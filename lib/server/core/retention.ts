/**
 * Removes old messages a few at a time, so that nobody notices: once in a while
 * a pass goes over what is old, from the first message on, with a pause after
 * each step.
 *
 * What is removed is gone, and how old it is only the clock knows. So where that
 * has gone forward much further than there was time for, nothing is removed for
 * some days: it may be set right until then.
 */
import type { Instant } from "../../base/ports.ts";
import { formatTime } from "../../base/time.ts";
import { limits } from "../../wire/limits.ts";
import type { ServerContext } from "./server_context.ts";

/** Decides when the next step of removing is due. */
export class Retention {
  readonly #server: ServerContext;
  readonly #keepMs: number;
  #dueAt: number | undefined;
  #underWay = false;
  /** Where the next step begins. */
  #after = 0;
  /** The wall clock less the monotonic one, as it was when it was looked at last. */
  #offset: number;

  /** @param keepMs How long messages are kept; 0 for ever. */
  constructor(server: ServerContext, keepMs: number, now: Instant) {
    this.#server = server;
    this.#keepMs = keepMs;
    this.#offset = now.wall - now.mono;
    if (keepMs === 0) return;
    this.#dueAt = now.mono + firstPassMs;
    let lastSeen = 0;
    for (const user of server.directory.users()) {
      lastSeen = Math.max(lastSeen, user.lastSeen);
    }
    if (lastSeen > 0 && now.wall - lastSeen > this.#credibleMs) {
      this.#doubt(now, now.wall - lastSeen, "anybody was here");
    }
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  get timeout(): number | undefined {
    return this.#underWay ? undefined : this.#dueAt;
  }

  handleTimeout(now: Instant): void {
    const { timeout } = this;
    if (timeout === undefined || now.mono < timeout) return;
    if (this.#server.stopping) return;
    const offset = now.wall - now.mono;
    const jump = offset - this.#offset;
    this.#offset = offset;
    if (jump > this.#credibleMs) {
      return this.#doubt(now, jump, "it was looked at last");
    }
    this.#underWay = true;
    const gone = [...this.#server.directory.users()]
      .filter((user) => !user.active).map((user) => user.id);
    const olderThan = now.wall - this.#keepMs;
    const liveSince = now.wall - limits.deviceMs;
    const purge = { olderThan, after: this.#after, gone, liveSince };
    this.#server.actions.push({ action: "purge", purge });
  }

  /** A step is done. @param next Where to go on; `undefined` after the last. */
  handlePurged(next: number | undefined, now: Instant): void {
    this.#underWay = false;
    this.#after = next ?? 0;
    this.#dueAt = now.mono + (next === undefined ? passMs : stepMs);
  }

  /** A step could not be made: tries again with the next pass. */
  handleFailed(now: Instant): void {
    this.handlePurged(undefined, now);
  }

  /** What goes forward by more may be wrong, ms; a machine may have slept. */
  get #credibleMs(): number {
    return Math.min(this.#keepMs, credibleMs);
  }

  #doubt({ mono, wall }: Instant, ms: number, since: string): void {
    this.#after = 0;
    this.#dueAt = mono + doubtMs;
    const days = Math.round(ms / dayMs);
    this.#server.actions.report(
      "warning",
      `the clock is ${days} days further than when ${since}; if it is wrong, ` +
        "set it: what is older than --keep-days is not removed before " +
        formatTime(wall + doubtMs),
    );
  }
}

/** From the start of the server to the first pass, ms. */
const firstPassMs = 5_000;
/** Between two steps: a few per cent of the store's time, ms. */
const stepMs = 100;
/** Between two passes, ms. */
const passMs = 3_600_000;
const dayMs = 86_400_000;
/** By how much a clock may go forward, unless messages are kept for less, ms. */
const credibleMs = 30 * dayMs;
/** For how long nothing is removed where it is more, ms. */
const doubtMs = 3 * dayMs;
