/**
 * How the two ends of a transfer come to one order of its blocks (see
 * {@link BlockOrder}): the receiver wishes one, and the sender says from which
 * position on it is so. Either stands in the probes of its end until one of them
 * was answered; who does not know of it answers all the same, and sends on in the
 * order that it had.
 *
 *     number u32 | position u32 | count u8 | (first u32 | end u32) for each range
 */
import { readU32, writeU32 } from "../base/bytes.ts";
import type { BlockRange } from "./block_order.ts";
import { transferLimits } from "./packets/limits.ts";

/** An order that is wished, or that holds from a position on. */
export interface OrderNews {
  /** They count up from 1. */
  readonly number: number;
  /** Where it begins; 0 in a wish. */
  readonly position: number;
  /** What comes first, in that order; the rest follows. */
  readonly ranges: readonly BlockRange[];
}

/** What one end says of the order, and hears. */
export class OrderExchange {
  #own: OrderNews | undefined;
  #number = 0;
  /** The probes that have said it. */
  #tokens: number[] = [];
  #tellAt = Infinity;
  #heard: OrderNews | undefined;
  #heardNumber = 0;

  /** True when the other end has what was said last. */
  get isAnswered(): boolean {
    return this.#own === undefined;
  }

  /** Bytes that {@link write} takes; 0 when there is nothing to say. */
  get length(): number {
    return this.#own === undefined ? 0 : newsBytes(this.#own.ranges.length);
  }

  /** This end has an order to tell. */
  tell(position: number, ranges: readonly BlockRange[], now: number): void {
    const most = ranges.slice(0, transferLimits.wishRanges);
    this.#own = { number: ++this.#number, position, ranges: most };
    this.#tokens = [];
    this.#tellAt = now;
  }

  /** Writes what is to be said to `out` at `at`. */
  write(out: Uint8Array, at: number): void {
    if (this.#own === undefined) return;
    const { number, position, ranges } = this.#own;
    writeU32(out, at, number);
    writeU32(out, at + 4, position);
    out[at + 8] = ranges.length;
    for (const [index, { first, end }] of ranges.entries()) {
      writeU32(out, at + newsBytes(index), first);
      writeU32(out, at + newsBytes(index) + 4, end);
    }
  }

  /** A probe with `token`, which says it, leaves. */
  handleSent(token: number, now: number): void {
    if (this.#own === undefined) return;
    this.#tokens = [...this.#tokens.slice(1 - mostTokens), token];
    this.#tellAt = now + againMs;
  }

  /** The other end answered the probe with `token`. */
  handleAnswer(token: number): void {
    if (!this.#tokens.includes(token)) return;
    this.#own = undefined;
    this.#tokens = [];
    this.#tellAt = Infinity;
  }

  /** When a probe has to say what is to be said, ms. */
  deadline(): number {
    return this.#tellAt;
  }

  /** A probe of the other end says what is in `body` from `at` on. */
  handleProbe(body: Uint8Array, at: number): void {
    const news = read(body, at);
    if (news === undefined || news.number <= this.#heardNumber) return;
    this.#heardNumber = news.number;
    this.#heard = news;
  }

  /** True when {@link takeHeard} has something. */
  get hasHeard(): boolean {
    return this.#heard !== undefined;
  }

  /** What the other end said last, once. */
  takeHeard(): OrderNews | undefined {
    const heard = this.#heard;
    this.#heard = undefined;
    return heard;
  }
}

/** Undefined when it is malformed. */
function read(body: Uint8Array, at: number): OrderNews | undefined {
  if (body.length < at + newsBytes(0)) return undefined;
  const count = body[at + 8]!;
  const isRight = count <= transferLimits.wishRanges &&
    body.length >= at + newsBytes(count);
  if (!isRight) return undefined;
  const ranges: BlockRange[] = [];
  for (let index = 0; index < count; index++) {
    const first = readU32(body, at + newsBytes(index));
    const end = readU32(body, at + newsBytes(index) + 4);
    if (first >= end) return undefined;
    ranges.push({ first, end });
  }
  return { number: readU32(body, at), position: readU32(body, at + 4), ranges };
}

function newsBytes(ranges: number): number {
  return 9 + 8 * ranges;
}

/** How long an answer is waited for. */
const againMs = 250;
/** Probes whose answers count. */
const mostTokens = 16;
