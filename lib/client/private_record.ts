/**
 * What a record of a private session says, before it is sealed: one byte kind,
 * two bytes length of the body, the body, and zeros up to a multiple of 64
 * bytes, so that the lengths on the wire tell little about the texts.
 */
import { limits } from "../protocol/limits.ts";
import { characters, isBlank, isText } from "../protocol/text.ts";
import { privateLimits } from "./private_limits.ts";

/** Why a side ends a session. */
export type PrivateCloseReason =
  | "stopped" // its user ended the session
  | "left" // its user logged out or exits
  | "fault"; // it received something that cannot be

/** A record. */
export type PrivateRecord =
  /** The first of each direction: proves that its sender has the key. */
  | { readonly kind: "proof" }
  /** The offerer takes this connection, of all that were made. */
  | { readonly kind: "choose" }
  /** The answerer took it too: the session is open. */
  | { readonly kind: "chosen" }
  | { readonly kind: "text"; readonly text: string }
  /** How many texts the sender of this record has received in all. */
  | { readonly kind: "received"; readonly count: number }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" }
  | { readonly kind: "close"; readonly reason: PrivateCloseReason };

/** The padded plaintext of `record`; its contents must be within the limits. */
export function encodeRecord(record: PrivateRecord): Uint8Array {
  const body = bodyOf(record);
  const padding = privateLimits.paddingBytes;
  const length = Math.ceil((headerBytes + body.length) / padding) * padding;
  const bytes = new Uint8Array(length);
  bytes[0] = kinds.indexOf(record.kind);
  bytes[1] = body.length >>> 8;
  bytes[2] = body.length;
  bytes.set(body, headerBytes);
  return bytes;
}

/** The record in a padded plaintext, or `undefined` when it is not valid. */
export function decodeRecord(bytes: Uint8Array): PrivateRecord | undefined {
  if (bytes.length < headerBytes) return undefined;
  const kind = kinds[bytes[0] ?? -1];
  const end = headerBytes + ((bytes[1] ?? 0) << 8 | (bytes[2] ?? 0));
  if (kind === undefined || end > bytes.length) return undefined;
  // Padding says nothing, and less than a block of it, or it would be a channel.
  if (bytes.length - end >= privateLimits.paddingBytes) return undefined;
  if (bytes.subarray(end).some((byte) => byte !== 0)) return undefined;
  const body = bytes.subarray(headerBytes, end);
  switch (kind) {
    case "text":
      return decodeText(body);
    case "received":
      return body.length === 4
        ? {
          kind,
          count: new DataView(bytes.buffer, bytes.byteOffset).getUint32(
            headerBytes,
          ),
        }
        : undefined;
    case "close": {
      const reason = body.length === 1
        ? closeReasons[body[0] ?? -1]
        : undefined;
      return reason === undefined ? undefined : { kind, reason };
    }
    default:
      return body.length === 0 ? { kind } : undefined;
  }
}

/** True for what may be sent as a text: SPEC.md §4 holds here too. */
export function isPrivateText(text: string): boolean {
  return !isBlank(text) && isText(text) &&
    characters(text) <= limits.textCharacters;
}

function bodyOf(record: PrivateRecord): Uint8Array {
  switch (record.kind) {
    case "text":
      return encoder.encode(record.text);
    case "received": {
      const body = new Uint8Array(4);
      new DataView(body.buffer).setUint32(0, record.count);
      return body;
    }
    case "close":
      return Uint8Array.of(closeReasons.indexOf(record.reason));
    default:
      return nothing;
  }
}

function decodeText(body: Uint8Array): PrivateRecord | undefined {
  try {
    const text = decoder.decode(body);
    return isPrivateText(text) ? { kind: "text", text } : undefined;
  } catch {
    return undefined;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const headerBytes = 3;
const nothing = new Uint8Array(0);
// The index is the byte on the wire.
const kinds: readonly PrivateRecord["kind"][] = [
  "proof",
  "choose",
  "chosen",
  "text",
  "received",
  "ping",
  "pong",
  "close",
];
const closeReasons: readonly PrivateCloseReason[] = [
  "stopped",
  "left",
  "fault",
];
