/**
 * The store's thread: carries out the calls of a {@link WorkerStore} one after
 * another on a {@link SqliteStore}. Loaded as a worker, never imported.
 */
import { unpackWrites } from "./packed_writes.ts";
import { SqliteStore } from "./sqlite_store.io.ts";
import { answerCalls } from "../../system/thread.io.ts";
import type { StoreCall } from "./worker_store.io.ts";

let store: SqliteStore | undefined;
let indexing: ReturnType<typeof setTimeout> | undefined;
/** What was stored since the last step, and when that was, ms. */
let stored = 0;
let indexedAt = performance.now();

/**
 * Takes what is new into the index of the search, in steps of some
 * milliseconds and with pauses: messages are stored in the same thread. While
 * they come fast the pauses are long.
 */
function indexSoon(waitMs: number): void {
  indexing ??= setTimeout(() => {
    indexing = undefined;
    const start = performance.now();
    const isBusy = stored > busyRate * (start - indexedAt);
    stored = 0;
    indexedAt = start;
    try {
      if (store?.index() === false) return;
    } catch {
      // The disk may have room again later; what is not in it is found as well.
      return indexSoon(retryMs);
    }
    const pause = pauses * (performance.now() - start);
    indexSoon(Math.max(isBusy ? busyPauseMs : pauseMs, pause));
  }, waitMs);
}

/** Before the first step, and at least between two, ms. */
const pauseMs = 50;
/** How much longer the pause after a step is than the step. */
const pauses = 19;
/** More than the steps keep up with, writes per ms, and the pauses then, ms. */
const busyRate = 1;
const busyPauseMs = 1_000;
const retryMs = 10_000;

answerCalls(carryOut);

function carryOut(call: StoreCall): Promise<unknown> | undefined {
  if (call.method === "open") {
    store = new SqliteStore(call.path);
    indexSoon(pauseMs);
    return undefined;
  }
  if (store === undefined) throw new Error("the database is not open");
  if (call.method === "commit") {
    indexSoon(pauseMs);
    const writes = unpackWrites(call.writes);
    stored += writes.length;
    return store.commit(writes);
  }
  if (call.method === "close") {
    clearTimeout(indexing);
    const closing = store.close();
    store = undefined;
    return closing;
  }
  const method = store[call.method] as (...args: unknown[]) => Promise<unknown>;
  return method.apply(store, [...call.args]);
}
