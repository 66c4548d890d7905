/**
 * Memory for bytes that are copied from one place to the next, over and over.
 * Some processors copy ten times slower when the target begins up to 64 bytes
 * behind the source modulo 4,096 (`rep movsb` on AMD's Zen 3 and 4, measured: 2
 * instead of 38 GB/s; glibc bug 30994). Large arrays begin just behind the start
 * of a page, those of the system at it, so whatever is copied between two of
 * them would be slow by default. Here each use has a place in the page of its
 * own.
 */

/** What the bytes are: neighbours in a chain of copies differ. */
export type BytesUse = keyof typeof placeOf;

const placeOf = {
  /** Read from or written to a file. */
  file: 3072,
  /** A block, sealed or not. */
  block: 2048,
  /** A datagram, which a socket or a block is filled from. */
  datagram: 1024,
} as const;

/** `length` zero bytes in a buffer of their own, which is a bit larger. */
export function staggeredBytes(
  length: number,
  use: BytesUse,
): Uint8Array<ArrayBuffer> {
  const place = placeOf[use];
  return new Uint8Array(new ArrayBuffer(place + length), place, length);
}
