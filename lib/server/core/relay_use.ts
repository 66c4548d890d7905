/**
 * What the relays of all nodes have carried for each user today (UTC), as they
 * tell it. Each tells its whole count of the day, so that telling twice counts
 * once, and a core that has just begun knows soon what there was before it.
 */
import type { RendezvousNews } from "../model/rendezvous_change.ts";
import { mostRelayed } from "../rendezvous/relay_quota.ts";

/** Counts. */
export class RelayUse {
  readonly #bytesPerDay: number;
  /** Of each user, by the run of the node that relays. */
  readonly #users = new Map<number, Map<string, number>>();
  readonly #usedUp = new Set<number>();
  #day = -1;

  /** @param bytesPerDay What is relayed for each user. */
  constructor(bytesPerDay: number) {
    this.#bytesPerDay = bytesPerDay;
  }

  /**
   * A relay tells what it has carried.
   *
   * @param relay Names it.
   * @returns Of whom that is now enough, and until when.
   */
  handleRelayed(
    relay: string,
    { day, uses }: Extract<RendezvousNews, { what: "relayed" }>,
  ): { readonly account: number; readonly at: number }[] {
    if (day < this.#day) return [];
    if (day > this.#day) {
      this.#day = day;
      this.#users.clear();
      this.#usedUp.clear();
    }
    const at = (day + 1) * dayMs;
    const ended = uses.filter(({ account, bytes }) => {
      const relays = this.#users.get(account) ?? new Map<string, number>();
      this.#users.set(account, relays.set(relay, bytes));
      if (this.#usedUp.has(account)) return false;
      let all = 0;
      for (const each of relays.values()) all += each;
      // What is left does not do for one datagram more.
      const isEnough = all + mostRelayed > this.#bytesPerDay;
      if (isEnough) this.#usedUp.add(account);
      return isEnough;
    });
    return ended.map(({ account }) => ({ account, at }));
  }
}

const dayMs = 86_400_000;
