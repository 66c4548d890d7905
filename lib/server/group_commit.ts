/**
 * Decides when a {@link Batch} begins: as soon as requests wait and none is
 * under way, or when background writes have waited long enough.
 */
import { errorMessages, wireError } from "../protocol/errors.ts";
import type { Instant } from "../protocol/instant.ts";
import type { TakenWrites } from "./background_writes.ts";
import { Batch } from "./batch.ts";
import { endMemberships } from "./departure.ts";
import type { ServerContext } from "./server_context.ts";

/** The batches of a server, one after another. */
export class GroupCommit {
  readonly #server: ServerContext;
  #underWay: { readonly batch: Batch; readonly taken: TakenWrites } | undefined;
  #lastBatch = 0;
  /** When background writes are stored if no batch takes them, monotonic ms. */
  #flushAt: number | undefined;

  constructor(server: ServerContext) {
    this.#server = server;
  }

  /** True when no batch is under way. */
  get isIdle(): boolean {
    return this.#underWay === undefined;
  }

  /** When {@link start} is to be called without a request, monotonic ms. */
  get timeout(): number | undefined {
    return this.isIdle ? this.#flushAt : undefined;
  }

  /** Sees to it that background writes are stored soon. */
  scheduleFlush(now: Instant): void {
    if (!this.#server.background.isEmpty) this.#flushAt ??= now.mono + flushMs;
  }

  /** Has background writes stored with the next {@link start}. */
  flush(now: Instant): void {
    if (!this.#server.background.isEmpty) this.#flushAt = now.mono;
  }

  /**
   * Begins batches while there is something to do and none is under way:
   * requests that turn out to store nothing are answered at once.
   */
  start(now: Instant): void {
    while (this.#underWay === undefined && this.#begin(now));
  }

  handleCommitted(number: number, now: Instant): void {
    this.#take(number)?.batch.committed(now);
  }

  handleCommitFailed(number: number, now: Instant): void {
    const failed = this.#take(number);
    if (failed === undefined) return;
    const { background, actions } = this.#server;
    failed.batch.failed();
    background.giveBack(failed.taken);
    this.#flushAt = now.mono + retryMs;
    actions.report("error", errorMessages.storage_failed);
  }

  /** Nothing more is begun: tells everyone whose request still waits. */
  refusePending(): void {
    for (const { connection, id } of this.#server.pending.splice(0)) {
      connection.pending--;
      connection.entering = false;
      connection.refuse(id, wireError("shutting_down"));
    }
  }

  /** False when there was nothing to do. */
  #begin(now: Instant): boolean {
    const { pending, background, actions } = this.#server;
    const isDue = this.#flushAt !== undefined && now.mono >= this.#flushAt;
    if (pending.length === 0 && !isDue) return false;
    const batch = new Batch(++this.#lastBatch);
    const taken = background.take(batch.writes);
    this.#flushAt = undefined;
    for (const user of taken.departed) {
      const begin = () => endMemberships(this.#server, user, batch, now);
      batch.add({ begin }, now);
    }
    for (const each of pending.splice(0, batchRequests)) batch.add(each, now);
    if (batch.writes.length === 0) {
      batch.committed(now);
      return true;
    }
    this.#underWay = { batch, taken };
    const { number, writes } = batch;
    actions.push({ action: "commit", batch: number, writes });
    return true;
  }

  #take(number: number) {
    const current = this.#underWay;
    if (current?.batch.number !== number) return undefined;
    this.#underWay = undefined;
    return current;
  }
}

/**
 * Requests handled in one batch, at most: while the store works on one batch,
 * the next requests are read and what the last one caused is written.
 */
const batchRequests = 1024;
/** How long background writes wait for a batch to ride along with, ms. */
const flushMs = 200;
/** How soon background writes are tried again after a failure, ms. */
const retryMs = 1000;
