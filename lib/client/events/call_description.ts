/**
 * What one browser has to know of the other's end of a call to connect with it:
 * what an SDP description (RFC 8866) says, as a small value of which every field
 * is checked. It is made by the page, signed by the user's key, and sent over
 * the sealed path between the two clients; the other page makes a description of
 * its own from it. No text of another browser reaches a browser.
 */
import {
  type Infer,
  integer,
  list,
  object,
  oneOf,
  optional,
  SchemaError,
  string,
} from "../../base/schema.ts";

/** Most bytes of a description as JSON. */
export const mostDescriptionBytes = 4000;

/** One end of a call, as its browser describes it. */
export type CallDescription = Infer<typeof fields>;

/**
 * Checks a description.
 *
 * @throws {SchemaError} when it is none, or too long.
 */
export function callDescription(value: unknown, path: string): CallDescription {
  const description = fields(value, path);
  const bytes = new TextEncoder().encode(JSON.stringify(description));
  if (bytes.length <= mostDescriptionBytes) return description;
  throw new SchemaError(path, `at most ${mostDescriptionBytes} bytes`);
}

const printable = (most: number) => string(1, most, /^[\x20-\x7e]*$/);
const iceText = (least: number, most: number) =>
  string(least, most, /^[A-Za-z0-9+/]*$/);

const codec = object({
  payload: integer(0, 127),
  name: string(1, 32, /^[A-Za-z0-9-]*$/),
  /** Hz. */
  clock: integer(8000, 96_000),
  channels: optional(integer(1, 2)),
  /** As behind `a=fmtp:N `. */
  parameters: optional(printable(200)),
  /** As behind `a=rtcp-fb:N `. */
  feedback: optional(list(printable(32), 0, 8)),
});

const line = object({
  kind: oneOf("audio", "video"),
  direction: oneOf("sendrecv", "sendonly", "recvonly", "inactive"),
  codecs: list(codec, 1, 8),
  extensions: list(
    object({ id: integer(1, 14), uri: printable(100) }),
    0,
    8,
  ),
  ssrcs: optional(list(integer(0, 2 ** 32 - 1), 0, 3)),
});

const fields = object({
  /** SHA-256 of the certificate, hexadecimal. */
  fingerprint: string(64, 64, /^[0-9a-f]*$/),
  ufrag: iceText(4, 32),
  pwd: iceText(22, 64),
  setup: oneOf("actpass", "active", "passive"),
  /** In the order of the connection's m-lines. */
  lines: list(line, 1, 3),
});
