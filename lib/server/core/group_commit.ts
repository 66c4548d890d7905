/**
 * Decides when a {@link Batch} begins: as soon as requests wait and none is
 * under way, or when background writes have waited long enough. When more
 * requests wait than one batch takes, the next batch is prepared while the store
 * works on the one before, so that the store never waits: its requests see the
 * state that the other batch will leave, as they would in the same batch, and
 * nothing of it is sent or told before that one is stored. When that fails, both
 * are undone.
 */
import { errorMessages, wireError } from "../../wire/errors.ts";
import type { Instant } from "../../base/ports.ts";
import type { TakenWrites } from "./background_writes.ts";
import { Batch } from "./batch.ts";
import { endMemberships } from "./departure.ts";
import type { ServerContext } from "./server_context.ts";

/** The batches of a server, one after another. */
export class GroupCommit {
  readonly #server: ServerContext;
  #underWay: Prepared | undefined;
  /** Goes to the store next. */
  #prepared: Prepared | undefined;
  /** Stored, but nobody was told yet; oldest first. */
  #stored: Batch[] = [];
  readonly #batchRequests: number;
  #lastBatch = 0;
  /** When background writes are stored if no batch takes them, monotonic ms. */
  #flushAt: number | undefined;
  /** True when the last batch could not be stored. */
  #isFailing = false;

  constructor(server: ServerContext) {
    this.#server = server;
    this.#batchRequests = server.options.batchRequests ?? standardBatchRequests;
  }

  /** True when no batch is under way. */
  get isIdle(): boolean {
    return this.#underWay === undefined && this.#prepared === undefined &&
      this.#stored.length === 0;
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
    this.#tellStored(now);
    while (this.#underWay === undefined && this.#begin(now));
    if (
      this.#underWay !== undefined && this.#prepared === undefined &&
      this.#server.pending.length >= this.#batchRequests
    ) this.#prepared = this.#prepare(now);
  }

  /** The next batch goes to the store first; {@link start} tells of this one. */
  handleCommitted(number: number): void {
    const done = this.#take(number);
    if (done === undefined) return;
    this.#stored.push(done.batch);
    if (this.#isFailing) {
      this.#isFailing = false;
      this.#server.actions.report("warning", "messages are stored again");
    }
    this.#server.metrics.noteStored(done.batch.writes);
    const next = this.#prepared;
    // One without writes would be told at once, before the one just stored.
    if (next !== undefined && next.batch.writes.length > 0) {
      this.#prepared = undefined;
      this.#send(next);
    }
  }

  handleCommitFailed(number: number, now: Instant): void {
    const failed = this.#take(number);
    if (failed === undefined) return;
    // Those before it come first, whatever became of it.
    this.#tellStored(now);
    const { background, actions } = this.#server;
    const next = this.#prepared;
    this.#prepared = undefined;
    next?.batch.undo();
    failed.batch.undo();
    failed.batch.refuse();
    next?.batch.refuse();
    for (const { taken } of next ? [failed, next] : [failed]) {
      background.giveBack(taken);
    }
    this.#server.metrics.failedCommits++;
    this.#flushAt = now.mono + retryMs;
    this.#isFailing = true;
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
    const isDue = this.#flushAt !== undefined && now.mono >= this.#flushAt;
    const prepared = this.#prepared;
    if (
      prepared === undefined && this.#server.pending.length === 0 && !isDue
    ) return false;
    this.#prepared = undefined;
    const next = prepared ?? this.#prepare(now);
    if (next.batch.writes.length === 0) next.batch.committed(now);
    else this.#send(next);
    return true;
  }

  #prepare(now: Instant): Prepared {
    const { pending, background, logins } = this.#server;
    const batch = new Batch(++this.#lastBatch);
    background.noteFailures(logins.takeFailures());
    const taken = background.take(batch.writes, logins, now);
    this.#flushAt = undefined;
    for (const user of taken.departed) {
      const begin = () => endMemberships(this.#server, user, batch, now);
      batch.add({ begin }, now);
    }
    for (const each of pending.splice(0, this.#batchRequests)) {
      batch.add(each, now);
    }
    return { batch, taken };
  }

  #send(next: Prepared): void {
    this.#underWay = next;
    const { number, writes } = next.batch;
    this.#server.actions.push({ action: "commit", batch: number, writes });
  }

  #tellStored(now: Instant): void {
    const stored = this.#stored;
    this.#stored = [];
    for (const batch of stored) batch.committed(now);
  }

  #take(number: number) {
    const current = this.#underWay;
    if (current?.batch.number !== number) return undefined;
    this.#underWay = undefined;
    return current;
  }
}

/** A batch that is ready for the store. */
interface Prepared {
  readonly batch: Batch;
  readonly taken: TakenWrites;
}

/**
 * Requests handled in one batch, at most: while the store works on one batch,
 * the next requests are read and what the last one caused is written.
 */
const standardBatchRequests = 1024;
/** How long background writes wait for a batch to ride along with, ms. */
const flushMs = 200;
/** How soon background writes are tried again after a failure, ms. */
const retryMs = 1000;
