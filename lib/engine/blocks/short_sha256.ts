/**
 * SHA-256 (FIPS 180-4) of a few bytes. The system's takes five to ten times as long
 * for them, most of it to begin and to hand over: of thousands of small files that
 * is what a digest costs.
 */
import { readU32, writeU32 } from "../../base/bytes.ts";

/** Most bytes that {@link shortSha256} takes: one block with its padding. */
export const mostShortBytes = 55;

/**
 * The SHA-256 of at most {@link mostShortBytes} bytes.
 *
 * @throws {RangeError} when there are more.
 */
export function shortSha256(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = bytes;
  if (length > mostShortBytes) throw new RangeError(`${length} bytes are many`);
  block.fill(0);
  block.set(bytes);
  block[length] = 0x80;
  block[62] = length >>> 5;
  block[63] = length << 3;
  for (let i = 0; i < 16; i++) words[i] = readU32(block, 4 * i);
  for (let i = 16; i < 64; i++) {
    const a = words[i - 15]!;
    const b = words[i - 2]!;
    const near = (a >>> 7 | a << 25) ^ (a >>> 18 | a << 14) ^ a >>> 3;
    const far = (b >>> 17 | b << 15) ^ (b >>> 19 | b << 13) ^ b >>> 10;
    words[i] = words[i - 16]! + near + words[i - 7]! + far;
  }
  return compress();
}

/** Of the words that are set. */
function compress(): Uint8Array<ArrayBuffer> {
  let a = initial[0]!;
  let b = initial[1]!;
  let c = initial[2]!;
  let d = initial[3]!;
  let e = initial[4]!;
  let f = initial[5]!;
  let g = initial[6]!;
  let h = initial[7]!;
  for (let i = 0; i < 64; i++) {
    const sumE = (e >>> 6 | e << 26) ^ (e >>> 11 | e << 21) ^
      (e >>> 25 | e << 7);
    const first = h + sumE + (e & f ^ ~e & g) + rounds[i]! + words[i]! | 0;
    const sumA = (a >>> 2 | a << 30) ^ (a >>> 13 | a << 19) ^
      (a >>> 22 | a << 10);
    const second = sumA + (a & b ^ a & c ^ b & c) | 0;
    h = g;
    g = f;
    f = e;
    e = d + first | 0;
    d = c;
    c = b;
    b = a;
    a = first + second | 0;
  }
  const digest = new Uint8Array(32);
  writeU32(digest, 0, initial[0]! + a | 0);
  writeU32(digest, 4, initial[1]! + b | 0);
  writeU32(digest, 8, initial[2]! + c | 0);
  writeU32(digest, 12, initial[3]! + d | 0);
  writeU32(digest, 16, initial[4]! + e | 0);
  writeU32(digest, 20, initial[5]! + f | 0);
  writeU32(digest, 24, initial[6]! + g | 0);
  writeU32(digest, 28, initial[7]! + h | 0);
  return digest;
}

function wordsOf(hex: string): Int32Array {
  return Int32Array.from(
    hex.trim().split(/\s+/),
    (word) => Number.parseInt(word, 16),
  );
}

/** The first 32 bits of the fractions of the square roots of primes. */
const initial = wordsOf(`
  6a09e667 bb67ae85 3c6ef372 a54ff53a 510e527f 9b05688c 1f83d9ab 5be0cd19
`);
/** The same of cube roots. */
const rounds = wordsOf(`
  428a2f98 71374491 b5c0fbcf e9b5dba5 3956c25b 59f111f1 923f82a4 ab1c5ed5
  d807aa98 12835b01 243185be 550c7dc3 72be5d74 80deb1fe 9bdc06a7 c19bf174
  e49b69c1 efbe4786 0fc19dc6 240ca1cc 2de92c6f 4a7484aa 5cb0a9dc 76f988da
  983e5152 a831c66d b00327c8 bf597fc7 c6e00bf3 d5a79147 06ca6351 14292967
  27b70a85 2e1b2138 4d2c6dfc 53380d13 650a7354 766a0abb 81c2c92e 92722c85
  a2bfe8a1 a81a664b c24b8b70 c76c51a3 d192e819 d6990624 f40e3585 106aa070
  19a4c116 1e376c08 2748774c 34b0bcb5 391c0cb3 4ed8aa4a 5b9cca4f 682e6ff3
  748f82ee 78a5636f 84c87814 8cc70208 90befffa a4506ceb bef9a3f7 c67178f2
`);
// One thread, and nothing that waits: they are shared by all calls.
const block = new Uint8Array(64);
const words = new Int32Array(64);
