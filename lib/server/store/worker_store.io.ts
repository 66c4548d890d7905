/**
 * The SQLite store in a thread of its own: SQLite works where it is called, and
 * while it stores what some sent, or waits for the disk, the server goes on
 * reading and writing for everybody.
 */
import type {
  Found,
  InboxReader,
  Lookup,
  Purge,
  Store,
  StoredMessage,
  StoredRequest,
  StoredState,
  StoreWrite,
} from "../model/store.ts";
import { type PackedWrites, packWrites } from "./packed_writes.ts";
import { StartError } from "../../system/errors.io.ts";
import { Thread } from "../../system/thread.io.ts";

/** Persistent storage in a SQLite database, in a worker. */
export class WorkerStore implements Store {
  readonly #thread = new Thread<StoreCall>(
    "lib/server/store/store.worker.ts",
    "the database thread",
    ({ name, message }) =>
      name === "StartError" ? new StartError(message) : new Error(message),
  );

  /** Use {@link WorkerStore.open}. */
  private constructor() {}

  /**
   * Opens the database, making it if need be.
   *
   * @param path Of the database file.
   * @throws {StartError} when it cannot be used.
   */
  static async open(path: string): Promise<WorkerStore> {
    const store = new WorkerStore();
    try {
      await store.#thread.ask({ method: "open", path });
      return store;
    } catch (error) {
      store.#thread.stop("the database is not open");
      throw error;
    }
  }

  load(): Promise<StoredState> {
    return this.#query("load");
  }

  async commit(writes: readonly StoreWrite[]): Promise<void> {
    await this.#thread.ask({ method: "commit", writes: packWrites(writes) });
  }

  inbox(
    reader: InboxReader,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    return this.#query("inbox", reader, after, limit);
  }

  logged(
    group: number | undefined,
    after: number,
    limit: number,
  ): Promise<StoredMessage[]> {
    return this.#query("logged", group, after, limit);
  }

  lookUp(lookup: Lookup): Promise<Found> {
    return this.#query("lookUp", lookup);
  }

  purge(purge: Purge): Promise<number | undefined> {
    return this.#query("purge", purge);
  }

  requests(): Promise<StoredRequest[]> {
    return this.#query("requests");
  }

  async close(): Promise<void> {
    if (this.#thread.isEnded) return;
    await this.#query("close");
    this.#thread.stop("the database is closed");
  }

  #query<M extends Query>(
    method: M,
    ...args: Parameters<Store[M]>
  ): ReturnType<Store[M]> {
    return this.#thread.ask({ method, args }) as ReturnType<Store[M]>;
  }
}

type Query = Exclude<keyof Store, "commit">;

/** What the store's worker is asked. */
export type StoreCall =
  | { readonly method: "open"; readonly path: string }
  | { readonly method: "commit"; readonly writes: PackedWrites }
  | { readonly method: Query; readonly args: readonly unknown[] };
