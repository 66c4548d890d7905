/**
 * The seam between the server core (pure) and its shell. The shell feeds bytes,
 * closings, results and the time into the core's `handle*` methods and then
 * drains: `pollAction()` until it returns `undefined`, then `pollDirty()` for
 * the connections that have something to write, then `pollTimeout()` for the
 * one timer to arm. Actions are carried out in order; those with an answer name
 * the `handle*` method it goes to.
 */
import type { RendezvousChange } from "./rendezvous_change.ts";
import type { ChannelBinding } from "../../security/scram.ts";
import type { Verifier } from "../../security/verifier.ts";
import type { EndReason } from "../../wire/end_reason.ts";
import type { PathKind } from "../../wire/path_kinds.ts";
import type { InboxReader, Lookup, Purge, StoreWrite } from "./store.ts";

/** Numbers a connection for the lifetime of the process. */
export type ConnectionId = number;

/** Where a connection comes from. */
export interface RemoteAddress {
  readonly ip: string;
  readonly port: number;
  /** True when the client runs on this machine: loopback, or the server's own address. */
  readonly local: boolean;
  /** What logins over it must be bound to; absent without TLS. */
  readonly binding?: ChannelBinding;
  /** The address of this machine that it came to. */
  readonly to?: string;
  /** The UDP ports of the node that it came to; those of the server when absent. */
  readonly udp?: NodePorts;
}

/** Where the UDP ports of a node are. */
export interface NodePorts {
  readonly udpPort: number;
  readonly probePort: number;
  /** The node's name. */
  readonly node?: string | undefined;
  /** IP addresses at which clients of all nodes reach it. */
  readonly addresses?: readonly string[] | undefined;
}

/** What is to be changed about one account. */
export type CredentialChange =
  | {
    readonly do: "set-verifier";
    readonly name: string;
    readonly verifier: Verifier;
  }
  | { readonly do: "rename"; readonly name: string; readonly to: string };

/** One line of `userlog.txt`. */
export interface UserLogEntry {
  /** Login time, ms since 1970 UTC. */
  readonly since: number;
  readonly user: string;
  readonly ip: string;
  readonly udpPort: number;
}

/** How much a line of the server's own log matters. */
export type ServerLogLevel = "debug" | "info" | "warning" | "error";

/** One line of `transferlog.txt`. */
export type TransferLogEntry = FileLogEntry | CallLogEntry;

/** What every line of `transferlog.txt` has. */
interface LoggedOffer {
  /** User name of the one who sends, or called. */
  readonly sender: string;
  /** User name of the one who receives, or answered. */
  readonly receiver: string;
  /** How the two reach each other, when it ran. */
  readonly via?: PathKind | "unknown" | undefined;
  /** Why it was rejected or failed. */
  readonly reason?: EndReason | undefined;
}

/** A step of a file on its way. */
export interface FileLogEntry extends LoggedOffer {
  readonly step:
    | "offered"
    | "accepted"
    | "rejected"
    | "verified"
    | "failed"
    | "cancelled";
  /** The file's name, as it is offered. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** The end of a call, or of two people's part in one. */
export interface CallLogEntry extends LoggedOffer {
  readonly step: "call";
  readonly name: "voice" | "video";
  /** When it was answered, ms since 1970 UTC. */
  readonly since: number;
}

/** What the shell is asked to do. */
export type ServerAction =
  /** Store these changes; `handleCommitted(batch)` or `handleCommitFailed(batch)`. */
  | {
    readonly action: "commit";
    readonly batch: number;
    readonly writes: readonly StoreWrite[];
  }
  /** Read waiting messages; `handleInbox(query, messages)` or `handleQueryFailed(query)`. */
  | {
    readonly action: "inbox";
    readonly query: number;
    readonly reader: InboxReader;
    readonly after: number;
    readonly limit: number;
  }
  /** Look messages up; `handleFound(query, found)` or `handleQueryFailed(query)`. */
  | {
    readonly action: "look-up";
    readonly query: number;
    readonly lookup: Lookup;
  }
  /** Remove what is old; `handlePurged(next)` or `handlePurgeFailed()`. */
  | { readonly action: "purge"; readonly purge: Purge }
  /** PBKDF2 off the thread; `handleDerived(name, saltedPassword)`. */
  | {
    readonly action: "derive";
    readonly name: string;
    readonly password: string;
    readonly salt: Uint8Array<ArrayBuffer>;
    readonly iterations: number;
  }
  /**
   * Rewrite the accounts; `handleCredentialsWritten(edit, accounts)` with what
   * they are now, or `handleCredentialsFailed(edit)`.
   */
  | {
    readonly action: "credentials";
    readonly edit: number;
    readonly change: CredentialChange;
  }
  /** Somebody is logged in on the connection. */
  | {
    readonly action: "enter";
    readonly connection: ConnectionId;
    /** True when its client can begin anew on it, with another core. */
    readonly restarts: boolean;
  }
  /** Write out what is queued for the connection, then close it. */
  | { readonly action: "close"; readonly connection: ConnectionId }
  /** Tell the rendezvous: of all nodes, or of the one of a connection. */
  | {
    readonly action: "rendezvous";
    readonly change: RendezvousChange;
    readonly at?: ConnectionId | undefined;
  }
  /** Append a line to `messagelog.txt`, or to the log of a group. */
  | {
    readonly action: "log";
    readonly group: string | undefined;
    readonly line: string;
  }
  /** Append a line to `transferlog.txt`. */
  | { readonly action: "transfer-log"; readonly entry: TransferLogEntry }
  /** `userlog.txt` has other lines; `list` makes those of the time it is called. */
  | {
    readonly action: "user-log";
    readonly list: () => readonly UserLogEntry[];
  }
  /** One line for the server's own log. */
  | {
    readonly action: "report";
    readonly level: ServerLogLevel;
    readonly text: string;
  };

/** What the shell is still to be asked, oldest first. */
export class ActionQueue {
  #actions: ServerAction[] = [];
  #next = 0;
  #lastQuery = 0;

  push(action: ServerAction): void {
    this.#actions.push(action);
  }

  /** A line for the server's own log. */
  report(level: ServerLogLevel, text: string): void {
    this.push({ action: "report", level, text });
  }

  /** A number for a question to the store. */
  newQuery(): number {
    return ++this.#lastQuery;
  }

  shift(): ServerAction | undefined {
    const action = this.#actions[this.#next];
    if (action === undefined) {
      if (this.#next > 0) this.#actions = [];
      this.#next = 0;
    } else this.#next++;
    return action;
  }
}
