/**
 * The congestion controller of a path that ends on the same machine. There is
 * no line to share and none to find the rate of: what is in flight lies in the
 * receiver's sockets, and what these cannot hold is lost. So as much is in
 * flight as they hold for certain, nothing is paced, and after a loss, which
 * tells of others who use the same sockets, it is less for a while.
 */
import type { AckSample, CongestionController } from "./controller.ts";
import { LossEpisode } from "./loss_episode.ts";

/** Keeps the sockets of a receiver filled. */
export class LocalController implements CongestionController {
  readonly phase = "local";
  readonly pacingRate = Infinity;
  #datagramBytes = 1200;
  #subflows = 1;
  /** Share of what the sockets hold that is used. */
  #share = 1;
  readonly #episode = new LossEpisode();
  #shareBefore = 1;

  get window(): number {
    return Math.max(this.#capacity() * this.#share, 2 * this.#datagramBytes);
  }

  setDatagramBytes(bytes: number): void {
    this.#datagramBytes = bytes;
  }

  setSubflows(count: number): void {
    this.#subflows = count;
  }

  setYielding(): void {}

  handleFirstRtt(): void {}

  handleSent(): void {}

  handleOtherRtt(): void {}

  handleAck(sample: AckSample): void {
    if (this.#episode.isNew(sample)) {
      this.#episode.begin(sample);
      this.#shareBefore = this.#share;
      this.#share = Math.max(this.#share * reduction, leastShare);
    } else if (this.#episode.update(sample)) {
      this.#share = Math.max(this.#share, this.#shareBefore);
    }
    const grown = recovery * sample.acked / this.#capacity();
    this.#share = Math.min(this.#share + grown, 1);
  }

  handlePersistentCongestion(): void {
    this.#share = leastShare;
  }

  /** What the sockets hold, with room for what else may come. */
  #capacity(): number {
    const bytes = this.#datagramBytes;
    const held = Math.min(socketDatagrams * bytes, socketBytes);
    return this.#subflows * Math.max(held, bytes + 1);
  }
}

/**
 * The usual buffer of 212,992 bytes was measured to hold 92 datagrams of 1,472
 * bytes, 12 of 8,952, 7 of 26,244 and 3 of 65,507.
 */
const socketDatagrams = 64;
/** More brings nothing but losses: datagrams are not spread evenly. */
const socketBytes = 72 * 1024;
const reduction = 0.7;
const leastShare = 1 / 8;
/** Share that is won back while as much as the sockets hold is delivered. */
const recovery = 1 / 16;
