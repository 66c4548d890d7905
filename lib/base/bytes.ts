/**
 * Big-endian numbers at fixed places of a byte array. Unlike a DataView these
 * need no object per datagram. Callers check the length before they read.
 */

/**
 * Gives the memory of `bytes` back at once, if nothing else shares it. Megabytes
 * a millisecond are more than should wait for the garbage collector.
 */
export function free(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (!(buffer instanceof ArrayBuffer)) return;
  if (buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}

/** Room for `length` numbers of the same kind, that begins with those of `array`. */
export function larger<
  A extends Float64Array | Uint32Array | Uint16Array | Uint8Array,
>(array: A, length: number): A {
  const made = new (array.constructor as new (length: number) => A)(length);
  made.set(array);
  return made;
}

/** Writes the low 16 bits of `value` at `at`. */
export function writeU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

/** The 16-bit number at `at`. */
export function readU16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

/** Writes `value`, an integer from 0 to 2^24 - 1, at `at`. */
export function writeU24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16;
  bytes[at + 1] = value >>> 8;
  bytes[at + 2] = value;
}

/** The 24-bit number at `at`. */
export function readU24(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 16 | bytes[at + 1]! << 8 | bytes[at + 2]!;
}

/** Writes `value`, an integer from 0 to 2^32 - 1, at `at`. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The 32-bit number at `at`. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 |
    bytes[at + 3]!) >>> 0;
}

/** Writes `value`, an integer from 0 to 2^48 - 1, at `at`. */
export function writeU48(bytes: Uint8Array, at: number, value: number): void {
  writeU32(bytes, at, Math.floor(value / 65536));
  writeU16(bytes, at + 4, value % 65536);
}

/** The 48-bit number at `at`. */
export function readU48(bytes: Uint8Array, at: number): number {
  return readU32(bytes, at) * 65536 + readU16(bytes, at + 4);
}

/** `parts` one after the other; a single part is returned as it is. */
export function joinBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const size = parts.reduce((sum, part) => sum + part.length, 0);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
