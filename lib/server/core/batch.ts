/**
 * Group commit. One batch of writes is under way at a time; requests that come
 * meanwhile wait untouched and are handled together when it is done, against
 * the state that it left. So nothing is ever decided by something that is not
 * stored, a failed batch is undone exactly, and numbers stay without gaps.
 */
import type { Connection } from "../model/connection.ts";
import type { Instant } from "../../base/ports.ts";
import type { StoreWrite } from "../model/store.ts";
import { type WireError, wireError } from "../../wire/errors.ts";
import { Refusal } from "../model/refusal.ts";

/** What a request that writes does once its writes are stored, or not. */
export interface Effect {
  /**
   * The writes are stored: tell everybody.
   *
   * @returns `ok` of the reply; `undefined` when the reply follows later.
   */
  committed(now: Instant): object | undefined;
  /** Nothing was stored: puts the state in memory back. */
  undo?(): void;
}

/** A request, or a change of the server's own, that waits for its turn. */
export interface PendingWrite {
  /** Whose request it is. */
  readonly connection?: Connection;
  /** The request's id. */
  readonly id?: number | undefined;
  /**
   * Checks the request, changes the state in memory and adds the writes.
   *
   * @throws {Refusal} having changed nothing.
   */
  begin(batch: Batch, now: Instant): Effect;
}

/** Requests whose writes are stored together. */
export class Batch {
  readonly number: number;
  readonly writes: StoreWrite[] = [];
  readonly #operations: Operation[] = [];

  constructor(number: number) {
    this.number = number;
  }

  /** Handles a request: its effect, or its refusal, follows the commit. */
  add(pending: PendingWrite, now: Instant): void {
    const { connection, id } = pending;
    let outcome: Effect | Refusal;
    try {
      outcome = pending.begin(this, now);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      outcome = error;
    }
    this.#operations.push({ connection, id, outcome });
  }

  /** Everything is stored: replies and deliveries, in order. */
  committed(now: Instant): void {
    for (const { connection, id, outcome } of this.#operations) {
      if (connection !== undefined) connection.pending--;
      if (outcome instanceof Refusal) connection?.refuse(id, outcome.error);
      else {
        const ok = outcome.committed(now);
        if (ok !== undefined) connection?.reply(id, ok);
      }
    }
  }

  /** Nothing is stored: all in memory is as before. */
  undo(): void {
    for (const { outcome } of this.#operations.toReversed()) {
      if (!(outcome instanceof Refusal)) outcome.undo?.();
    }
  }

  /** Tells everybody concerned that nothing was stored. */
  refuse(error: WireError = wireError("storage_failed")): void {
    for (const { connection, id } of this.#operations) {
      if (connection === undefined) continue;
      connection.pending--;
      connection.refuse(id, error);
    }
  }
}

interface Operation {
  readonly connection: Connection | undefined;
  readonly id: number | undefined;
  readonly outcome: Effect | Refusal;
}
