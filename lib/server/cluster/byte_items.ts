/**
 * Numbers and byte strings one after the other, of any length: integers of 7
 * bits a byte, the lowest first. Reading never throws: what is not there reads
 * as 0, and `failed` says so.
 */

/** Bytes that grow. */
export class ItemWriter {
  // To grow takes longer than all else: so what has grown is used again.
  #bytes = spare.pop() ?? new Uint8Array(firstBytes);
  #size = 0;

  /** Bytes up to now. */
  get size(): number {
    return this.#size;
  }

  /** Adds one byte. */
  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#size++] = value;
  }

  /** Adds a safe integer from 0. */
  number(value: number): void {
    this.#reserve(longestNumber);
    const bytes = this.#bytes;
    let rest = value;
    // Bitwise operators know 32 bits only.
    for (; rest >= 2 ** 31; rest = Math.floor(rest / 128)) {
      bytes[this.#size++] = rest % 128 + 128;
    }
    for (; rest >= 128; rest >>>= 7) bytes[this.#size++] = rest & 127 | 128;
    bytes[this.#size++] = rest;
  }

  /** Adds a list of integers; those that rise slowly take a byte each. */
  numbers(values: readonly number[]): void {
    this.number(values.length);
    let last = 0;
    for (const value of values) {
      // The lowest bit says that it is lower than the one before.
      const step = value - last;
      this.number(step < 0 ? -step * 2 + 1 : step * 2);
      last = value;
    }
  }

  /** Adds bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
  }

  /** What is added until the returned function is called is one part. */
  begin(): () => void {
    this.#reserve(partBytes);
    const at = this.#size;
    this.#size += partBytes;
    return () => {
      let length = this.#size - at - partBytes;
      // Of a fixed width: then the part need not be moved.
      for (let index = 0; index < partBytes; index++) {
        const isLast = index === partBytes - 1;
        this.#bytes[at + index] = length & 127 | (isLast ? 0 : 128);
        length >>>= 7;
      }
    };
  }

  /** All bytes; nothing can be added any more. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(0, this.#size);
    if (spare.length < mostSpare) spare.push(this.#bytes);
    this.#bytes = bytes;
    return bytes;
  }

  #reserve(more: number): void {
    const needed = this.#size + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}

/** Reads what a {@link ItemWriter} wrote. */
export class ItemReader {
  /** True when something was not there, or not as it must be. */
  failed = false;
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True when all is read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  byte(): number {
    const value = this.#bytes[this.#at];
    if (value === undefined) return this.#fail();
    this.#at++;
    return value;
  }

  number(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < longestNumber; count++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) return this.#fail();
      value += (byte & 127) * scale;
      if (byte < 128) {
        return value <= Number.MAX_SAFE_INTEGER ? value : this.#fail();
      }
      scale *= 128;
    }
    return this.#fail();
  }

  numbers(): number[] {
    const count = this.number();
    // Each takes a byte at least.
    if (count > this.#bytes.length - this.#at) {
      this.#fail();
      return [];
    }
    const values = new Array<number>(count);
    let last = 0;
    for (let index = 0; index < count; index++) {
      const step = this.number();
      last += step % 2 === 1 ? -(step - 1) / 2 : step / 2;
      if (last < 0 || last > Number.MAX_SAFE_INTEGER) last = this.#fail();
      values[index] = last;
    }
    return values;
  }

  /** The next `length` bytes. */
  raw(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) {
      this.#fail();
      return new Uint8Array(length <= longestRaw ? length : 0);
    }
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** What is left. */
  rest(): Uint8Array {
    return this.raw(Math.max(0, this.#bytes.length - this.#at));
  }

  /** The next part. */
  part(): ItemReader {
    const length = this.number();
    if (length <= this.#bytes.length - this.#at) {
      return new ItemReader(this.raw(length));
    }
    this.#fail();
    return new ItemReader(new Uint8Array(0));
  }

  #fail(): 0 {
    this.failed = true;
    this.#at = this.#bytes.length;
    return 0;
  }
}

const firstBytes = 256;
/** Of those who are done. */
const spare: Uint8Array<ArrayBuffer>[] = [];
const mostSpare = 16;
/** Bytes of the longest safe integer. */
const longestNumber = 8;
/** Bytes of the length of a part: up to 256 MiB. */
const partBytes = 4;
/** Of what is read where nothing is: as much as a header wants. */
const longestRaw = 8;
