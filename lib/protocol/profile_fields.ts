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
