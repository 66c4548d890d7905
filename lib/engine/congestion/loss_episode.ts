import type { AckSample } from "./controller.ts";

/**
 * The losses that a controller answers together, as it does those of one round
 * trip, and whether they were any: when all of them arrive after all, what was
 * done about them is undone (RFC 8985 §9.2 leaves that to schemes like RFC 4015).
 */
export class LossEpisode {
  /** Losses of what was sent before this are part of it, ms. */
  #answeredAt = -Infinity;
  /** What is still missing of it, bytes; 0 when there is nothing to undo. */
  #missing = 0;

  /** True when `sample` tells of losses that were not answered yet. */
  isNew({ lost, lostSentAt }: AckSample): boolean {
    return lost > 0 && lostSentAt > this.#answeredAt;
  }

  /** They are answered now. */
  begin({ now, lost }: AckSample): void {
    this.#answeredAt = now;
    this.#missing = lost;
  }

  /**
   * To be called for every acknowledgement that does not begin one.
   *
   * @returns True, once, when all of it has arrived.
   */
  update({ lost, recovered }: AckSample): boolean {
    if (this.#missing === 0) return false;
    this.#missing = Math.max(this.#missing + lost - recovered, 0);
    return this.#missing === 0;
  }
}
