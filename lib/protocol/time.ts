/** How times are written for people: `01 Jun 2026 21:39:04`, local time. */

/** The months' names, January first. */
export const months = [
  "Jan",
  "Feb",
  "Mar",
  "Apr",
  "May",
  "Jun",
  "Jul",
  "Aug",
  "Sep",
  "Oct",
  "Nov",
  "Dec",
];

/**
 * `01 Jun 2026 21:39:04` in the local time zone.
 *
 * @param ms Milliseconds since 1970-01-01T00:00:00Z.
 */
export function formatTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = format(ms);
    lastSecond = second;
  }
  return lastText;
}

/** `21:39:04` in the local time zone. */
export function formatClock(ms: number): string {
  return formatTime(ms).slice(-clockLength);
}

/** `01 Jun 2026` in the local time zone. */
export function formatDay(ms: number): string {
  return formatTime(ms).slice(0, -clockLength - 1);
}

function format(ms: number): string {
  const date = new Date(ms);
  const day = two(date.getDate());
  const month = months[date.getMonth()];
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${day} ${month} ${date.getFullYear()} ${clock.map(two).join(":")}`;
}

// Log lines of a busy server share their second.
let lastSecond = NaN;
let lastText = "";

const clockLength = "21:39:04".length;

function two(value: number): string {
  return String(value).padStart(2, "0");
}
