/**
 * Copies the write-ahead log of a database into it. SQLite does that within a
 * commit, which then waits for the disk, and so does all that piled up behind it.
 * Here another thread does it while commits go on, and add to the log. It begins
 * anew when all of it is copied; where that never happens by itself, what is left
 * is copied between two commits once the log is long.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { programFile } from "../../system/program_file.io.ts";

/** The checkpoints of one database, which must not do them sooner by itself. */
export class SqliteCheckpoint {
  readonly #path: string;
  readonly #look: StatementSync;
  readonly #copy: StatementSync;
  #thread: CheckpointThread | undefined;
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
    await this.#thread?.end();
    this.#thread = undefined;
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
      this.#thread ??= new CheckpointThread();
      await this.#thread.ask({ call: "copy", path: this.#path });
      if (!this.#isClosed && this.#pages.log >= longLogPages) this.#copy.get();
    } catch {
      // The next commits try it again, and SQLite itself after more of them,
      // which says what is wrong.
    }
  }
}

/** How much is copied at once, in pages of 4 KiB. */
const copyPages = 2_000;
const longLogPages = 9_000;

/** What a {@link CheckpointThread} is asked; it answers when that is done. */
export type CheckpointCall =
  | { readonly call: "copy"; readonly path: string }
  | { readonly call: "close" };

/** A thread, which {@link end} ends, and which does one thing at a time. */
class CheckpointThread {
  readonly #worker: Worker;
  #answered: (() => void) | undefined;
  #isEnded = false;

  constructor() {
    const file = programFile("lib/server/store/checkpoint.worker.ts");
    this.#worker = new Worker(file, { type: "module", name: "checkpoint" });
    this.#worker.onmessage = () => this.#answered?.();
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#stop();
    };
  }

  /** Resolves when it is done, or cannot be. */
  ask(call: CheckpointCall): Promise<void> {
    if (this.#isEnded) return Promise.resolve();
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#worker.postMessage(call);
    });
  }

  async end(): Promise<void> {
    await this.ask({ call: "close" });
    this.#stop();
  }

  #stop(): void {
    this.#isEnded = true;
    this.#worker.terminate();
    this.#answered?.();
  }
}
