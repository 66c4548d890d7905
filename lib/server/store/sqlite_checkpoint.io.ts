/**
 * Copies the write-ahead log of a database into it. SQLite does that within a
 * commit, which then waits for the disk, and so does all that piled up behind it:
 * nine tenths of that time are spent on writing out the log. Here the log is
 * written out by another thread while commits go on, and copied afterwards.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";

/** The checkpoints of one database, which must not do them sooner by itself. */
export class SqliteCheckpoint {
  readonly #path: string;
  readonly #look: StatementSync;
  readonly #copy: StatementSync;
  #log: Deno.FsFile | undefined;
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
    if (this.#underWay !== undefined || this.#waitingPages < logPages) return;
    this.#underWay = this.#run().finally(() => this.#underWay = undefined);
  }

  /** Ends, before the database is closed. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#underWay;
    this.#log?.close();
    this.#log = undefined;
  }

  /** Pages of the log that are not in the database. */
  get #waitingPages(): number {
    try {
      const { log, checkpointed } = this.#look.get() ?? {};
      return Number(log) - Number(checkpointed);
    } catch {
      // What is committed is committed all the same.
      return 0;
    }
  }

  async #run(): Promise<void> {
    try {
      // Not read-only: elsewhere than on Linux only a writer may sync. It stays
      // open, and that of the database is never opened: on Linux a process loses
      // all its locks of a file when it closes it once.
      const options = { read: true, write: true };
      this.#log ??= await Deno.open(`${this.#path}-wal`, options);
      await this.#log.sync();
      if (!this.#isClosed) this.#copy.get();
    } catch {
      // The next commits try it again, and SQLite itself after more of them,
      // which says what is wrong.
    }
  }
}

/** How much is copied at once, in pages of 4 KiB. */
const logPages = 2_000;
