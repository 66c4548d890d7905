/**
 * Copies the write-ahead log of a database into it. SQLite does that within a
 * commit, which then waits for the disk, and so does all that piled up behind it.
 * Here another thread does it while commits go on, and add to the log. It begins
 * anew when all of it is copied; where that never happens by itself, what is left
 * is copied between two commits once the log is long.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { Thread } from "../../system/thread.io.ts";

/** The checkpoints of one database, which must not do them sooner by itself. */
export class SqliteCheckpoint {
  readonly #path: string;
  readonly #look: StatementSync;
  readonly #copy: StatementSync;
  #thread: Thread<CheckpointCall> | undefined;
  #underWay: Promise<void> | undefined;
  #isClosed = false;

  /** @param path Of the database's file. */
  constructor(database: DatabaseSync, path: string) {
    this.#path = path;
    this.#look = database.prepare("PRAGMA wal_checkpoint(NOOP)");
    this.#copy = database.prepare("PRAGMA wal_checkpoint(PASSIVE)");
  }

  /** After a commit: begins when there is enough to copy. */
  handleCommit(): void {
    if (this.#underWay !== undefined) return;
    const { log, copied } = this.#pages;
    if (log - copied < copyPages) return;
    this.#underWay = this.#run().finally(() => this.#underWay = undefined);
  }

  /** Ends, before the database is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#underWay;
    await this.#ask({ call: "close" });
    this.#thread?.stop();
  }

  /** Pages of the log, and how many of them are in the database. */
  get #pages(): { readonly log: number; readonly copied: number } {
    try {
      const { log, checkpointed } = this.#look.get() ?? {};
      return { log: Number(log), copied: Number(checkpointed) };
    } catch {
      // What is committed is committed all the same.
      return { log: 0, copied: 0 };
    }
  }

  async #run(): Promise<void> {
    try {
      this.#thread ??= new Thread(
        threadFile,
        "the thread of the database's log",
      );
      await this.#ask({ call: "copy", path: this.#path });
      if (!this.#isClosed && this.#pages.log >= longLogPages) this.#copy.get();
    } catch {
      // The next commits try it again, and SQLite itself after more of them,
      // which says what is wrong.
    }
  }

  /** Resolves when it is done, or cannot be. */
  async #ask(call: CheckpointCall): Promise<void> {
    await this.#thread?.ask(call).catch(() => {});
  }
}

const threadFile = "lib/server/store/checkpoint.worker.ts";
/** How much is copied at once, in pages of 4 KiB. */
const copyPages = 2_000;
const longLogPages = 9_000;

/** What the thread is asked; it answers when that is done. */
export type CheckpointCall =
  | { readonly call: "copy"; readonly path: string }
  | { readonly call: "close" };
