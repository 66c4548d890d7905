/**
 * The thread of a {@link SqliteCheckpoint}: copies what it can of a database's
 * write-ahead log while others write to it. Loaded as a worker, never imported.
 */
import { DatabaseSync } from "node:sqlite";
import { answerCalls } from "../../system/thread.io.ts";
import type { CheckpointCall } from "./sqlite_checkpoint.io.ts";

let database: DatabaseSync | undefined;

// What is not copied here is copied by the store, which says what is wrong.
answerCalls((call: CheckpointCall) => {
  if (call.call === "copy") {
    database ??= open(call.path);
    database.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
  } else database?.close();
});

function open(path: string): DatabaseSync {
  // One that was taken away is not to be made anew.
  Deno.statSync(path);
  const database = new DatabaseSync(path);
  // It syncs the log before, and the database after it.
  database.exec("PRAGMA synchronous = NORMAL");
  return database;
}
