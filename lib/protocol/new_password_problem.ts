import { normalizePassword } from "./scram.ts";
import { characters, isPrintable } from "./text.ts";

/** The question for a new password, with what it must be. */
export const newPasswordQuestion = "New password (at least 8 characters): ";

/**
 * Why `password` cannot be a user's new password, or `undefined` when it can.
 * The answer never contains the password.
 */
export function newPasswordProblem(
  password: string,
): { readonly code: string; readonly message: string } | undefined {
  const length = characters(normalizePassword(password).trim());
  if (length < shortest) {
    return {
      code: "password_too_short",
      message: `the new password is too short: at least ${shortest} characters`,
    };
  }
  if (length > longest) {
    return {
      code: "bad_password",
      message: `the new password is longer than ${longest} characters`,
    };
  }
  if (!isPrintable(password)) {
    return {
      code: "bad_password",
      message: "the new password has control characters",
    };
  }
  return undefined;
}

const shortest = 8;
const longest = 1024;
