import type { AckSample } from "./congestion.ts";
import { packetsOf } from "./fragment_budget.ts";

/**
 * What was acknowledged and lost in the present round, and what the last ones
 * were like: averages with weights that fade over some sixteen rounds.
 */
export class RoundAverages {
  #acked = 0;
  #lost = 0;
  #lossShare = 0;
  #rtt = 0;

  /** Bytes lost in the present round, less what was thought so and came. */
  get lost(): number {
    return Math.max(this.#lost, 0);
  }

  /** Bytes acknowledged or lost in the present round. */
  get total(): number {
    return this.#acked + this.lost;
  }

  /** Average share of the packets that were lost, 0–1. */
  get lossShare(): number {
    return this.#lossShare;
  }

  /** Average round trip, ms; 0 before the first. */
  get rtt(): number {
    return this.#rtt;
  }

  add({ acked, lost, recovered }: AckSample): void {
    this.#acked += acked;
    this.#lost += lost - recovered;
  }

  /**
   * The round is over, with a last round trip of `rtt` ms or 0.
   *
   * @param datagramBytes A datagram of several packets is lost with any of them.
   * @param isStarting Finding the rate loses more than keeping it.
   */
  update(rtt: number, datagramBytes: number, isStarting: boolean): void {
    if (!isStarting) {
      const share = this.total > 0 ? this.#lost / this.total : 0;
      const packetShare = share / packetsOf(datagramBytes);
      // Less than nothing in a round that makes up for the ones before.
      const lossShare = this.#lossShare +
        (packetShare - this.#lossShare) / rounds;
      this.#lossShare = Math.max(lossShare, 0);
    }
    if (rtt <= 0) return;
    if (this.#rtt === 0) this.#rtt = rtt;
    this.#rtt += (rtt - this.#rtt) / rounds;
  }

  /** Round trips so far cannot be compared with those from `rtt` ms on. */
  restartRtt(rtt: number): void {
    this.#rtt = rtt;
  }

  /** The next round begins. */
  restart(): void {
    this.#acked = 0;
    this.#lost = 0;
  }
}

const rounds = 16;
