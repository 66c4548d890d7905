import { SeededRandom } from "./seeded_random.ts";

/** What a {@link SimulatedLink} does to datagrams; all default to nothing. */
export interface LinkOptions {
  readonly seed: number;
  /** One-way delay, ms. */
  delayMs?: number;
  /** Up to this much more, evenly distributed, ms; reorders. */
  readonly jitterMs?: number;
  /** Share of datagrams lost, 0–1. */
  readonly loss?: number;
  /** Mean length of a burst of losses, datagrams; 1 means independent. */
  readonly burst?: number;
  /** Share that arrives twice. */
  readonly duplicate?: number;
  /** Share that arrives with one byte changed. */
  readonly corrupt?: number;
  /** Share that arrives `reorderMs` later than its turn. */
  readonly reorder?: number;
  readonly reorderMs?: number;
  /** Share that skips the delay, and so overtakes others. */
  readonly overtake?: number;
  /** Bottleneck, bytes per ms, with room for `queueBytes` before it. */
  rate?: number;
  readonly queueBytes?: number;
  /** Larger datagrams vanish. */
  mtu?: number;
  /** Nothing passes from `from` to before `to`, ms. */
  readonly blackouts?: readonly { from: number; to: number }[];
}

/**
 * One direction of a path in virtual time, repeatable by its seed. It never
 * looks at what it carries.
 */
export class SimulatedLink {
  readonly options: LinkOptions;
  readonly #random: SeededRandom;
  /** Binary heap ordered by time of arrival, then order of sending. */
  readonly #heap: { at: number; order: number; bytes: Uint8Array }[] = [];
  #order = 0;
  #busyUntil = 0;
  #isInBurst = false;
  sent = 0;
  dropped = 0;
  bytes = 0;

  constructor(options: LinkOptions) {
    this.options = options;
    this.#random = new SeededRandom(options.seed);
  }

  /** When the next datagram arrives, ms; Infinity when none is under way. */
  get nextAt(): number {
    return this.#heap[0]?.at ?? Infinity;
  }

  /** Takes a datagram that leaves `now`; copies it. */
  send(datagram: Uint8Array, now: number): void {
    this.sent++;
    this.bytes += datagram.length;
    if (this.#isDropped(datagram.length, now)) {
      this.dropped++;
      return;
    }
    const { rate, queueBytes = 64 * 1024 } = this.options;
    let leaves = now;
    if (rate !== undefined) {
      const start = Math.max(now, this.#busyUntil);
      if ((start - now) * rate > queueBytes) {
        this.dropped++;
        return;
      }
      leaves = start + (datagram.length + headerBytes) / rate;
      this.#busyUntil = leaves;
    }
    const copies = this.#happens(this.options.duplicate) ? 2 : 1;
    for (let i = 0; i < copies; i++) this.#deliver(datagram, leaves);
  }

  /** The next datagram that has arrived by `now`. */
  receive(now: number): Uint8Array | undefined {
    if (this.nextAt > now) return undefined;
    const first = this.#heap[0]!;
    const last = this.#heap.pop()!;
    if (this.#heap.length > 0) this.#sink(last);
    return first.bytes;
  }

  #isDropped(length: number, now: number): boolean {
    const { loss = 0, burst = 1, mtu = Infinity, blackouts = [] } =
      this.options;
    if (length > mtu) return true;
    if (blackouts.some(({ from, to }) => now >= from && now < to)) return true;
    if (burst <= 1) return this.#happens(loss);
    // Gilbert's model: bursts of this mean length, this much lost in all.
    const start = loss / (burst * (1 - loss));
    this.#isInBurst = this.#isInBurst
      ? !this.#happens(1 / burst)
      : this.#happens(start);
    return this.#isInBurst;
  }

  #deliver(datagram: Uint8Array, leaves: number): void {
    const { delayMs = 0, jitterMs = 0, reorderMs = 10 } = this.options;
    const bytes = datagram.slice();
    if (this.#happens(this.options.corrupt)) {
      bytes[this.#random.below(bytes.length)]! ^= 1 + this.#random.below(255);
    }
    const isAhead = this.#happens(this.options.overtake);
    let at = leaves + (isAhead ? 0 : delayMs + jitterMs * this.#random.next());
    if (this.#happens(this.options.reorder)) at += reorderMs;
    this.#rise({ at, order: this.#order++, bytes });
  }

  #happens(share: number | undefined): boolean {
    return share !== undefined && share > 0 && this.#random.next() < share;
  }

  #rise(item: { at: number; order: number; bytes: Uint8Array }): void {
    const heap = this.#heap;
    let index = heap.push(item) - 1;
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (!isBefore(item, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = item;
  }

  #sink(item: { at: number; order: number; bytes: Uint8Array }): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && isBefore(right, heap[child]!)) child++;
      if (!isBefore(heap[child]!, item)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = item;
  }
}

function isBefore(
  a: { at: number; order: number },
  b: { at: number; order: number },
): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** IPv4 and UDP headers count for the rate. */
const headerBytes = 28;
