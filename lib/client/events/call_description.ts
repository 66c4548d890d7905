/**
 * What one browser has to know of the other's end of a call to connect with it:
 * of an SDP description (RFC 8866) no text, but a few values of a form that is
 * known. It is made by the page, signed by the user's key, and sent over the
 * sealed path between the two clients; the other page writes a description of
 * its own with them. No text of another browser reaches a browser.
 */
import {
  type Check,
  type Infer,
  integer,
  list,
  object,
  string,
} from "../../base/schema.ts";

/** Most bytes of a description as JSON. */
export const mostDescriptionBytes = 512;

/** One end of a call, as its browser describes it. */
export type CallDescription = Infer<typeof callDescription>;

/**
 * Checks a description.
 *
 * @throws {SchemaError} when it is none.
 */
export const callDescription = object({
  /** SHA-256 of the certificate, hexadecimal. */
  fingerprint: string(64, 64, /^[0-9a-f]*$/),
  /** Name and password of its connectivity checks (RFC 8445). */
  ufrag: string(4, 32, /^[A-Za-z0-9+/]*$/),
  pwd: string(22, 64, /^[A-Za-z0-9+/]*$/),
  /** Payload types: Opus, VP8, and what is sent again of VP8. */
  types: several(3, integer(0, 127)),
  /** Numbers of header extensions: the part's name, and the one for congestion. */
  extensions: several(2, integer(1, 14)),
  /** Sources: voice, camera, camera again, screen, screen again. */
  sources: several(5, integer(1, 2 ** 32 - 1)),
});

/** Exactly so many. */
function several<T>(count: number, item: Check<T>): Check<T[]> {
  return list(item, count, count);
}
