/** Where in the form it belongs why a login failed. */

/** A field of the form, or none of them. */
export type LoginField = "server" | "user" | "password" | "form";

/** The field that a failure with this code is about. */
export function fieldOf(code: string | undefined): LoginField {
  return fields.find(([, codes]) => codes.includes(code ?? ""))?.[0] ?? "form";
}

const fields: readonly (readonly [LoginField, readonly string[]])[] = [
  ["password", ["login_failed", "login_failed_blocked", "too_many_failures"]],
  ["user", ["already_online", "bad_user"]],
  [
    "server",
    [
      ...["bad_server", "connection_lost", "unreachable", "bad_frame"],
      ...["untrusted_server", "scram_failed"],
    ],
  ],
];
