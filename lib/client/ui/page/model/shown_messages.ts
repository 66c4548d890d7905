/**
 * How messages stand below each other: under which day, which of them begin a
 * run of one author, and where the new ones begin.
 */
import type { SaidMessage } from "../../../events/conversations.ts";

/** A message and what stands above it. */
export interface ShownMessage {
  readonly message: SaidMessage;
  /** The day that begins here, as people say it. */
  readonly day?: string;
  /** The author and the time are told. */
  readonly isFirst: boolean;
  /** The first that the user had not seen. */
  readonly isFirstNew: boolean;
}

/**
 * Messages of a block, as they are shown.
 *
 * @param before The one above the block.
 * @param firstNew The first that was not seen, if there is one.
 * @param now ms since 1970 UTC.
 */
export function showMessages(
  messages: readonly SaidMessage[],
  before: SaidMessage | undefined,
  firstNew: SaidMessage | undefined,
  now: number,
): ShownMessage[] {
  return messages.map((message, index) => {
    const above = messages[index - 1] ?? before;
    const isNewDay = above === undefined || !isSameDay(above.at, message.at);
    const isFirstNew = isSaid(message, firstNew);
    const goesOn = above !== undefined && !isNewDay && !isFirstNew &&
      above.from === message.from && above.own === message.own &&
      message.at - above.at < runMs;
    return {
      message,
      ...(isNewDay && { day: dayName(message.at, now) }),
      isFirst: !goesOn,
      isFirstNew,
    };
  });
}

/** Where a message stands in its conversation. */
export function placeIn({ number, at }: SaidMessage): string {
  return `${number} ${at}`;
}

/** True for the same moment's message, whatever else was learned of it. */
export function isSaid(
  one: SaidMessage,
  other: SaidMessage | undefined,
): boolean {
  return one === other ||
    one.number !== undefined && one.number === other?.number &&
      one.at === other.at;
}

/**
 * Number of the last own message of these that has arrived; 0 for none. As far
 * as it is the same, none of them is shown otherwise.
 *
 * @param delivered Number of the last that has arrived, as all before it have.
 */
export function deliveredIn(
  messages: readonly SaidMessage[],
  delivered: number,
): number {
  return messages.findLast(({ own, number = Infinity }) =>
    own && number <= delivered
  )?.number ?? 0;
}

/**
 * Which day it is, as far as it matters to how a message's time is told: of what
 * was said long ago only the year does.
 *
 * @param at When it was said, ms since 1970 UTC, as `now`.
 */
export function todayFor(at: number, now: number): number {
  const today = new Date(now);
  return now - at < 3 * dayMs ? today.getDate() : today.getFullYear();
}

/** `Today`, `Yesterday`, `Monday 12 October`, with the year if it is another. */
export function dayName(at: number, now: number): string {
  if (isSameDay(at, now)) return "Today";
  if (isSameDay(at, now - dayMs)) return "Yesterday";
  const date = new Date(at);
  const day = `${weekdays[date.getDay()]} ${date.getDate()} ${
    months[date.getMonth()]
  }`;
  const year = date.getFullYear();
  return year === new Date(now).getFullYear() ? day : `${day} ${year}`;
}

/** `21:39`. */
export function clockTime(at: number): string {
  const date = new Date(at);
  const two = (number: number) => String(number).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** When something was, in the least words: `21:39`, `Mon`, `12 Oct`, `2024`. */
export function shortTime(at: number, now: number): string {
  if (isSameDay(at, now)) return clockTime(at);
  const date = new Date(at);
  const first = (word = "") => word.slice(0, 3);
  if (now - at < 6 * dayMs) return first(weekdays[date.getDay()]);
  const year = date.getFullYear();
  if (year !== new Date(now).getFullYear()) return String(year);
  return `${date.getDate()} ${first(months[date.getMonth()])}`;
}

/** `today at 21:39`, `12 October at 21:39`. */
export function wholeTime(at: number, now: number): string {
  const day = dayName(at, now);
  const inText = /^(Today|Yesterday)$/.test(day) ? day.toLowerCase() : day;
  return `${inText} at ${clockTime(at)}`;
}

function isSameDay(one: number, other: number): boolean {
  if (Math.abs(one - other) > dayMs) return false;
  return new Date(one).getDate() === new Date(other).getDate();
}

// The language's own way to write them costs a millisecond for each message.
const weekdays = [
  "Sunday",
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
];
const months = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const dayMs = 86_400_000;
/** How long after a message the next one of its author is in the same run, ms. */
const runMs = 5 * 60_000;
