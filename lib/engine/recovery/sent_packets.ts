import { larger } from "../../base/bytes.ts";

/**
 * The sender's memory of its data packets, by packet number, in typed arrays
 * that form a ring: nothing is allocated per packet. They grow until they are as
 * large as a fast path needs, of which a small file needs little, and before that
 * nothing has wrapped. A number is in flight until
 * it is acknowledged, declared lost, or superseded by a probe that repeats its
 * slice. What happened to old numbers stays readable until the ring wraps, so
 * that a late acknowledgement can be told from a useful one.
 *
 * Invariant: no number below {@link oldest} is in flight.
 */
export class SentPackets {
  #sentAt = new Float64Array(leastCapacity);
  #block = new Float64Array(leastCapacity);
  #offset = new Uint32Array(leastCapacity);
  #length = new Uint16Array(leastCapacity);
  #state = new Uint8Array(leastCapacity);
  #delivered = new Float64Array(leastCapacity);
  #deliveredAt = new Float64Array(leastCapacity);
  #firstSentAt = new Float64Array(leastCapacity);
  #isAppLimited = new Uint8Array(leastCapacity);
  #socket = new Uint8Array(leastCapacity);
  /** Which packet each repeats, -1 for none. */
  #original = new Float64Array(leastCapacity);
  #next = 0;
  #oldest = 0;
  #bytesInFlight = 0;
  #packetsInFlight = 0;

  /** The next packet number; also how many were ever sent. */
  get next(): number {
    return this.#next;
  }

  /** No packet below this number is in flight. */
  get oldest(): number {
    return this.#oldest;
  }

  /** The lowest number whose fate is still known. */
  get floor(): number {
    return Math.max(0, this.#next - capacity);
  }

  /** Slice bytes in flight. */
  get bytesInFlight(): number {
    return this.#bytesInFlight;
  }

  get packetsInFlight(): number {
    return this.#packetsInFlight;
  }

  /** True when no packet may be sent before older ones are settled. */
  get isFull(): boolean {
    return this.#next - this.#oldest >= capacity;
  }

  /** Records the packet that is about to be sent under the number `next`. */
  add(
    now: number,
    block: number,
    offset: number,
    length: number,
    delivered: number,
    deliveredAt: number,
    firstSentAt: number,
    isAppLimited: boolean,
  ): number {
    if (this.#next === this.#state.length) this.#grow();
    const number = this.#next++;
    const slot = number & mask;
    this.#sentAt[slot] = now;
    this.#block[slot] = block;
    this.#offset[slot] = offset;
    this.#length[slot] = length;
    this.#state[slot] = packetState.inFlight;
    this.#delivered[slot] = delivered;
    this.#deliveredAt[slot] = deliveredAt;
    this.#firstSentAt[slot] = firstSentAt;
    this.#isAppLimited[slot] = isAppLimited ? 1 : 0;
    this.#socket[slot] = 0;
    this.#original[slot] = -1;
    this.#bytesInFlight += length;
    this.#packetsInFlight++;
    return number;
  }

  /** What became of `number`; it must be in [floor, next). */
  state(number: number): PacketState {
    return this.#state[number & mask] as PacketState;
  }

  /** When it was sent, ms. */
  sentAt(number: number): number {
    return this.#sentAt[number & mask]!;
  }

  block(number: number): number {
    return this.#block[number & mask]!;
  }

  /** Where its slice starts in the sealed block, bytes. */
  offset(number: number): number {
    return this.#offset[number & mask]!;
  }

  /** Bytes of its slice. */
  length(number: number): number {
    return this.#length[number & mask]!;
  }

  /** Bytes that had been delivered in all when it was sent. */
  delivered(number: number): number {
    return this.#delivered[number & mask]!;
  }

  /** When the last of those was acknowledged, ms. */
  deliveredAt(number: number): number {
    return this.#deliveredAt[number & mask]!;
  }

  /** When the first packet of its flight was sent, ms. */
  firstSentAt(number: number): number {
    return this.#firstSentAt[number & mask]!;
  }

  /** The sender had nothing more to send at that time. */
  isAppLimited(number: number): boolean {
    return this.#isAppLimited[number & mask] === 1;
  }

  /** It goes to this one of the receiver's sockets; 0, the main one, if not set. */
  setSocket(number: number, socket: number): void {
    this.#socket[number & mask] = socket;
  }

  /** To which of the receiver's sockets it went; 0 is the main one. */
  socket(number: number): number {
    return this.#socket[number & mask]!;
  }

  /** What packet `number` carries is, or is part of, what `original` did. */
  setOriginal(number: number, original: number): void {
    this.#original[number & mask] = original;
  }

  /**
   * True when what packet `number` carried has arrived, in it or in one that it
   * repeats: that may have been late, not lost. It must be in [floor, next).
   */
  hasArrived(number: number): boolean {
    const { floor } = this;
    for (let n = number; n >= floor; n = this.#original[n & mask]!) {
      if (this.state(n) === packetState.acked) return true;
    }
    return false;
  }

  /** Records the fate of a packet. */
  settle(number: number, state: PacketState): void {
    const slot = number & mask;
    if (this.#state[slot] === packetState.inFlight) {
      this.#bytesInFlight -= this.#length[slot]!;
      this.#packetsInFlight--;
    }
    this.#state[slot] = state;
    while (
      this.#oldest < this.#next &&
      this.#state[this.#oldest & mask] !== packetState.inFlight
    ) this.#oldest++;
  }

  #grow(): void {
    const size = this.#state.length * growth;
    if (size > capacity) return;
    this.#sentAt = larger(this.#sentAt, size);
    this.#block = larger(this.#block, size);
    this.#offset = larger(this.#offset, size);
    this.#length = larger(this.#length, size);
    this.#state = larger(this.#state, size);
    this.#delivered = larger(this.#delivered, size);
    this.#deliveredAt = larger(this.#deliveredAt, size);
    this.#firstSentAt = larger(this.#firstSentAt, size);
    this.#isAppLimited = larger(this.#isAppLimited, size);
    this.#socket = larger(this.#socket, size);
    this.#original = larger(this.#original, size);
  }
}

/** What became of a packet. */
export const packetState = {
  inFlight: 1,
  acked: 2,
  lost: 3,
  /** A probe repeated its slice; neither lost nor acknowledged. */
  superseded: 4,
} as const;

/** A value of {@link packetState}. */
export type PacketState = typeof packetState[keyof typeof packetState];

const leastCapacity = 512;
const growth = 8;
const capacity = 32_768;
const mask = capacity - 1;
