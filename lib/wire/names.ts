/**
 * Which names users and groups may have. Both alphabets are ASCII, so no two
 * names look alike and none needs escaping in a log line or in a file's name.
 * The names of one's own devices are for oneself, and freer.
 */
import { characters, isBlank, isPrintable } from "../base/text.ts";

const userName = /^[A-Za-z0-9._-]{1,32}$/;
const groupName = /^[A-Za-z0-9_-]{1,32}$/;

/** True when `name` may name a user: 1–32 of `A–Z a–z 0–9 . _ -`. */
export function isUserName(name: string): boolean {
  return userName.test(name) && name !== "." && name !== "..";
}

/** True when `name` may name a group: 1–32 of `A–Z a–z 0–9 _ -`. */
export function isGroupName(name: string): boolean {
  return groupName.test(name);
}

/** The key under which a user is found: user names ignore case, too. */
export function userKey(name: string): string {
  return name.toLowerCase();
}

/**
 * A user's name as the server spells it; as it was typed where the server names
 * somebody else.
 */
export function spelled(typed: string, told: string): string {
  return userKey(told) === userKey(typed) ? told : typed;
}

/** The key under which a group is found: group names ignore case. */
export function groupKey(name: string): string {
  return name.toLowerCase();
}

/**
 * True when `name` may name a device: 1–32 printable characters, no blank at its
 * ends, and no `@`, behind which it stands in `luke@laptop`.
 */
export function isDeviceName(name: string): boolean {
  return isPrintable(name) && !isBlank(name) && name === name.trim() &&
    !name.includes("@") && characters(name) <= deviceNameCharacters;
}

/** What a profile may tell about a person, in the order in which it is shown. */
export const profileFields = ["name", "hometown", "email", "status"] as const;

/** A field of a profile. */
export type ProfileField = typeof profileFields[number];

/** The fields that somebody has filled in. */
export type Profile = { readonly [F in ProfileField]?: string };

/** True when `name` is one of {@link profileFields}. */
export function isProfileField(name: string): name is ProfileField {
  return (profileFields as readonly string[]).includes(name);
}

/** Most characters of a device's name. */
export const deviceNameCharacters = 32;
