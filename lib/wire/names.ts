/**
 * Which names users and groups may have. Both alphabets are ASCII, so no two
 * names look alike and none needs escaping in a log line or in a file's name.
 */

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

/** The key under which a group is found: group names ignore case. */
export function groupKey(name: string): string {
  return name.toLowerCase();
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
