import { reasonOf } from "../../system/errors.io.ts";

/** Why a file cannot be sent, with one line for people. */
export class SourceError extends Error {
  readonly failure: "unreadable" | "changed";

  constructor(failure: "unreadable" | "changed", message: string) {
    super(message);
    this.name = "SourceError";
    this.failure = failure;
  }
}

/** What the system's refusal to read `path` means for who wants it sent. */
export function cannotRead(path: string, error: unknown): SourceError {
  if (error instanceof SourceError) return error;
  const why = error instanceof Deno.errors.NotFound
    ? "does not exist"
    : `cannot be read: ${reasonOf(error)}`;
  return new SourceError("unreadable", `"${path}" ${why}`);
}
