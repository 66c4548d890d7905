/**
 * The first 46 bytes of each direction of a private session's connection, the
 * only ones in plain text: which offer the connection belongs to, and fresh
 * randomness, so that no two connections ever have the same keys.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";

/** Which side of the offer somebody is. */
export type PrivateRole = "offerer" | "answerer";

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
