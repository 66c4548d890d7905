/**
 * Round-trip time of a path, estimated as in RFC 9002 §5: a smoothed mean, its
 * variation, and the smallest sample seen. All in milliseconds.
 */
export class Rtt {
  #latest = 0;
  #smoothed = initialRttMs;
  #variation = initialRttMs / 2;
  #min = Infinity;

  /** The last sample, 0 before the first. */
  get latest(): number {
    return this.#latest;
  }

  /** Weighted mean; 333 ms before the first sample (RFC 9002 §6.2.2). */
  get smoothed(): number {
    return this.#smoothed;
  }

  get variation(): number {
    return this.#variation;
  }

  /** Smallest sample; Infinity before the first. */
  get min(): number {
    return this.#min;
  }

  /** True once a sample was taken. */
  get isMeasured(): boolean {
    return this.#min !== Infinity;
  }

  /**
   * Takes a sample.
   *
   * @param sample From sending a datagram to hearing of its arrival, ms.
   * @param ackDelay How long the peer says it waited with the answer, ms.
   */
  update(sample: number, ackDelay = 0): void {
    this.#latest = sample;
    if (!this.isMeasured) {
      this.#min = sample;
      this.#smoothed = sample;
      this.#variation = sample / 2;
      return;
    }
    this.#min = Math.min(this.#min, sample);
    // A peer cannot make the path look shorter than it was ever measured.
    const adjusted = sample >= this.#min + ackDelay
      ? sample - ackDelay
      : sample;
    const deviation = Math.abs(this.#smoothed - adjusted);
    this.#variation += (deviation - this.#variation) / 4;
    this.#smoothed += (adjusted - this.#smoothed) / 8;
  }

  /** Forgets everything: the path changed. */
  reset(): void {
    this.#latest = 0;
    this.#smoothed = initialRttMs;
    this.#variation = initialRttMs / 2;
    this.#min = Infinity;
  }

  /** Probe time-out without back-off, ms (RFC 9002 §6.2.1). */
  probeTimeout(maxAckDelay: number): number {
    return this.#smoothed + Math.max(4 * this.#variation, granularityMs) +
      maxAckDelay;
  }
}

const initialRttMs = 333;
/** Timers of the shell fire about this much late. */
const granularityMs = 2;
