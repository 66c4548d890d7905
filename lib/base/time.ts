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

/** `21:39`, or `01 Jun 2026 21:39` when that was not today, local time. */
export function formatMinute(ms: number, now: number): string {
  const text = formatTime(ms).slice(0, -":04".length);
  return formatDay(ms) === formatDay(now) ? text.slice(-5) : text;
}

/** `01 Jun 2026` in the local time zone. */
export function formatDay(ms: number): string {
  return formatTime(ms).slice(0, -clockLength - 1);
}

/** `2026-06-01 21.39.04`, for names of files: local time, in order. */
export function formatFileTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getMonth() + 1, date.getDate()].map(two).join("-");
  const clock = [date.getHours(), date.getMinutes(), date.getSeconds()];
  return `${date.getFullYear()}-${day} ${clock.map(two).join(".")}`;
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

/**
 * Reads a time that a person wrote: `01 Jun 2026 21:39:04` as the logs have it,
 * ISO 8601 with or without a time of day and a zone, or seconds since 1970 UTC.
 * Without a zone it is local time.
 *
 * @returns Milliseconds since 1970-01-01T00:00:00Z; `undefined` when it is no
 * time.
 */
export function parseTime(text: string): number | undefined {
  if (/^[0-9]{1,11}$/.test(text)) return Number(text) * 1000;
  const parts = (logTime.exec(text) ?? isoTime.exec(text))?.groups;
  if (parts === undefined) return undefined;
  const month = parts.name === undefined
    ? Number(parts.month) - 1
    : months.indexOf(capitalized(parts.name));
  const [year, day, hour, minute, second, fraction] = [
    Number(parts.year),
    Number(parts.day),
    Number(parts.hour ?? 0),
    Number(parts.minute ?? 0),
    Number(parts.second ?? 0),
    Math.floor(Number(`0.${parts.fraction ?? 0}`) * 1000),
  ];
  const fields = [year, month, day, hour, minute, second, fraction] as const;
  const utc = new Date(Date.UTC(...fields));
  // What does not exist, such as 31 February, would become something else.
  const exists = utc.getUTCFullYear() === year && utc.getUTCMonth() === month &&
    utc.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!exists) return undefined;
  const offset = offsetOf(parts.zone);
  const ms = offset === undefined
    ? new Date(...fields).getTime()
    : utc.getTime() - offset;
  return ms < 0 ? undefined : ms;
}

/** How far the zone is ahead of UTC, ms; `undefined` for local time. */
function offsetOf(zone: string | undefined): number | undefined {
  if (zone === undefined) return undefined;
  if (zone.toUpperCase() === "Z") return 0;
  const [hours, minutes] = [zone.slice(1, 3), zone.slice(-2)].map(Number);
  const ahead = ((hours ?? 0) * 60 + (minutes ?? 0)) * 60_000;
  return zone.startsWith("-") ? -ahead : ahead;
}

function capitalized(name: string): string {
  return name.slice(0, 1).toUpperCase() + name.slice(1).toLowerCase();
}

const logTime =
  /^(?<day>[0-9]{1,2}) +(?<name>[a-z]{3}) +(?<year>[0-9]{4})(?: +(?<hour>[0-9]{1,2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2}))?)?$/i;
const isoTime =
  /^(?<year>[0-9]{4})-(?<month>[0-9]{2})-(?<day>[0-9]{2})(?:[T ](?<hour>[0-9]{2}):(?<minute>[0-9]{2})(?::(?<second>[0-9]{2})(?:[.,](?<fraction>[0-9]{1,9}))?)?(?<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?$/i;
