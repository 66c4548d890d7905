/**
 * The store's thread: carries out the calls of a {@link WorkerStore} one after
 * another on a {@link SqliteStore}. Loaded as a worker, never imported.
 */
import { unpackWrites } from "./packed_writes.ts";
import { SqliteStore } from "./sqlite_store.io.ts";
import { StartError } from "../../system/errors.io.ts";
import type { StoreCall, StoreReply } from "./worker_store.io.ts";

/** What a worker has in place of a window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<StoreCall>) => void;
  postMessage(reply: StoreReply): void;
}

let store: SqliteStore | undefined;

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = async ({ data }) => {
  const { call } = data;
  try {
    scope.postMessage({ call, value: await carryOut(data) });
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const stops = error instanceof StartError;
    scope.postMessage({ call, error: text, stops });
  }
};

function carryOut(call: StoreCall): Promise<unknown> | undefined {
  if (call.method === "open") {
    store = new SqliteStore(call.path);
    return undefined;
  }
  if (store === undefined) throw new Error("the database is not open");
  if (call.method === "commit") return store.commit(unpackWrites(call.writes));
  const method = store[call.method] as (...args: unknown[]) => Promise<unknown>;
  return method.apply(store, [...call.args]);
}
