/** Why one side ends a transfer before its time, as it stands in a close. */
export const closeReasons = [
  "cancelled",
  "changed",
  /** The receiver has too little room. */
  "space",
  "integrity",
  "internal",
  /** The program ends; the transfer may go on another time. */
  "left",
  /** The receiver cannot store it. */
  "storage",
  /** What had arrived was removed or replaced at the receiver. */
  "removed",
  /** The server relays no more of it. */
  "quota",
] as const;

/** One of {@link closeReasons}. */
export type CloseReason = typeof closeReasons[number];

/** The number of a reason on the wire. */
export function closeReasonCode(reason: CloseReason): number {
  return closeReasons.indexOf(reason);
}

/** The reason with this number; one that is not known counts as `internal`. */
export function closeReasonOf(code: number): CloseReason {
  return closeReasons[code] ?? "internal";
}
