import {
  fragmentBytes,
  packetBytes,
  packetsOf,
  type Reach,
} from "../packets/limits.ts";
import { packetState, type SentPackets } from "../recovery/sent_packets.ts";

/**
 * What the receiver's system holds of datagrams that lost one of their
 * fragments. It keeps the others in the hope of the last for half a minute, or
 * until the 16 bits that number datagrams come round; and it has 4 MiB for that
 * (Linux, net.ipv4.ipfrag_high_thresh and ipfrag_time), beyond which every
 * fragmented datagram is lost. This counts what must be there by what is lost.
 */
export class FragmentBudget {
  /** Bytes held, by the numbers of the datagrams, and when the last was sent. */
  readonly #held = new Float64Array(stretches);
  readonly #sentAt = new Float64Array(stretches);
  #current = 0;
  /** Fragmented datagrams of the current stretch. */
  #count = 0;
  #bytes = 0;
  #lostAt = -Infinity;
  /** Packets that carried fragments so far, and those of them lost apart. */
  #packets = 0;
  #lostPackets = 0;

  /** What the system is thought to hold, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What `bytes` that are yet to be sent in datagrams of `size` will add, when
   * as many get lost as so far.
   */
  expected(bytes: number, size: number): number {
    if (this.#packets === 0) return 0;
    const lossShare = this.#lostPackets / this.#packets;
    const lost = lossShare * bytes / fragmentBytes;
    return lost * (packetsOf(size) - 1) * heldBytes;
  }

  /**
   * Counts what was sent, and what was found lost, since the last time.
   *
   * @param size Of these datagrams, bytes of UDP payload.
   * @returns True for a fragmented one that was lost by itself, not with others
   * in a buffer that overflowed.
   */
  handleSent(sent: number, lost: number, size: number, now: number): boolean {
    const packets = packetsOf(size);
    const isApart = packets > 1 && lost > 0 && now - this.#lostAt >= apartMs;
    if (packets > 1) {
      this.#count += sent;
      this.#packets += sent * packets;
      this.#sentAt[this.#current] = now;
      // Of those that found no room in a buffer nothing is held.
      if (isApart) {
        const held = (packets - 1) * heldBytes;
        this.#held[this.#current]! += held;
        this.#bytes += held;
        this.#lostPackets++;
      }
      if (lost > 0) this.#lostAt = now;
    }
    if (this.#count >= stretchDatagrams) {
      this.#count = 0;
      this.#current = (this.#current + 1) % stretches;
      this.#drop(this.#current);
      this.#sentAt[this.#current] = now;
    }
    for (let i = 0; i < stretches; i++) {
      if (now - this.#sentAt[i]! > heldMs) this.#drop(i);
    }
    return isApart;
  }

  #drop(stretch: number): void {
    this.#bytes -= this.#held[stretch]!;
    this.#held[stretch] = 0;
  }
}

const stretches = 16;
const stretchDatagrams = 65_536 / stretches;
/** What a fragment of 1,500 bytes takes there, as measured. */
const heldBytes = 3_600;
const heldMs = 30_000;
/** Losses of the path itself are mostly further apart. */
const apartMs = 2;

/**
 * The {@link FragmentBudget} of each path, for all transfers of a client: what
 * one file has left at the far end, the next one finds there.
 */
export class FragmentBudgets {
  readonly #budgets = new Map<number, FragmentBudget>();

  /** That of a path, by its number. */
  of(path: number): FragmentBudget {
    const known = this.#budgets.get(path);
    if (known !== undefined) return known;
    const budget = new FragmentBudget();
    this.#budgets.set(path, budget);
    return budget;
  }
}

// Whether the receiving system still joins fragments. Once its memory for
// incomplete datagrams is full it loses all that are cut into fragments, and
// only those: acknowledgements of what came before, and answers to probes of the
// path, go on. So when the sender must ask whether anything arrives, a datagram
// of the size in use and one of a single packet leave together. If only the
// latter arrives, larger ones are of no use for now.

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

/** What is known of a path to decide by. */
export interface FragmentPath {
  /** Smallest round trip, ms. */
  readonly minRtt: number;
  /** Bytes per ms. */
  readonly pacingRate: number;
  /** The rate is still being found, and the pacing far ahead of it. */
  readonly isStarting: boolean;
  /** Packets overtake each other, so the smallest round trip tells little. */
  readonly isReordered: boolean;
}

/**
 * How far the other end is that datagrams of several packets may go to;
 * undefined when they may not, or not yet.
 */
export function fragmentReach(path: FragmentPath): Reach | undefined {
  const { minRtt, pacingRate, isStarting, isReordered } = path;
  if (isReordered) return undefined;
  if (isStarting && pacingRate < startingRate) return undefined;
  if (minRtt <= nearMs) return "near";
  return minRtt <= farMs && pacingRate >= fastRate ? "far" : undefined;
}

/** A round trip this short tells of a network without much in between. */
const nearMs = 2;
/** Further away, fragments are worth it for fast paths only: ms, bytes/ms. */
const farMs = 10;
const fastRate = 25_000;
/** More than a line of 100 Mbit/s is ever paced at when it is being found. */
const startingRate = 45_000;

/**
 * Tells when more fragmented datagrams get lost than may: for too long a few one
 * by one, or so many at once that the receiving system can hold no more of what
 * is incomplete. As time goes by with fewer losses, earlier ones are forgiven.
 */
export class LossExcess {
  /** Lost datagrams beyond the share that may get lost, all and those apart. */
  #all = 0;
  #apart = 0;

  /**
   * Some of `size` bytes were sent and some were found lost.
   *
   * @param isApart They were lost by themselves, not with others in a buffer
   * that overflowed.
   * @param isFar They go to someone who is not near.
   * @returns True when it is too much; it is forgotten then.
   */
  add(
    sent: number,
    lost: number,
    isApart: boolean,
    size: number,
    isFar: boolean,
  ): boolean {
    const apart = isApart ? 1 : 0;
    const isFarLarge = isFar && size >= largeBytes;
    const share = isFarLarge ? largeShare : overflowShare;
    this.#all = Math.max(this.#all + lost - share * sent, 0);
    this.#apart = Math.max(this.#apart + apart - apartShare * sent, 0);
    const excess = Math.max(this.#all, this.#apart) * size;
    const isTooMuch = excess > (isFarLarge ? mostLargeBytes : mostBytes);
    if (isTooMuch) this.clear();
    return isTooMuch;
  }

  /** Forgets what was lost. */
  clear(): void {
    this.#all = 0;
    this.#apart = 0;
  }
}

/** Share of fragmented datagrams that may get lost one by one. */
const apartShare = 0.015;
/** Of all: more is no overflow, but a system that joins none any more. */
const overflowShare = 0.4;
/** Lost beyond that: most of what systems keep for incomplete datagrams. */
const mostBytes = 3 * 1024 * 1024;
/**
 * The largest of those that go far are for paths where next to nothing gets lost:
 * in a queue that overflows smaller ones find room more often, and much of what did
 * find some is of no use, and kept by the far system.
 */
export const largeBytes = 26_632;
const largeShare = 0.01;
const mostLargeBytes = 1.5 * 1024 * 1024;
