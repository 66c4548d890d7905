/**
 * Drives the server core: what comes from sockets, the store, the clock and the
 * accounts goes in, and what the core asks for is done.
 *
 * The core is drained once per turn of the event loop, after all the reads of
 * that turn: so the requests of many clients share one transaction, and what
 * they cause is joined into few writes.
 */
import { setImmediate } from "node:timers";
import { Histogram } from "./core/metrics.ts";
import type { Accounts } from "./accounts/credentials_file.ts";
import type { ServerCore } from "./server_core.ts";
import type {
  ConnectionId,
  CredentialChange,
  RemoteAddress,
  ServerAction,
} from "./model/actions.ts";
import type { Frame } from "./model/outgoing_queue.ts";
import type { Store } from "./model/store.ts";
import type { deriveKey } from "../security/derive_key.io.ts";
import { messageOf } from "../system/errors.io.ts";
import type { Report } from "./logs/server_log.io.ts";
import type { MessageLogs } from "./logs/message_logs.io.ts";
import { systemClock } from "../system/clock.io.ts";
import type { Network, NetworkOwner } from "./net/network.ts";
import type { TransferLogFile } from "./logs/transfer_log.io.ts";
import type { UserLogFile } from "./logs/user_log.io.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "./model/rendezvous_change.ts";

/** What a {@link ServerShell} works with; it closes none of it. */
export interface ServerShellParts {
  readonly core: ServerCore;
  readonly store: Store;
  readonly messageLogs: Pick<MessageLogs, "append">;
  readonly transferLog: Pick<TransferLogFile, "append">;
  readonly userLog: Pick<UserLogFile, "set">;
  /** Told of all nodes, or of the one of a connection. */
  readonly rendezvous: {
    handleChange(change: RendezvousChange, at?: ConnectionId): void;
  };
  /** Derives a SCRAM key off the thread. */
  readonly deriveKey: typeof deriveKey;
  /** Changes an account in `credentials.txt`; the accounts afterwards. */
  readonly editCredentials: (change: CredentialChange) => Promise<Accounts>;
  /** Reads `credentials.txt` now; `handleAccounts` gets what is in it. */
  readonly reloadAccounts: () => Promise<void>;
  readonly report: Report;
}

/** The server core at work. */
export class ServerShell implements NetworkOwner {
  readonly #parts: ServerShellParts;
  #network: Network | undefined;
  #drainSoon = false;
  #draining = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** For when the timer is set, monotonic ms. */
  #timerAt = Infinity;
  #pollTimer: ReturnType<typeof setInterval> | undefined;
  #closed = false;
  #whenStopped: (() => void) | undefined;
  #requestsFail = false;
  /** True while requests are being carried out. */
  #carriesOut = false;
  /** Requests up to this number are carried out as far as the core can. */
  #lastBegun = 0;
  /** Up to this one also the accounts are read. */
  #lastDone = 0;
  /** Why a batch could not be stored lately, and when, monotonic ms. */
  #storeFault: { why: string; at: number } | undefined;
  readonly #commitSeconds = new Histogram(commitBounds);

  constructor(parts: ServerShellParts) {
    this.#parts = parts;
  }

  /**
   * Does what the core wants done first; from then on it is kept going.
   *
   * @param network Whose owner this shell is.
   */
  start(network: Network): void {
    this.#network = network;
    this.#parts.core.sharesFrames = network.share !== undefined;
    this.#pollTimer = setInterval(() => this.#pollRequests(), requestPollMs);
    this.#drain();
  }

  /** Why nothing can be stored now; undefined when all is well. */
  get storeFault(): string | undefined {
    const fault = this.#storeFault;
    // Where nobody asks for anything, nothing is stored that could succeed.
    const isRecent = fault !== undefined &&
      performance.now() - fault.at < faultMs;
    return isRecent ? fault.why : undefined;
  }

  /** How long the store took for each batch. */
  get commitSeconds(): Histogram {
    return this.#commitSeconds;
  }

  handleOpen(id: ConnectionId, remote: RemoteAddress): void {
    const isWithinLimits = this.#parts.core.handleOpen(
      id,
      remote,
      systemClock(),
    );
    if (isWithinLimits) this.#drainAfterTurn();
    else this.#drain();
  }

  handleData(id: ConnectionId, bytes: Uint8Array): void {
    const { core, report } = this.#parts;
    try {
      core.handleData(id, bytes, systemClock());
    } catch (error) {
      // A fault of ours that a client can trigger ends that client's
      // connection, not everybody's.
      report("error", `a request made the server fail: ${error}`);
      this.#network?.abort(id);
    }
    this.#drainAfterTurn();
  }

  takeFrames(id: ConnectionId, enoughBytes: number): readonly Frame[] {
    return this.#parts.core.queueOf(id)?.take(enoughBytes) ?? [];
  }

  handleClosed(id: ConnectionId): void {
    this.#parts.core.handleClosed(id, systemClock());
    this.#drainAfterTurn();
  }

  /**
   * A rendezvous tells what matters.
   *
   * @param from Names it, where there are several.
   */
  handleRendezvous(news: RendezvousNews, from?: string): void {
    this.#parts.core.handleRendezvous(news, systemClock(), from);
    this.#drainAfterTurn();
  }

  /** The accounts were edited. */
  handleAccounts(accounts: Accounts): void {
    this.#parts.core.handleAccounts(accounts, systemClock());
    this.#drainAfterTurn();
  }

  /** Another machine takes clients, too. */
  handleHosts(): void {
    this.#parts.core.handleHosts(systemClock());
    this.#drainAfterTurn();
  }

  /** Tells every client, and waits `timeoutMs` for everything to be stored. */
  async stop(timeoutMs: number): Promise<void> {
    clearInterval(this.#pollTimer);
    this.#parts.core.handleShutdown(systemClock());
    const stopped = new Promise<void>((resolve) => this.#whenStopped = resolve);
    const timer = setTimeout(() => this.#whenStopped?.(), timeoutMs);
    this.#drain();
    await stopped;
    clearTimeout(timer);
  }

  /** Stops the timers. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#pollTimer);
    clearTimeout(this.#timer);
  }

  #drainAfterTurn(): void {
    if (this.#drainSoon) return;
    this.#drainSoon = true;
    setImmediate(() => {
      this.#drainSoon = false;
      this.#drain();
    });
  }

  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const { core } = this.#parts;
    try {
      for (;;) {
        const action = core.pollAction();
        if (action === undefined) break;
        this.#perform(action);
      }
      for (const shared of core.pollShared()) {
        const left = this.#network?.share?.(shared) ?? [];
        for (const id of left) core.handleUnsent(id, shared);
      }
      const dirty = core.pollDirty();
      if (dirty.length > 0) this.#network?.wake(dirty);
      this.#armTimer(core.pollTimeout());
    } finally {
      this.#draining = false;
    }
    if (core.stopped) this.#whenStopped?.();
  }

  #perform(action: ServerAction): void {
    const { core, store, messageLogs, transferLog, userLog } = this.#parts;
    const { rendezvous, report } = this.#parts;
    switch (action.action) {
      case "commit": {
        const { batch, writes } = action;
        const start = performance.now();
        this.#finish(
          store.commit(writes),
          () => {
            this.#storeFault = undefined;
            this.#commitSeconds.add((performance.now() - start) / 1000);
            core.handleCommitted(batch, systemClock());
          },
          (fault) => {
            this.#storeFault = { why: fault, at: performance.now() };
            core.handleCommitFailed(batch, systemClock());
          },
        );
        return;
      }
      case "inbox": {
        const { query, reader, after, limit } = action;
        this.#finish(
          store.inbox(reader, after, limit),
          (messages) => core.handleInbox(query, messages, systemClock()),
          () => core.handleQueryFailed(query, systemClock()),
        );
        return;
      }
      case "look-up": {
        const { query, lookup } = action;
        this.#finish(
          store.lookUp(lookup),
          (found) => core.handleFound(query, found, systemClock()),
          () => core.handleQueryFailed(query, systemClock()),
        );
        return;
      }
      case "purge":
        this.#finish(
          store.purge(action.purge),
          (next) => core.handlePurged(next, systemClock()),
          () => core.handlePurgeFailed(systemClock()),
        );
        return;
      case "derive": {
        const { name, password, salt, iterations } = action;
        this.#finish(
          this.#parts.deriveKey(password, { salt, iterations }),
          (key) => core.handleDerived(name, key, systemClock()),
        );
        return;
      }
      case "credentials": {
        const { edit, change } = action;
        this.#finish(
          this.#parts.editCredentials(change),
          (accounts) =>
            core.handleCredentialsWritten(edit, accounts, systemClock()),
          () => core.handleCredentialsFailed(edit, systemClock()),
        );
        return;
      }
      case "rendezvous":
        rendezvous.handleChange(action.change, action.at);
        return;
      case "log":
        messageLogs.append(action.group, action.line);
        return;
      case "transfer-log":
        transferLog.append(action.entry, systemClock().wall);
        return;
      case "user-log":
        userLog.set(action.list);
        return;
      case "enter":
        this.#network?.enter(action.connection, action.restarts);
        return;
      case "close":
        this.#network?.finish(action.connection);
        return;
      case "report":
        report(action.level, action.text);
        return;
      default:
        action satisfies never;
    }
  }

  /** Hands a result, or that there is none, to the core and drains it. */
  #finish<T>(
    result: Promise<T>,
    done: (value: T) => void,
    failed?: (fault: string) => void,
  ): void {
    result.then((value) => {
      done(value);
      this.#drain();
    }, (error) => {
      const fault = messageOf(error);
      this.#parts.report("error", fault);
      failed?.(fault);
      this.#drain();
    });
  }

  /** Arms the one timer; when it is early, the next drain arms it again. */
  #armTimer(at: number | undefined): void {
    if (this.#closed || at === undefined || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    // Not 0: while a timer is due the event loop hardly looks for what comes.
    const delayMs = Math.max(1, Math.ceil(at - performance.now()));
    this.#timer = setTimeout(() => {
      this.#timerAt = Infinity;
      this.#parts.core.handleTimeout(systemClock());
      this.#drain();
    }, delayMs);
  }

  async #pollRequests(): Promise<void> {
    if (this.#carriesOut) return;
    this.#carriesOut = true;
    const { core, store, reloadAccounts, report } = this.#parts;
    try {
      // Those that are done stay until that is stored.
      const found = await store.requests();
      // A copy of the database that is put back counts from where it was.
      if (found.length === 0) this.#lastBegun = this.#lastDone = 0;
      const requests = found.filter(({ number }) => number > this.#lastDone);
      const last = requests.at(-1);
      if (last !== undefined && !this.#closed) {
        // What is removed goes before the accounts are read, and once: whoever
        // has the name in there is somebody else.
        const added = requests.filter(({ number }) => number > this.#lastBegun);
        this.#lastBegun = last.number;
        core.handleRequests(added, systemClock());
        await reloadAccounts();
        this.#lastDone = last.number;
        core.handleRequestsDone(requests, systemClock());
        this.#drain();
      }
      this.#requestsFail = false;
    } catch (error) {
      if (!this.#requestsFail) report("error", messageOf(error));
      this.#requestsFail = true;
      // What was removed is gone all the same.
      this.#drain();
    } finally {
      this.#carriesOut = false;
    }
  }
}

/** How often it is asked what commands want, who wait for it, ms. */
const requestPollMs = 250;
/** How long a failure to store counts as the state of the server, ms. */
const faultMs = 30_000;
/** Seconds. */
const commitBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5];
