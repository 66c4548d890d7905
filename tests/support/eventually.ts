/**
 * Waits until `condition` gives something other than `undefined` or `false`,
 * and returns it; fails after `timeoutMs` (5 s by default).
 *
 * @param what Is waited for, in the words of the failure.
 */
export async function eventually<T>(
  what: string,
  condition: () => T | Promise<T>,
  timeoutMs = 5000,
): Promise<Exclude<T, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  while (performance.now() < deadline) {
    const value = await condition();
    if (value !== undefined && value !== false) {
      return value as Exclude<T, undefined | false>;
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`timed out after ${timeoutMs} ms: ${what}`);
}
