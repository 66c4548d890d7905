/**
 * The texts of one direction of a private session: those that wait to be sent,
 * and how many of those that were sent arrived. Bounded by what waits, so that a
 * peer that does not read cannot fill the memory.
 */
import { privateLimits } from "./private_limits.ts";

/** Texts on their way to the other side. */
export class OutgoingTexts {
  #waiting: string[] = [];
  #next = 0;
  #waitingBytes = 0;
  #pushed = 0;
  #sent = 0;
  #confirmed = 0;

  /** True when {@link next} gives something. */
  get isWaiting(): boolean {
    return this.#next < this.#waiting.length;
  }

  /** How many were pushed and not confirmed. */
  get unconfirmed(): number {
    return this.#pushed - this.#confirmed;
  }

  /** Queues a text; `false` when too many wait. */
  push(text: string): boolean {
    const size = sizeOf(text);
    if (this.#waitingBytes + size > privateLimits.queuedTextBytes) return false;
    this.#waiting.push(text);
    this.#waitingBytes += size;
    this.#pushed++;
    return true;
  }

  /** The next text to send. */
  next(): string | undefined {
    const text = this.#waiting[this.#next];
    if (text === undefined) return undefined;
    this.#waitingBytes -= sizeOf(text);
    this.#sent++;
    this.#next++;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    return text;
  }

  /** The other side has `count` in all; `false` when that cannot be. */
  confirm(count: number): boolean {
    if (count > this.#sent || count < this.#confirmed) return false;
    this.#confirmed = count;
    return true;
  }

  /** Forgets what waits; it stays unconfirmed. */
  clear(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#waitingBytes = 0;
  }
}

/** Bytes in memory, counted as two for each UTF-16 unit and some for the rest. */
function sizeOf(text: string): number {
  return 2 * text.length + 32;
}
