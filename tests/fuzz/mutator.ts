import type { SeededRandom } from "../support/seeded_random.ts";

/**
 * Makes hostile input out of good input: bytes, texts and JSON values that are
 * almost right get further into a parser than noise does. Repeatable.
 */
export class Mutator {
  readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** One of `list`. */
  pick<T>(list: readonly T[]): T {
    const each = list[this.random.below(list.length)];
    if (each === undefined) throw new RangeError("nothing to pick from");
    return each;
  }

  /** True once in `odds` times. */
  chance(odds: number): boolean {
    return this.random.below(odds) === 0;
  }

  /** Up to `most` bytes of noise. */
  noise(most: number): Uint8Array<ArrayBuffer> {
    return this.random.bytes(this.random.below(most + 1));
  }

  /** `bytes` with some of them changed, removed, repeated or added. */
  bytes(good: Uint8Array): Uint8Array<ArrayBuffer> {
    let bytes = Uint8Array.from(good);
    for (let edits = 1 + this.random.below(4); edits > 0; edits--) {
      const at = this.random.below(bytes.length + 1);
      const length = this.random.below(this.chance(4) ? 64 : 4);
      switch (this.random.below(6)) {
        case 0:
          if (at < bytes.length) bytes[at]! ^= 1 << this.random.below(8);
          break;
        case 1:
          if (at < bytes.length) bytes[at] = this.pick(oddBytes);
          break;
        case 2:
          bytes = splice(bytes, at, length, new Uint8Array(0));
          break;
        case 3:
          bytes = splice(bytes, at, 0, this.random.bytes(length));
          break;
        case 4:
          bytes = splice(bytes, at, 0, bytes.slice(at, at + length));
          break;
        default:
          bytes = bytes.slice(0, at);
      }
    }
    return bytes;
  }

  /** `good` with some of its characters changed, removed, repeated or added. */
  text(good: string): string {
    let text = good;
    for (let edits = 1 + this.random.below(4); edits > 0; edits--) {
      const at = this.random.below(text.length + 1);
      const length = this.random.below(this.chance(4) ? 40 : 3);
      const before = text.slice(0, at);
      switch (this.random.below(5)) {
        case 0:
          text = before + text.slice(at + length);
          break;
        case 1:
          text = before + this.pick(oddTexts) + text.slice(at);
          break;
        case 2:
          text = before + this.pick(oddTexts) + text.slice(at + length);
          break;
        case 3:
          text = before + text.slice(at, at + length) + text.slice(at);
          break;
        default:
          text = before + this.character() + text.slice(at + 1);
      }
    }
    return text;
  }

  /** Any code unit, printable ASCII most of the time. */
  character(): string {
    const code = this.chance(8)
      ? this.random.below(0x10000)
      : 0x20 + this.random.below(0x5f);
    return String.fromCharCode(code);
  }

  /** Up to `most` characters of anything. */
  anyText(most: number): string {
    let text = "";
    for (let left = this.random.below(most + 1); left > 0; left--) {
      text += this.chance(12) ? this.pick(oddTexts) : this.character();
    }
    return text;
  }

  /** A JSON value with some value, name or element in it changed. */
  json(good: unknown): unknown {
    if (this.chance(3)) return this.oddValue();
    if (Array.isArray(good)) {
      const list = [...good];
      const at = this.random.below(list.length + 1);
      const change = this.random.below(3);
      if (change === 0) list.splice(at, 1);
      else if (change === 1) list.splice(at, 0, this.oddValue());
      else list[at] = this.json(list[at]);
      return list;
    }
    if (typeof good === "object" && good !== null) {
      const entries = Object.entries(good);
      const at = this.random.below(entries.length + 1);
      const [name = this.pick(oddNames), value] = entries[at] ?? [];
      const change = this.random.below(4);
      if (change === 0) entries.splice(at, 1);
      else if (change === 1) entries[at] = [this.pick(oddNames), value];
      else entries[at] = [name, this.json(value)];
      return Object.fromEntries(entries);
    }
    return typeof good === "string" ? this.text(good) : this.oddValue();
  }

  /** A value where another was expected. */
  oddValue(): unknown {
    return this.pick<() => unknown>([
      () => null,
      () => this.chance(2),
      () => this.pick(oddNumbers),
      () => this.random.below(100),
      () => this.anyText(20),
      () => "x".repeat(this.random.below(5000)),
      () => Array.from({ length: this.random.below(80) }, () => "a"),
      () => ({ [this.pick(oddNames)]: this.pick(oddNumbers) }),
      () => {
        let value: unknown = 1;
        for (let depth = this.random.below(14); depth > 0; depth--) {
          value = this.chance(2) ? [value] : { a: value };
        }
        return value;
      },
    ])();
  }
}

function splice(
  bytes: Uint8Array,
  at: number,
  removed: number,
  added: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const end = Math.min(bytes.length, at + removed);
  const result = new Uint8Array(at + added.length + bytes.length - end);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(end), at + added.length);
  return result;
}

const oddBytes = [0, 1, 10, 13, 0x1b, 0x22, 0x5c, 0x7b, 0x7f, 0x80, 0xc0, 0xff];
const oddTexts = [
  "",
  " ",
  "\n",
  "\r\n",
  "\0",
  "\x1b[2J",
  "\x1b]0;x\x07",
  "\u009b31m",
  "\u202e",
  "\ufeff",
  "\ud800",
  "\udfff",
  "🙂",
  "../",
  "..\\",
  "/",
  ";",
  ",",
  "=",
  ":",
  "$",
  "#",
  '"',
  "\\",
  "{",
  "[[[[[[[[[[[[",
  "-1",
  "1e999",
  "9007199254740993",
  "__proto__",
  "\u2028",
  "e\u0301",
];
const oddNumbers = [
  -1,
  0,
  -0,
  0.5,
  1e9,
  1e308,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  2 ** 53 - 1,
  -(2 ** 53),
];
const oddNames = [
  "__proto__",
  "constructor",
  "toString",
  "hasOwnProperty",
  "id",
  "do",
  "re",
  "ok",
  "ev",
  "to",
  "",
];
