/**
 * Which slice of which block a sender sends next, numbered as in a SendWindow:
 * what must be sent again comes first (see {@link ResendQueue}), then the blocks of
 * the window in their order.
 */
import { larger } from "../base/bytes.ts";
import type { SendWindow } from "./send_window.ts";
import type { SentPackets } from "./recovery/sent_packets.ts";

/** The slices of one transfer, in the order in which they leave. */
export class SliceQueue {
  readonly #sent: SentPackets;
  readonly #window: SendWindow;
  readonly #resend = new ResendQueue();
  #nextBlock: number;
  #nextOffset = 0;
  /** The slice that was picked has not been sent before. */
  #isNew = false;

  /** The slice that {@link pick} chose. */
  block = 0;
  offset = 0;
  length = 0;

  /**
   * @param sent What has been sent.
   * @param window Where the blocks are.
   */
  constructor(sent: SentPackets, window: SendWindow, firstBlock: number) {
    this.#sent = sent;
    this.#window = window;
    this.#nextBlock = firstBlock;
  }

  /** The first block that has not been sent as a whole. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  /** What packet `number` carried is to be sent again. */
  repeat(number: number): void {
    this.#resend.push(number);
  }

  /** The receiver could not open `block` so many times. */
  refetch(block: number, times: number): void {
    this.#resend.refetch(block, times, this.#window);
  }

  /**
   * Chooses the next slice; false when there is none.
   *
   * @param maxBytes How long it may be.
   * @param limit New blocks must be below this one.
   */
  pick(maxBytes: number, limit: number): boolean {
    const resend = this.#resend;
    if (!resend.isEmpty && resend.next(this.#sent, this.#window, maxBytes)) {
      this.block = resend.block;
      this.offset = resend.offset;
      this.length = resend.length;
      this.#isNew = false;
      return true;
    }
    if (this.#nextBlock >= Math.min(this.#window.end, limit)) return false;
    // Slices of one block are equally long, so that none is a tiny rest.
    const sealedBytes = this.#window.sealedBytes(this.#nextBlock);
    const slices = Math.ceil(sealedBytes / maxBytes);
    this.block = this.#nextBlock;
    this.offset = this.#nextOffset;
    this.length = Math.min(
      Math.ceil(sealedBytes / slices),
      sealedBytes - this.#nextOffset,
    );
    this.#isNew = true;
    return true;
  }

  /** The slice that was picked is sent as packet `number`. */
  advance(number: number): void {
    if (!this.#isNew) return this.#resend.advance(this.#sent, number);
    this.#nextOffset += this.length;
    if (this.#nextOffset < this.#window.sealedBytes(this.block)) return;
    this.#nextBlock++;
    this.#nextOffset = 0;
  }
}

// What must be sent again, in order: slices of lost packets by their number,
// and whole blocks whose tag failed at the receiver. A ring of typed arrays as
// large as the memory of sent packets, so it cannot overflow; it grows until then.

/** Slices to be sent again. */
export class ResendQueue {
  #numbers = new Float64Array(leastCapacity);
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
    const { length } = this.#numbers;
    if (this.#tail === length && length < capacity) {
      this.#numbers = larger(this.#numbers, length * growth);
    }
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

const leastCapacity = 128;
const growth = 8;
const capacity = 65_536;
const mask = capacity - 1;
