/** Where a state machine gets randomness from: the system, or a seed in tests. */
export interface Random {
  /** `length` fresh random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer>;
}
