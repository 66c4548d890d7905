/** Numbers of bytes and spans of time as people read them. */

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
