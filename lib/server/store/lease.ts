/**
 * Who of several nodes is the core. The only truth about that is a row in their
 * database: a node that takes it has it until it expires, by the database's
 * clock, and renews it each second. What the core stores is checked against the
 * row in the transaction that stores it.
 */
import type { Store } from "../model/store.ts";

/** A node, as its {@link Lease} talks to it. */
export interface LeaseOwner {
  /**
   * This node is the core now; to be served from `Lease.openStore`.
   *
   * @param term Higher than that of any core before.
   */
  handleHeld(term: number): void;
  /** This node is not the core any more, and stores nothing: to stop at once. */
  handleLost(why: string): void;
  /** Another node is the core; an empty name where none is. */
  handleOther(holder: string, term: number): void;
  /** Whether the database answers. */
  handleReachable(isReachable: boolean): void;
  /** This node can never go on, and why. */
  handleStopped(why: string): void;
  /**
   * True while this node shares its clients with others, and has heard of none:
   * if there are any, others do better as the core.
   */
  readonly isApart?: boolean;
  /**
   * True while this node cannot reach those that it shares its clients with: as
   * the core it would be heard by none of them.
   */
  readonly isCutOff?: boolean;
}

/** What a node has of the row. */
export interface Lease {
  /** The same for all nodes with this database. */
  readonly secret: Uint8Array;
  /** This node shows a key with another fingerprint from now on. */
  handleKey(fingerprint: string): void;
  /** Begins to watch the row, and takes it when it is free. */
  start(owner: LeaseOwner): void;
  /**
   * What the core stores in, for the term that `handleHeld` told. When it is
   * closed the row is given back, after what was stored last.
   */
  openStore(): Store;
  /** The accounts for the core, until the term ends. */
  openAccounts(): AccountRows;
  /**
   * Gives the row back, for another node to take at once. This node leaves it to
   * others for some seconds.
   */
  release(): Promise<void>;
  /** Gives it back and watches no longer. */
  close(): Promise<void>;
}

/** An account, as it is stored. */
export interface AccountRow {
  readonly name: string;
  /** What follows the name on a line of `credentials.txt`. */
  readonly credential: string;
}

/** The lines of `credentials.txt` that say the same. */
export function accountText(rows: readonly AccountRow[]): string {
  return rows.map(({ name, credential }) => `${name} ${credential}\n`).join("");
}

/** The accounts of a cluster for its core, which alone changes them so. */
export interface AccountRows {
  /**
   * All, in the order in which they were made.
   *
   * @param signal May end it, with what that is aborted with.
   */
  read(signal?: AbortSignal): Promise<AccountRow[]>;
  /** Adds some. @throws {StartError} when there is one of such a name. */
  add(rows: readonly AccountRow[]): Promise<void>;
  /**
   * Changes one.
   *
   * @throws {StartError} when it is not as it was any more, or the name is taken.
   */
  change(from: AccountRow, to: AccountRow): Promise<void>;
}

/** How long a node that says nothing still counts as there, seconds. */
export const goneSeconds = 5;

/** What a database says of the nodes that use it. */
export interface ClusterState {
  /** Which one is the core; empty when none is. */
  readonly core: string;
  readonly term: number;
  /** The same for all nodes. */
  readonly secret: Uint8Array;
  /** By name. */
  readonly nodes: readonly {
    readonly name: string;
    readonly version: string;
    /** Fingerprint of the key that it shows; empty without TLS. */
    readonly key: string;
    /** How long ago it said that it is there, seconds. */
    readonly age: number;
  }[];
}
