/** Numbers of bytes and files, and spans of time, as people read them. */

/** `950 B`, `1.5 MB`: decimal units, three figures at most. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `8.2 of 20.0 MB`. */
export function formatPart(bytes: number, size: number): string {
  const whole = formatSize(size);
  const [done, unit] = formatSize(bytes).split(" ");
  return `${whole.endsWith(` ${unit}`) ? done : `${done} ${unit}`} of ${whole}`;
}

/** `12.3 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatSize(bytesPerSecond)}/s`;
}

/** `1 file`, `1,312 files`. */
export function countFiles(files: number): string {
  return files === 1 ? "1 file" : `${files.toLocaleString("en")} files`;
}

/** `0.4 s`, `12 s`, `3:05`, `2:03:05`. */
export function formatSpan(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  if (minutes < 60) return `${minutes}:${rest}`;
  const left = String(minutes % 60).padStart(2, "0");
  return `${Math.floor(minutes / 60)}:${left}:${rest}`;
}

const units = ["B", "kB", "MB", "GB", "TB", "PB"];

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

/** The part of a path after its last `/` or `\`. */
export function basename(path: string): string {
  return path.slice(
    Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1,
  );
}
