/**
 * A file for every member of a group who is online, or for all of them, sooner or
 * later: one transfer each, which succeed or fail on their own. A few run at a time, over all groups; the
 * others follow as places come free.
 */
import type {
  CommandOutcome,
  GroupSendResult,
} from "../events/client_event.ts";
import type { OfferedFile } from "../events/transfer_port.ts";
import type { SentPaths } from "../commands/transfer_info.ts";
import { groupOutcome } from "./group_outcome.ts";
import type { Later } from "./later.ts";
import type { PeerHost } from "./peer_host.ts";
import type { Transfers } from "./transfers.ts";

/** One command under way. */
interface Sending {
  readonly n: number;
  readonly group: string;
  readonly what: SentPaths;
  /** That, as far as it was looked at. */
  file: OfferedFile;
  /** Members who were not tried: offline, or hidden as one blocked the other. */
  readonly away: readonly GroupSendResult[];
  /** Of those who were tried. */
  readonly results: GroupSendResult[];
  /** Members whose transfer has not ended. */
  open: number;
}

/** Sends files to groups. */
export class GroupSend {
  readonly #host: PeerHost;
  readonly #transfers: Transfers;
  readonly #later: Later;
  readonly #queue: { readonly sending: Sending; readonly user: string }[] = [];
  #running = 0;

  constructor(host: PeerHost, transfers: Transfers, later: Later) {
    this.#host = host;
    this.#transfers = transfers;
    this.#later = later;
  }

  /**
   * Starts command number `n`; it is settled when the last transfer ended.
   *
   * @param isKept It waits for those who are not online.
   */
  send(group: string, what: SentPaths, n: number, isKept = false): void {
    const { request } = this.#host;
    request("group-members", { group }, (members) => {
      if (members.ok === undefined) return this.#refuse(n, members);
      const { group: name, joined } = members.ok;
      const self = this.#host.self();
      if (!joined.includes(self)) {
        const message = `You have not joined ${name}; /joingroup ${name}`;
        return this.#refuse(n, { code: "not_joined", message });
      }
      const others = joined.filter((user) => user !== self);
      if (isKept && others.length > 0) {
        return this.#later.sendAll(name, others, what, n);
      }
      request("who", {}, (who) => {
        if (who.ok === undefined) return this.#refuse(n, who);
        const online = new Set(who.ok.users.map(({ user }) => user));
        this.#begin(n, name, what, others, online);
      });
    });
  }

  #begin(
    n: number,
    group: string,
    what: SentPaths,
    members: readonly string[],
    online: ReadonlySet<string>,
  ): void {
    const here = members.filter((user) => online.has(user));
    if (here.length === 0) {
      const message = `Nobody else of ${group} can be reached now`;
      return this.#refuse(n, { code: "user_offline", message });
    }
    const missing = members.filter((user) => !online.has(user));
    const away = missing.map((user): GroupSendResult => ({
      user,
      ok: false,
      code: "not_delivered",
      message: "not reached",
    }));
    const sending: Sending = {
      ...{ n, group, what, file: { name: "", size: 0 }, away },
      ...{ results: [], open: here.length },
    };
    for (const user of here) this.#queue.push({ sending, user });
    this.#next();
  }

  #next(): void {
    const transfers = this.#transfers;
    while (this.#running < mostAtOnce && !transfers.isClosed) {
      const job = this.#queue.shift();
      if (job === undefined) return;
      const { sending, user } = job;
      this.#running++;
      transfers.send({ user }, sending.what, (outcome, file) => {
        this.#running--;
        // Who ends before it was looked at knows no more than a name.
        if (!wasLookedAt(sending.file)) sending.file = file;
        this.#ended(sending, user, outcome);
        this.#next();
      }, sending.group);
    }
  }

  #ended(sending: Sending, user: string, outcome: CommandOutcome): void {
    const { results } = sending;
    if (!outcome.ok) {
      const { code, message } = outcome;
      results.push({ user, ok: false, code, message });
    } else if (
      outcome.command === "p2pvideo" && outcome.answer.ms !== undefined
    ) {
      results.push({ ...outcome.answer, user, ok: true });
    }
    if (--sending.open === 0) this.#settle(sending);
  }

  #settle({ n, group, file, away, results }: Sending): void {
    this.#host.settle(n, groupOutcome(group, file, away, results));
  }

  #refuse(n: number, { code, message }: { code: string; message: string }) {
    this.#host.settle(n, { command: "groupvideo", ok: false, code, message });
  }
}

function wasLookedAt({ size, tree }: OfferedFile): boolean {
  return size > 0 || tree !== undefined;
}

/** Offers at a time: each holds memory, and the server bounds a user's. */
const mostAtOnce = 16;
