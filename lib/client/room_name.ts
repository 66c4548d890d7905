import type { Random } from "../protocol/random.ts";

/**
 * A name for a group whose maker gave none: the users' names joined, without
 * their dots, or `room` when nothing fit is left of them. Further attempts
 * end with 2, 3 and so on, late ones with random digits.
 *
 * @param attempt From 0.
 */
export function roomName(
  users: readonly string[],
  attempt: number,
  random: Random,
): string {
  const joined = users.join("").replace(/[^A-Za-z0-9_-]/g, "");
  const fits = joined !== "" && joined.length <= longestBase;
  const base = fits ? joined : "room";
  if (attempt === 0) return base;
  if (attempt < countedAttempts) return `${base}${attempt + 1}`;
  const digits = [...random.bytes(randomDigits)].map((byte) => byte % 10);
  return `${base}${digits.join("")}`;
}

const countedAttempts = 8;
const randomDigits = 8;
/** Leaves room for the digits in a name of 32 characters. */
const longestBase = 32 - randomDigits;
