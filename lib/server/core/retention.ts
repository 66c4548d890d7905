/**
 * Removes old messages a few at a time, so that nobody notices: once in a while
 * a pass goes over what is old, from the first message on, with a pause after
 * each step.
 */
import type { Instant } from "../../base/ports.ts";
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

  /** @param keepMs How long messages are kept; 0 for ever. */
  constructor(server: ServerContext, keepMs: number, now: Instant) {
    this.#server = server;
    this.#keepMs = keepMs;
    if (keepMs > 0) this.#dueAt = now.mono + firstPassMs;
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  get timeout(): number | undefined {
    return this.#underWay ? undefined : this.#dueAt;
  }

  handleTimeout(now: Instant): void {
    const { timeout } = this;
    if (timeout === undefined || now.mono < timeout) return;
    if (this.#server.stopping) return;
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
}

/** From the start of the server to the first pass, ms. */
const firstPassMs = 5_000;
/** Between two steps: a few per cent of the store's time, ms. */
const stepMs = 100;
/** Between two passes, ms. */
const passMs = 3_600_000;
