/**
 * The thread of a {@link SqliteCheckpoint}: copies what it can of a database's
 * write-ahead log while others write to it. Loaded as a worker, never imported.
 */
import { DatabaseSync } from "node:sqlite";
import type { CheckpointCall } from "./sqlite_checkpoint.io.ts";

/** What a worker has in place of a window. */
interface WorkerScope {
  onmessage: (event: MessageEvent<CheckpointCall>) => void;
  postMessage(answer: undefined): void;
}

let database: DatabaseSync | undefined;

const scope = globalThis as unknown as WorkerScope;
scope.onmessage = ({ data }) => {
  try {
    if (data.call === "copy") {
      database ??= open(data.path);
      database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
    } else database?.close();
  } catch {
    // What is not copied here is copied by the store, which says what is wrong.
  }
  scope.postMessage(undefined);
};

function open(path: string): DatabaseSync {
  // One that was taken away is not to be made anew.
  Deno.statSync(path);
  const database = new DatabaseSync(path);
  // It syncs the log before, and the database after it.
  database.exec("PRAGMA synchronous = NORMAL");
  return database;
}
