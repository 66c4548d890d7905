/**
 * Reads a rate in bytes a second: digits, perhaps with a fraction, and a decimal
 * suffix `k`, `M` or `G` in any case. `0` and `off` mean no limit and give 0.
 *
 * @returns `undefined` for anything else, and for less than {@link leastRate}.
 */
export function parseRate(text: string): number | undefined {
  if (/^off$/i.test(text)) return 0;
  const match = /^([0-9]{1,12}(?:\.[0-9]{1,6})?)([kmg]?)$/i.exec(text);
  if (match === null) return undefined;
  const [, digits = "", suffix = ""] = match;
  const factor = { "": 1, k: 1e3, m: 1e6, g: 1e9 }[suffix.toLowerCase()] ?? 1;
  const rate = Math.round(Number(digits) * factor);
  return rate === 0 || rate >= leastRate ? rate : undefined;
}

/** What is wrong with a rate that {@link parseRate} does not take. */
export function rateProblem(name: string, text: string): string {
  return `invalid ${name} "${text}": must be bytes a second from ${leastRate}, such as 500k or 2M, or off`;
}

/** Slower than this a transfer would look broken, bytes a second. */
const leastRate = 10_000;
