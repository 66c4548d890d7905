/**
 * Whether the receiving system still joins fragments. Once its memory for
 * incomplete datagrams is full it loses all that are cut into fragments, and
 * only those: acknowledgements of what came before, and answers to probes of the
 * path, go on. So when the sender must ask whether anything arrives, a datagram
 * of the size in use and one of a single packet leave together. If only the
 * latter arrives, larger ones are of no use for now.
 */
import { packetBytes } from "./datagram_sizes.ts";
import { packetState, type SentPackets } from "./sent_packets.ts";

/** Compares the fates of the two datagrams of the last probe time-out. */
export class FragmentCheck {
  readonly #sent: SentPackets;
  #large = -1;
  #small = -1;

  constructor(sent: SentPackets) {
    this.#sent = sent;
  }

  /** A probe time-out: what earlier ones asked tells nothing any more. */
  restart(): void {
    this.#large = -1;
    this.#small = -1;
  }

  /** Packet `number`, in a datagram of so many bytes, leaves as a probe. */
  handleProbe(number: number, bytes: number): void {
    if (bytes > packetBytes) this.#large = number;
    else this.#small = number;
  }

  /**
   * Something was acknowledged or found lost. True, once, when the small one has
   * arrived and the large one is lost.
   */
  isSwallowed(): boolean {
    const large = this.#large;
    const small = this.#small;
    // What became of older ones is forgotten.
    if (small < 0 || large < this.#sent.floor) return false;
    const state = this.#sent.state(large);
    if (state === packetState.inFlight) return false;
    const hasArrived = state === packetState.acked;
    if (!hasArrived && this.#sent.state(small) !== packetState.acked) {
      return false;
    }
    this.restart();
    return !hasArrived;
  }
}
