import { integer, object, string } from "../base/schema.ts";

/** A run of a server, by which message ids are told from those of others. */
export interface Epoch {
  /** Random, 16 hexadecimal digits. */
  readonly epoch: string;
  /** The highest message id before it. */
  readonly after: number;
}

/** Checks an {@link Epoch} in a frame. */
export const epochCheck = object({
  epoch: string(16, 16, /^[0-9a-f]{16}$/),
  after: integer(),
});
