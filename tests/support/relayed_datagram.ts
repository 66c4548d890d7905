import { decodeHex } from "@std/encoding/hex";

/**
 * A datagram as a client has it relayed.
 *
 * @param transfer Its id, hex.
 * @param length In bytes, with all headers.
 */
export function relayedDatagram(
  transfer: string,
  length = 100,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  bytes.set([0x5a, 0x50]);
  bytes.set(decodeHex(transfer), 2);
  return bytes;
}
