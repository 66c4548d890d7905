/** Turns the progress of an engine into events, some ten a second at most. */
import type { TransferEvent } from "../client/transfer_port.ts";
import { transferLimits } from "../transfer/transfer_limits.ts";

/** Progress of one transfer. */
export class TransferProgress {
  readonly #id: string;
  readonly #size: number;
  #bytes = 0;
  #at = -Infinity;
  #rate = 0;

  constructor(id: string, size: number) {
    this.#id = id;
    this.#size = size;
  }

  /** The event that is due, if any, when `blocks` blocks have arrived. */
  update(blocks: number, now: number): TransferEvent | undefined {
    const bytes = Math.min(blocks * transferLimits.blockBytes, this.#size);
    if (bytes === this.#bytes) return undefined;
    const isEarly = now - this.#at < intervalMs;
    if (isEarly && bytes < this.#size) return undefined;
    if (this.#at !== -Infinity && !isEarly) {
      const elapsed = now - this.#at;
      const rate = 1000 * (bytes - this.#bytes) / elapsed;
      const weight = this.#rate === 0 ? 1 : 1 - Math.exp(-elapsed / smoothMs);
      this.#rate += weight * (rate - this.#rate);
    }
    this.#at = now;
    this.#bytes = bytes;
    return {
      event: "progress",
      id: this.#id,
      bytes,
      size: this.#size,
      rate: this.#rate,
    };
  }
}

const intervalMs = 100;
const smoothMs = 2_000;
