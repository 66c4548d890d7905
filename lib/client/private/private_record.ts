/**
 * What a record of a private session says, before it is sealed: one byte kind,
 * two bytes length of the body, the body, and zeros up to a multiple of 64
 * bytes, so that the lengths on the wire tell little about the texts.
 */
import { limits } from "../../wire/limits.ts";
import { characters, isBlank, isText } from "../../base/text.ts";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import type { PrivateRole } from "../events/session_port.ts";

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

/** True for what may be sent as a text, as messages have it. */
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

// The first 46 bytes of each direction of a private session's connection, the
// only ones in plain text: which offer the connection belongs to, and fresh
// randomness, so that no two connections ever have the same keys.

/** What a hello says. */
export interface PrivateHello {
  /** The offer's id, 16 hexadecimal digits. */
  readonly id: string;
  /** The sender's side of the offer. */
  readonly role: PrivateRole;
  /** 32 random bytes. */
  readonly random: Uint8Array;
}

/** Length of a hello. */
export const helloBytes = 46;

/** `hello` as it goes on the wire. */
export function encodeHello(hello: PrivateHello): Uint8Array {
  const bytes = new Uint8Array(helloBytes);
  bytes.set(magic);
  bytes[roleAt] = roles.indexOf(hello.role);
  bytes.set(decodeHex(hello.id), idAt);
  bytes.set(hello.random, randomAt);
  return bytes;
}

/** The hello in `bytes`, or `undefined` when it is none of this version. */
export function decodeHello(bytes: Uint8Array): PrivateHello | undefined {
  if (bytes.length !== helloBytes) return undefined;
  if (magic.some((byte, index) => bytes[index] !== byte)) return undefined;
  const role = roles[bytes[roleAt] ?? -1];
  if (role === undefined) return undefined;
  return {
    id: encodeHex(bytes.slice(idAt, randomAt)),
    role,
    random: bytes.slice(randomAt),
  };
}

/** The other side of the offer. */
export function otherRole(role: PrivateRole): PrivateRole {
  return role === "offerer" ? "answerer" : "offerer";
}

const roles: readonly PrivateRole[] = ["offerer", "answerer"];
/** "PLPS" and the version, 1. */
const magic = Uint8Array.of(0x50, 0x4c, 0x50, 0x53, 1);
const roleAt = 5;
const idAt = 6;
const randomAt = 14;

/** The limits of private sessions, in one table. */
export const privateLimits = {
  /** From the start of a connection to an open session, ms. */
  handshakeMs: 10_000,
  /** Plaintexts of records are padded to a multiple of this, bytes. */
  paddingBytes: 64,
  /** Authentication tag of a record, bytes. */
  tagBytes: 16,
  /** Largest padded plaintext of a record: a text of 4,096 characters, bytes. */
  plaintextBytes: 16_448,
  /** Texts that wait to be sent, UTF-8 bytes; more are refused. */
  queuedTextBytes: 16 * 1024 * 1024,
  /** About how many bytes one write takes. */
  writeBytes: 64 * 1024,
  /** Addresses of the other side that are dialled. */
  addresses: 20,
  /** Connections to the listener that did not prove who they are. */
  strangers: 64,
  /** The same, of one address. */
  strangersPerAddress: 16,
  /** How long such a connection may take to say what it wants, ms. */
  strangerMs: 5_000,
  /** Connections that may wait for a session whose peer is not yet known. */
  waitingPerSession: 20,
} as const;
