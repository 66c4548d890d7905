import { reasonOf } from "../../system/errors.io.ts";

/** What a {@link SinkError} is for the other side. */
export type SinkFailure =
  | "space"
  | "storage"
  | "removed"
  | "integrity"
  /** Not all is what was offered. */
  | "changed"
  | "closed";

/** Why a file cannot be stored, in one line for people. */
export class SinkError extends Error {
  override readonly name = "SinkError";
  /** "space" may come back. */
  readonly failure: SinkFailure;

  constructor(message: string, failure: SinkFailure = "storage") {
    super(message);
    this.failure = failure;
  }
}

/** What the system's refusal to write `path` means for who wants it stored. */
export function cannotWrite(path: string, error: unknown): SinkError {
  if (error instanceof SinkError) return error;
  const text = error instanceof Error ? error.message : "";
  if (/os error (28|122|112)\b|ENOSPC|EDQUOT/.test(text)) {
    return new SinkError(`No space left for "${path}"`, "space");
  }
  return new SinkError(`"${path}" cannot be written: ${reasonOf(error)}`);
}
