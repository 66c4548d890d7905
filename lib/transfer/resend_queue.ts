/**
 * What must be sent again, in order: slices of lost packets by their number,
 * and whole blocks whose tag failed at the receiver. A ring of typed arrays as
 * large as the memory of sent packets, so it cannot overflow.
 */
import type { SentPackets } from "./sent_packets.ts";
import type { SendWindow } from "./send_window.ts";

/** Slices to be sent again. */
export class ResendQueue {
  readonly #numbers = new Float64Array(capacity);
  #head = 0;
  #tail = 0;
  /** Bytes of the head's slice that were sent again already. */
  #headSent = 0;
  readonly #blocks: number[] = [];
  #blockSent = 0;
  /** How often each block was to be sent again. */
  readonly #refetches = new Map<number, number>();

  /** The slice that {@link next} found. */
  block = 0;
  offset = 0;
  length = 0;

  /** Packet `number` was lost. */
  push(number: number): void {
    this.#numbers[this.#tail++ & mask] = number;
  }

  /** The receiver could not open `block` so many times: all of it, if new. */
  refetch(block: number, times: number, held: SendWindow): void {
    if (!held.has(block)) return;
    if ((this.#refetches.get(block) ?? 0) >= times) return;
    // Only blocks of the window can be in here; older ones are forgotten.
    for (const old of this.#refetches.keys()) {
      if (!held.has(old)) this.#refetches.delete(old);
    }
    this.#refetches.set(block, times);
    this.#pushBlock(block);
  }

  #pushBlock(block: number): void {
    if (block === this.#blocks[0]) this.#blockSent = 0;
    else if (!this.#blocks.includes(block)) this.#blocks.push(block);
  }

  /** True when something may be left to send. */
  get isEmpty(): boolean {
    return this.#head === this.#tail && this.#blocks.length === 0;
  }

  /**
   * Sets {@link block}, {@link offset} and {@link length} to the next slice, at
   * most `maxBytes` long; false when nothing is left. Slices that arrived after
   * all and blocks that were opened are passed over.
   */
  next(sent: SentPackets, held: SendWindow, maxBytes: number): boolean {
    while (this.#head < this.#tail) {
      const number = this.#numbers[this.#head & mask]!;
      const isNeeded = number >= sent.floor && held.has(sent.block(number)) &&
        !sent.hasArrived(number);
      if (isNeeded) {
        this.block = sent.block(number);
        this.offset = sent.offset(number) + this.#headSent;
        const left = sent.length(number) - this.#headSent;
        this.length = Math.min(left, maxBytes);
        return true;
      }
      this.#head++;
      this.#headSent = 0;
    }
    return this.#nextOfBlocks(held, maxBytes);
  }

  /** The slice that {@link next} found is sent as packet `number`. */
  advance(sent: SentPackets, number: number): void {
    if (this.#head < this.#tail) {
      const original = this.#numbers[this.#head & mask]!;
      sent.setOriginal(number, original);
      this.#headSent += this.length;
      if (this.#headSent >= sent.length(original)) {
        this.#head++;
        this.#headSent = 0;
      }
      return;
    }
    this.#blockSent += this.length;
  }

  #nextOfBlocks(held: SendWindow, maxBytes: number): boolean {
    for (;;) {
      const block = this.#blocks[0];
      if (block === undefined) return false;
      const left = held.has(block)
        ? held.sealedBytes(block) - this.#blockSent
        : 0;
      if (left > 0) {
        this.block = block;
        this.offset = this.#blockSent;
        this.length = Math.min(left, maxBytes);
        return true;
      }
      this.#blocks.shift();
      this.#blockSent = 0;
    }
  }
}

const capacity = 65_536;
const mask = capacity - 1;
