import {
  type ErrorCode,
  type WireError,
  wireError,
} from "../../wire/errors.ts";
import { visible } from "../../base/text.ts";

/**
 * Thrown by a handler to answer its request with an error. Not an `Error`: it
 * is an ordinary outcome that any client can cause, without a stack trace.
 */
export class Refusal {
  readonly error: WireError;

  /**
   * @param message The standard sentence of the code by default.
   * @param wait When to try again, ms from now.
   * @param details Further fields of the error.
   */
  constructor(
    code: ErrorCode,
    message?: string,
    wait?: number,
    details: Pick<WireError, "since" | "from"> = {},
  ) {
    this.error = { ...wireError(code, message, wait), ...details };
  }
}

/** A name from a request as it may stand in a message: short and printable. */
export function shown(name: string): string {
  const text = visible(name);
  return text.length <= 40 ? text : `${text.slice(0, 40).toWellFormed()}…`;
}

/** Refuses what concerns a user or a group, whichever has the name: none has. */
export function refuseName(name: string): never {
  const message = `There is no user or group ${shown(name)}`;
  throw new Refusal("unknown_name", message);
}

/** Refuses what concerns a user who is not there. */
export function refuseUser(name: string): never {
  throw new Refusal("unknown_user", `There is no user ${shown(name)}`);
}
