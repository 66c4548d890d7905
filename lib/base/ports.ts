/**
 * A point in time as state machines receive it. `mono` never jumps and is for
 * deadlines; `wall` is what people and files see and may be set at any moment.
 */
export interface Instant {
  /** Milliseconds of a monotonic clock with an arbitrary start. */
  readonly mono: number;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly wall: number;
}

/** Where a state machine gets randomness from: the system, or a seed in tests. */
export interface Random {
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}
