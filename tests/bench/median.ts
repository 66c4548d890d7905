/** The middle one of some values, rounded; 0 of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round(sorted[sorted.length >> 1] ?? 0);
}
