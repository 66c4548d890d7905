/**
 * Which slice of which block a sender sends next: what must be sent again comes
 * first (see resend_queue.ts), then the blocks of the window in their order.
 */
import { ResendQueue } from "./resend_queue.ts";
import type { SendWindow } from "./send_window.ts";
import type { SentPackets } from "./sent_packets.ts";

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
