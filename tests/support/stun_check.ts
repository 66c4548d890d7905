/** A browser's connectivity check, as RFC 8489 and RFC 8445 describe it. */
import { createHmac } from "node:crypto";

/** What a check says. */
export interface StunCheck {
  /** `THEIRS:OWN` of the two `ufrag`. */
  readonly name: string;
  /** The other end's. */
  readonly password: string;
  /** 12 bytes; zeros by default. */
  readonly transaction?: Uint8Array;
}

/** The bytes of a check, with a priority and a fingerprint as browsers have. */
export function stunCheck(
  { name, password, transaction = new Uint8Array(12) }: StunCheck,
): Uint8Array<ArrayBuffer> {
  const head = [0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, ...transaction];
  const user = attribute(6, new TextEncoder().encode(name));
  const priority = attribute(0x24, new Uint8Array([1, 2, 3, 4]));
  const covered = Uint8Array.from([...head, ...user, ...priority]);
  // With the length up to the end of the code.
  covered.set(u16(covered.length - 20 + 24), 2);
  const code = createHmac("sha1", password).update(covered).digest();
  const all = Uint8Array.from([
    ...covered,
    ...attribute(8, code),
    ...attribute(0x8028, new Uint8Array(4)),
  ]);
  all.set(u16(all.length - 20), 2);
  return all;
}

function attribute(type: number, value: Uint8Array): number[] {
  const padding = Array(-value.length & 3).fill(0);
  return [...u16(type), ...u16(value.length), ...value, ...padding];
}

function u16(value: number): number[] {
  return [value >> 8, value & 255];
}
