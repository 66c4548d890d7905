/**
 * The outside of every datagram (docs/protocol/files.md): its type, the transfer
 * it belongs to, and the header of those that carry a slice of a sealed block.
 * All functions work in place on buffers that their caller reuses.
 *
 *     data     type u8 | transfer 8 | packet number u48 | position u32 |
 *              offset u24 | length u16 | header code u32 | slice
 *     control  type u8 | transfer 8 | control number u48 | sealed body | tag 16
 */
import {
  readU16,
  readU24,
  readU32,
  readU48,
  writeU16,
  writeU24,
  writeU32,
  writeU48,
} from "../../base/bytes.ts";
import type { HeaderMac } from "./header_mac.ts";

/** First byte of each kind of datagram. */
export const packetType = {
  data: 0x50,
  /** Is this path usable, with datagrams of this size? Padded. */
  probe: 0x51,
  /** Answer to a probe: its token and the size it arrived with. */
  probed: 0x52,
  ack: 0x53,
  /** The sender has sent every block: the digest of the file. */
  fin: 0x54,
  /** The receiver has checked the file and stored it under its name. */
  done: 0x55,
  /** The sender knows that; ends the transfer. */
  doneAck: 0x56,
  /** Either side gives up, with a reason. */
  close: 0x57,
} as const;

/** What those are in a call that are not the same as in a transfer. */
export const callPacketType = {
  /** A datagram of the browser's. */
  media: 0x50,
  /** A text came. */
  heard: 0x53,
  /** A text of the clients themselves. */
  text: 0x54,
  /** The first bytes of a datagram of the browser's. */
  mediaHead: 0x55,
  /** The others of it; its number is the next one. */
  mediaTail: 0x56,
} as const;

/** A value of {@link packetType}. */
export type PacketType = typeof packetType[keyof typeof packetType];

/** Bytes before the slice in a data datagram. */
export const dataHeaderBytes = 28;

/** Bytes of that header which its code covers. */
const codedHeaderBytes = 24;

/** Bytes before the sealed body of a control datagram. */
export const controlHeaderBytes = 15;

/**
 * A number that identifies the transfer `bytes` belongs to, for looking it up:
 * 53 of the 64 bits of its id. -1 when this is no datagram of ours.
 */
export function transferKey(bytes: Uint8Array): number {
  if (bytes.length < controlHeaderBytes || (bytes[0]! & 0xf8) !== 0x50) {
    return -1;
  }
  return transferKeyOf(bytes, 1);
}

/** The same number for the 8-byte id at `at`. */
export function transferKeyOf(id: Uint8Array, at = 0): number {
  return (readU32(id, at) & 0x1fffff) * 2 ** 32 + readU32(id, at + 4);
}

/** Writes type, transfer id and number, the part all datagrams share. */
export function writeHeader(
  out: Uint8Array,
  type: PacketType,
  id: Uint8Array,
  number: number,
): void {
  out[0] = type;
  out.set(id, 1);
  writeU48(out, 9, number);
}

/** True when the datagram carries this 8-byte transfer id. */
export function isOfTransfer(bytes: Uint8Array, id: Uint8Array): boolean {
  for (let i = 0; i < 8; i++) if (bytes[i + 1] !== id[i]) return false;
  return true;
}

/** The packet number or control number of a datagram. */
export function packetNumber(bytes: Uint8Array): number {
  return readU48(bytes, 9);
}

/** Writes where a data datagram's slice belongs, and then the header's code. */
export function writeSlicePlace(
  out: Uint8Array,
  position: number,
  offset: number,
  length: number,
  mac: HeaderMac,
): void {
  writeU32(out, 15, position);
  writeU24(out, 19, offset);
  writeU16(out, 22, length);
  writeU32(out, codedHeaderBytes, mac.compute(out, codedHeaderBytes));
}

/** True when the header of a data datagram is whole and authentic. */
export function isDataAuthentic(bytes: Uint8Array, mac: HeaderMac): boolean {
  return bytes.length > dataHeaderBytes &&
    readU16(bytes, 22) === bytes.length - dataHeaderBytes &&
    readU32(bytes, codedHeaderBytes) === mac.compute(bytes, codedHeaderBytes);
}

/** Where the block of a data datagram stands in the order of sending. */
export function slicePosition(bytes: Uint8Array): number {
  return readU32(bytes, 15);
}

/** Where in its sealed block a data datagram's slice starts, bytes. */
export function sliceOffset(bytes: Uint8Array): number {
  return readU24(bytes, 19);
}

/** Why one side ends a transfer before its time, as it stands in a close. */
export const closeReasons = [
  "cancelled",
  "changed",
  /** The receiver has too little room. */
  "space",
  "integrity",
  "internal",
  /** The program ends; the transfer may go on another time. */
  "left",
  /** The receiver cannot store it. */
  "storage",
  /** What had arrived was removed or replaced at the receiver. */
  "removed",
  /** The server relays no more of it. */
  "quota",
  /** The sender can no longer read it. */
  "unreadable",
] as const;

/** One of {@link closeReasons}. */
export type CloseReason = typeof closeReasons[number];

/** The number of a reason on the wire. */
export function closeReasonCode(reason: CloseReason): number {
  return closeReasons.indexOf(reason);
}

/** The reason with this number; one that is not known counts as `internal`. */
export function closeReasonOf(code: number): CloseReason {
  return closeReasons[code] ?? "internal";
}
