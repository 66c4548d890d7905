/** How long a test waits for something that must happen, ms. */
export const patience = 60_000;

/**
 * Polls until `condition` gives something truthy and returns it.
 *
 * @throws {Error} naming `what` after `timeoutMs`.
 */
export async function waitUntil<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = patience,
): Promise<NonNullable<T>> {
  const deadline = performance.now() + timeoutMs;
  while (true) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) {
      throw new Error(`Waited ${timeoutMs} ms for ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
