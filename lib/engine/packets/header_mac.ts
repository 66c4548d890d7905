/**
 * HalfSipHash-2-4 with a 32-bit result (Aumasson and Bernstein, reference code):
 * authenticates the headers of data datagrams. A block's own tag is only checked
 * when all of it is there; until then this keeps strangers, and bits that flipped
 * on the way, from putting slices in wrong places or faking arrivals. It costs
 * a fraction of a microsecond, thirty times less than an AEAD call.
 */
export class HeaderMac {
  readonly #k0: number;
  readonly #k1: number;

  /** @param key 8 bytes. */
  constructor(key: Uint8Array) {
    this.#k0 = littleEndian(key, 0);
    this.#k1 = littleEndian(key, 4);
  }

  /** The 32-bit code of the first `length` bytes, as an unsigned number. */
  compute(bytes: Uint8Array, length: number): number {
    let v0 = this.#k0;
    let v1 = this.#k1;
    let v2 = this.#k0 ^ 0x6c796765;
    let v3 = this.#k1 ^ 0x74656462;
    const words = length >>> 2;
    for (let i = 0; i < words + 3; i++) {
      let message = 0;
      if (i < words) message = littleEndian(bytes, 4 * i);
      else if (i === words) message = lastWord(bytes, length);
      else if (i === words + 1) v2 ^= 0xff;
      v3 ^= message;
      for (let round = 0; round < 2; round++) {
        v0 = (v0 + v1) | 0;
        v1 = (v1 << 5 | v1 >>> 27) ^ v0;
        v0 = v0 << 16 | v0 >>> 16;
        v2 = (v2 + v3) | 0;
        v3 = (v3 << 8 | v3 >>> 24) ^ v2;
        v0 = (v0 + v3) | 0;
        v3 = (v3 << 7 | v3 >>> 25) ^ v0;
        v2 = (v2 + v1) | 0;
        v1 = (v1 << 13 | v1 >>> 19) ^ v2;
        v2 = v2 << 16 | v2 >>> 16;
      }
      v0 ^= message;
    }
    return (v1 ^ v3) >>> 0;
  }
}

function littleEndian(bytes: Uint8Array, at: number): number {
  return bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 |
    bytes[at + 3]! << 24;
}

/** What is left over, with the length in the top byte. */
function lastWord(bytes: Uint8Array, length: number): number {
  let word = length << 24;
  for (let i = length & ~3; i < length; i++) {
    word |= bytes[i]! << (8 * (i & 3));
  }
  return word;
}
