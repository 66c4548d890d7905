/**
 * The round trip that packets usually take on a path where some overtake others.
 * There the shortest is that of the few that are ahead of all, and tells neither
 * what the path holds nor how fast it delivers; instead, the median of each round
 * is taken. Whether packets overtake each other is seen by how many of the last
 * acknowledgements tell of one that came late, or come late themselves.
 */
export class UsualRtt {
  /** Of the last acknowledgements, 0–1. */
  #lateShare = 0;
  #isReordered = false;
  /** Round trips of packets of the present round, ms. */
  readonly #samples = new Float64Array(mostSamples);
  #count = 0;
  /** Acknowledgements that they are from, and the time of the last. */
  #acks = 0;
  #lastAt = -1;
  #roundEnd = 0;
  #ms = 0;
  /** The smallest of late, and of the rounds before those. */
  #least = Infinity;
  #leastBefore = Infinity;
  #rounds = 0;

  /** True when packets overtake each other: {@link add} wants to know them. */
  get isReordered(): boolean {
    return this.#isReordered;
  }

  /** The median of the last round, ms; 0 where the path does not reorder. */
  get ms(): number {
    return this.#ms;
  }

  /**
   * An acknowledgement came.
   *
   * @param isLate It is late itself, or tells of a packet that came late.
   */
  handleAck(isLate: boolean): void {
    this.#lateShare += ((isLate ? 1 : 0) - this.#lateShare) / ackMemory;
    const most = this.#isReordered ? fewLate : manyLate;
    const isReordered = this.#lateShare > most;
    if (isReordered === this.#isReordered) return;
    this.#isReordered = isReordered;
    this.#ms = 0;
    this.#least = Infinity;
    this.#leastBefore = Infinity;
    this.#rounds = 0;
    this.#count = 0;
    this.#acks = 0;
  }

  /**
   * Packet `number` took `rtt` ms there and back.
   *
   * @param next The number of the packet that will be sent next.
   */
  add(number: number, rtt: number, next: number, now: number): void {
    const isNewAck = now !== this.#lastAt;
    const isRound = number >= this.#roundEnd && this.#acks >= leastAcks;
    if (isNewAck && isRound) this.#finish();
    if (this.#count === 0) this.#roundEnd = next;
    if (isNewAck) this.#acks++;
    this.#lastAt = now;
    if (this.#count < mostSamples) this.#samples[this.#count++] = rtt;
  }

  /**
   * How far a packet that took `rtt` ms was ahead of most, where these met no
   * queue, ms.
   */
  ahead(rtt: number): number {
    const least = Math.min(this.#least, this.#leastBefore);
    return least === Infinity ? 0 : Math.max(least - rtt, 0);
  }

  #finish(): void {
    const sorted = this.#samples.subarray(0, this.#count).sort();
    this.#ms = sorted[Math.floor(usualShare * this.#count)]!;
    this.#count = 0;
    this.#acks = 0;
    this.#least = Math.min(this.#least, this.#ms);
    if (++this.#rounds < leastRounds) return;
    this.#rounds = 0;
    this.#leastBefore = this.#least;
    this.#least = Infinity;
  }
}

const ackMemory = 64;
/** More is no accident; fewer are one again. */
const manyLate = 0.06;
const fewLate = 0.02;
/** Fewer are behind the others: those that many overtake are not late. */
const usualShare = 0.75;
/** One that is early makes all early that it tells of. */
const leastAcks = 16;
const mostSamples = 512;
/** How many rounds the smallest is remembered, at least. */
const leastRounds = 64;
