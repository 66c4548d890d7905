/**
 * Waits until the files that were written before are no longer of this second:
 * those are read twice when they are sent, since times tell nothing of them.
 */
export function pastSecond(): Promise<void> {
  const left = 1_100 - Date.now() % 1_000;
  return new Promise((resolve) => setTimeout(resolve, left));
}
