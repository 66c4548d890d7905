import { type ErrorCode, errorMessages } from "./errors.ts";
import { integer, object, optional, string } from "./schema.ts";

/** What `error` in a frame from the server says. */
export interface DecodedError {
  /** `undefined` for a code this client does not know. */
  readonly code: ErrorCode | undefined;
  readonly message: string;
  /** When to try again, ms from now, where the server says so. */
  readonly wait?: number;
  /** How many more failed logins lock the name, where the server says so. */
  readonly attempts?: number;
}

/**
 * Checks the `error` of a frame.
 *
 * @throws {SchemaError} when it lacks a field or has a wrong one.
 */
export function decodeError(value: unknown): DecodedError {
  const { code, message, wait, attempts } = shape(value, "error");
  const isKnown = Object.hasOwn(errorMessages, code);
  return {
    code: isKnown ? code as ErrorCode : undefined,
    message,
    ...wait !== undefined && { wait },
    ...attempts !== undefined && { attempts },
  };
}

const shape = object({
  code: string(1, 64),
  message: string(0, 64 * 1024),
  wait: optional(integer()),
  attempts: optional(integer()),
});
