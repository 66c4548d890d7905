import type { Verifier } from "../protocol/verifier.ts";

/** What stands after the name on a line of `credentials.txt`. */
export type Credential =
  | { readonly kind: "password"; readonly password: string }
  | { readonly kind: "verifier"; readonly verifier: Verifier };

/** Who may log in, by name as it is written in the file; names have a case. */
export type Accounts = ReadonlyMap<string, Credential>;
