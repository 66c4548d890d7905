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
import { programFile } from "../../system/program_file.io.ts";

/** Persistent storage in a SQLite database, in a worker. */
export class WorkerStore implements Store {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiter>();
  #lastCall = 0;
  /** Why the worker takes no more calls. */
  #ended: string | undefined;

  /** Use {@link WorkerStore.open}. */
  constructor() {
    const file = programFile("lib/server/store/store.worker.ts");
    this.#worker = new Worker(file, { type: "module", name: "store" });
    this.#worker.onmessage = ({ data }) => this.#handleReply(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#end(`the database thread failed: ${event.message}`);
    };
  }

  /**
   * Opens the database, making it if need be.
   *
   * @param path Of the database file.
   * @throws {StartError} when it cannot be used.
   */
  static async open(path: string): Promise<WorkerStore> {
    const store = new WorkerStore();
    try {
      await store.#call({ method: "open", path });
      return store;
    } catch (error) {
      store.#end("the database is not open");
      throw error;
    }
  }

  load(): Promise<StoredState> {
    return this.#query("load");
  }

  async commit(writes: readonly StoreWrite[]): Promise<void> {
    await this.#call({ method: "commit", writes: packWrites(writes) });
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
    if (this.#ended !== undefined) return;
    await this.#query("close");
    this.#end("the database is closed");
  }

  #query<M extends Query>(
    method: M,
    ...args: Parameters<Store[M]>
  ): ReturnType<Store[M]> {
    return this.#call({ method, args }) as ReturnType<Store[M]>;
  }

  #call(what: WithoutNumber<StoreCall>): Promise<unknown> {
    if (this.#ended !== undefined) {
      return Promise.reject(new Error(this.#ended));
    }
    const call = ++this.#lastCall;
    return new Promise((resolve, reject) => {
      this.#waiting.set(call, { resolve, reject });
      this.#worker.postMessage({ call, ...what });
    });
  }

  #handleReply(reply: StoreReply): void {
    const waiter = this.#waiting.get(reply.call);
    this.#waiting.delete(reply.call);
    if (!("error" in reply)) waiter?.resolve(reply.value);
    else if (reply.stops) waiter?.reject(new StartError(reply.error));
    else waiter?.reject(new Error(reply.error));
  }

  #end(why: string): void {
    this.#ended ??= why;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }
}

interface Waiter {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Query = Exclude<keyof Store, "commit">;
type WithoutNumber<T> = T extends unknown ? Omit<T, "call"> : never;

// What the server and the store's worker say to each other.

/** A request to the worker; answered by a {@link StoreReply} of this number. */
export type StoreCall =
  & { readonly call: number }
  & (
    | { readonly method: "open"; readonly path: string }
    | { readonly method: "commit"; readonly writes: PackedWrites }
    | {
      readonly method: Exclude<keyof Store, "commit">;
      readonly args: readonly unknown[];
    }
  );

/** What became of a call. */
export type StoreReply =
  & { readonly call: number }
  & (
    | { readonly value: unknown }
    /** `stops`: it is a `StartError`. */
    | { readonly error: string; readonly stops: boolean }
  );
