/**
 * What the server counts about itself, for those who watch over it. The hot
 * paths only add to plain numbers; {@link renderMetrics} makes the text. No
 * number tells anything of a single user.
 */
import type { StoreWrite } from "../model/store.ts";

/** Counters of one server since its start. */
export class Metrics {
  /** Connections that were accepted. */
  connections = 0;
  /** Logins that succeeded, by password. */
  logins = 0;
  /** Sessions that were taken up again by token. */
  resumptions = 0;
  /** Logins that were refused, by error code. */
  readonly refusedLogins = new Map<string, number>();
  /** Messages that were stored: private, to groups, broadcasts. */
  readonly messages = { private: 0, group: 0, broadcast: 0 };
  /** New messages handed to clients online. */
  deliveries = 0;
  /** Batches that were stored, and batches that could not be. */
  commits = 0;
  failedCommits = 0;
  /** Connections ended because they did not read. */
  slowReaders = 0;

  /** Counts a batch that is stored. */
  noteStored(writes: readonly StoreWrite[]): void {
    this.commits++;
    for (const each of writes) {
      if (each.write !== "message") continue;
      const { group, receiver, deletes } = each.message;
      if (deletes !== undefined) continue;
      if (group !== undefined) this.messages.group++;
      else if (receiver !== undefined) this.messages.private++;
      else this.messages.broadcast++;
    }
  }

  /** Counts a refused login. */
  noteRefusedLogin(code: string): void {
    const before = this.refusedLogins.get(code) ?? 0;
    this.refusedLogins.set(code, before + 1);
  }
}

/** What is measured at the moment of asking. */
export interface Gauges {
  readonly connections: number;
  /** Users who are logged in. */
  readonly online: number;
  /** Their sessions; without those of visits. */
  readonly sessions: number;
  /** Devices of all users that are remembered. */
  readonly devices: number;
  /** Bytes that wait to be written to clients. */
  readonly queuedBytes: number;
  /** Requests that wait for the store. */
  readonly pendingRequests: number;
}

/** How long something took: counts by upper bound, as Prometheus wants them. */
export class Histogram {
  /** Upper bounds in seconds, rising; everything above is counted as well. */
  readonly bounds: readonly number[];
  /** How many were at most as long as each bound; the last entry is all. */
  readonly counts: number[];
  /** Sum of all, seconds. */
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array(bounds.length + 1).fill(0);
  }

  /** Adds one that took `seconds`. */
  add(seconds: number): void {
    this.sum += seconds;
    for (let i = 0; i < this.bounds.length; i++) {
      if (seconds <= this.bounds[i]!) this.counts[i]!++;
    }
    this.counts[this.bounds.length]!++;
  }
}
