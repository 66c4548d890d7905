/**
 * The datagrams between a client and its server's UDP port
 * (docs/protocol/files.md, "With the server"): asking from which address one is
 * seen, and relaying. Their first byte differs from every datagram between
 * clients.
 *
 *     bind     0x58 | id 8 | number u48 | zeros 33 | code 16            = 64
 *     bound    0x59 | id 8 | number u48 | address 16 | port u16 | code 16 = 49
 *     relayed  0x5a | the datagram as it goes between clients
 *     refused  0x5b | transfer id 8 | reason u8                         = 10
 *     probe    0x5c | id 8 | number u48 | zeros | code 16               ≥ 64
 *     probed   0x5d | id 8 | number u48 | address 16 | port u16 | size u16 | code 16 = 51
 *     join     0x5e | transfer id 8 | number u48 | ticket 11 | zeros 22 | code 16 = 64
 *
 * The answer to a join is a bound, with the id of the transfer.
 * The code is HMAC-SHA-256 over all before it, cut to 16 bytes, under the key
 * that the server gave over TCP.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { formatIp, parseIp } from "../base/ip_address.ts";
import type { WireAddress } from "./request.ts";

/** First byte of each kind. */
export const rendezvousType = {
  bind: 0x58,
  bound: 0x59,
  relayed: 0x5a,
  refused: 0x5b,
  probe: 0x5c,
  probed: 0x5d,
  join: 0x5e,
} as const;

/** Why the server does not relay, in the order of their codes. */
const relayRefusals = ["off", "quota"] as const;

/** A value of {@link relayRefusals}. */
export type RelayRefusal = typeof relayRefusals[number];

/** A question for the address that one is seen from. */
export function encodeBind(
  id: Uint8Array,
  key: Uint8Array,
  number: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(bindBytes);
  return complete(bytes, rendezvousType.bind, id, key, number);
}

/**
 * A question like a bind, for the place of one side of a transfer at the relay
 * of a node, with what the server gave for it.
 */
export function encodeJoin(
  transfer: Uint8Array,
  key: Uint8Array,
  number: number,
  ticket: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(bindBytes);
  bytes.set(ticket.subarray(0, ticketBytes), headBytes);
  return complete(bytes, rendezvousType.join, transfer, key, number);
}

/** The ticket of a join, without a look at its code; `undefined` for others. */
export function ticketOf(bytes: Uint8Array): Uint8Array | undefined {
  const isJoin = bytes.length === bindBytes &&
    bytes[0] === rendezvousType.join;
  return isJoin
    ? bytes.subarray(headBytes, headBytes + ticketBytes)
    : undefined;
}

/** True when the bytes have the form of a bind. */
export function isBind(bytes: Uint8Array): boolean {
  return bytes.length === bindBytes && bytes[0] === rendezvousType.bind;
}

/** The number of an authentic bind or join; `undefined` for a forged one. */
export function openBind(
  bytes: Uint8Array,
  key: Uint8Array,
): number | undefined {
  return isAuthentic(bytes, key)
    ? view(bytes).getUint16(9) * 2 ** 32 +
      view(bytes).getUint32(11)
    : undefined;
}

/** The answer to bind `number`: shorter than the question. */
export function encodeBound(
  id: Uint8Array,
  key: Uint8Array,
  number: number,
  seen: WireAddress,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(boundBytes);
  bytes.set(parseIp(seen.ip) ?? new Uint8Array(16), headBytes);
  view(bytes).setUint16(headBytes + 16, seen.port);
  return complete(bytes, rendezvousType.bound, id, key, number);
}

/** What an authentic answer for `id` says; `undefined` for anything else. */
export function openBound(
  bytes: Uint8Array,
  id: Uint8Array,
  key: Uint8Array,
): { readonly number: number; readonly seen: WireAddress } | undefined {
  if (bytes.length !== boundBytes || bytes[0] !== rendezvousType.bound) {
    return undefined;
  }
  if (id.some((byte, index) => bytes[1 + index] !== byte)) return undefined;
  if (!isAuthentic(bytes, key)) return undefined;
  return readSeen(bytes);
}

/**
 * A question for the address that one is seen from, and whether a datagram of
 * this size arrives.
 *
 * @param size Bytes in all, 64 to 65,507.
 */
export function encodeProbe(
  id: Uint8Array,
  key: Uint8Array,
  number: number,
  size: number,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(size, bindBytes));
  return complete(bytes, rendezvousType.probe, id, key, number);
}

/** The id of a probe, without a look at its code; `undefined` for others. */
export function probeIdOf(bytes: Uint8Array): Uint8Array | undefined {
  const isProbe = bytes.length >= bindBytes &&
    bytes[0] === rendezvousType.probe;
  return isProbe ? bytes.subarray(1, 9) : undefined;
}

/** The answer to an authentic probe, which is longer; `undefined` for others. */
export function answerProbe(
  probe: Uint8Array,
  key: Uint8Array,
  seen: WireAddress,
): Uint8Array<ArrayBuffer> | undefined {
  if (!isAuthentic(probe, key)) return undefined;
  const bytes = new Uint8Array(probedBytes);
  bytes.set(probe.subarray(0, headBytes));
  bytes[0] = rendezvousType.probed;
  bytes.set(parseIp(seen.ip) ?? new Uint8Array(16), headBytes);
  view(bytes).setUint16(headBytes + 16, seen.port);
  view(bytes).setUint16(headBytes + 18, probe.length);
  bytes.set(codeOf(bytes, key), probedBytes - codeBytes);
  return bytes;
}

/** What the answer to a probe says. */
export interface Probed {
  /** Of the probe. */
  readonly number: number;
  /** From where the server got it. */
  readonly seen: WireAddress;
  /** Bytes of the probe. */
  readonly size: number;
}

/** What an authentic answer for `id` says; `undefined` for anything else. */
export function openProbed(
  bytes: Uint8Array,
  id: Uint8Array,
  key: Uint8Array,
): Probed | undefined {
  if (bytes.length !== probedBytes || bytes[0] !== rendezvousType.probed) {
    return undefined;
  }
  if (id.some((byte, index) => bytes[1 + index] !== byte)) return undefined;
  if (!isAuthentic(bytes, key)) return undefined;
  return { ...readSeen(bytes), size: view(bytes).getUint16(headBytes + 18) };
}

/** Says that `transfer` (its 8-byte id) is not relayed. */
export function encodeRefused(
  transfer: Uint8Array,
  reason: RelayRefusal,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(refusedBytes);
  bytes[0] = rendezvousType.refused;
  bytes.set(transfer, 1);
  bytes[9] = relayRefusals.indexOf(reason);
  return bytes;
}

/** The reason in a refusal; its transfer id is bytes 1–8. */
export function openRefused(bytes: Uint8Array): RelayRefusal | undefined {
  if (bytes.length !== refusedBytes || bytes[0] !== rendezvousType.refused) {
    return undefined;
  }
  return relayRefusals[bytes[9]!];
}

/** Puts the head before what is in a datagram, and the code behind it. */
function complete(
  bytes: Uint8Array<ArrayBuffer>,
  type: number,
  id: Uint8Array,
  key: Uint8Array,
  number: number,
): Uint8Array<ArrayBuffer> {
  bytes[0] = type;
  bytes.set(id, 1);
  view(bytes).setUint16(9, Math.floor(number / 2 ** 32));
  view(bytes).setUint32(11, number % 2 ** 32);
  bytes.set(codeOf(bytes, key), bytes.length - codeBytes);
  return bytes;
}

/** Number and address of an answer. */
function readSeen(bytes: Uint8Array): { number: number; seen: WireAddress } {
  const data = view(bytes);
  const ip = formatIp(bytes.subarray(headBytes, headBytes + 16));
  return {
    number: data.getUint16(9) * 2 ** 32 + data.getUint32(11),
    seen: { ip, port: data.getUint16(headBytes + 16) },
  };
}

function isAuthentic(bytes: Uint8Array, key: Uint8Array): boolean {
  const code = bytes.subarray(bytes.length - codeBytes);
  return timingSafeEqual(code, codeOf(bytes, key));
}

function codeOf(bytes: Uint8Array, key: Uint8Array): Uint8Array {
  return createHmac("sha256", key)
    .update(bytes.subarray(0, bytes.length - codeBytes)).digest()
    .subarray(0, codeBytes);
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Bytes of what the server gives for a join. */
export const ticketBytes = 11;

const headBytes = 15;
const codeBytes = 16;
const bindBytes = 64;
const boundBytes = headBytes + 18 + codeBytes;
const refusedBytes = 10;
const probedBytes = headBytes + 20 + codeBytes;
