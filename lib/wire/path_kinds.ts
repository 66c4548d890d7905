/** How two clients of a transfer reach each other, best first. */
export const pathKinds = [
  /** Both are on one machine. */
  "local",
  "lan",
  "direct-v4",
  "direct-v6",
  /** Through the server. */
  "relay",
] as const;

/** A value of {@link pathKinds}. */
export type PathKind = typeof pathKinds[number];
