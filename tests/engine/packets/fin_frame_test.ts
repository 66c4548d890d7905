import { assertEquals } from "@std/assert";
import {
  decodeFin,
  encodeFin,
  type Fin,
} from "../../../lib/engine/packets/fin_frame.ts";

const digests = {
  file: new Uint8Array(32).fill(1),
  part: new Uint8Array(32).fill(2),
};

function encoded(fin: Fin): Uint8Array {
  const out = new Uint8Array(200).fill(0xff);
  return out.slice(0, encodeFin(fin, out));
}

Deno.test("a fin says what it was made from", () => {
  const times = [0, 1, -1, 1_700_000_000_123, -8.64e15, 8.64e15];
  const sizes = [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 48 - 1];
  for (const modified of times) {
    for (const size of sizes) {
      for (const flag of [true, false]) {
        const attributes = { modified, isExecutable: flag };
        const fin = { ...digests, hasGrown: !flag, attributes, size };
        assertEquals(decodeFin(encoded(fin)), fin);
      }
    }
  }
});

Deno.test("a fin need not say what the file is besides its bytes", () => {
  const about = { hasGrown: true, attributes: undefined, size: 7 };
  const fin = { ...digests, ...about };
  assertEquals(decodeFin(encoded(fin)), fin);
});

Deno.test("a fin of an earlier version says less, and one that is cut nothing", () => {
  const unsaid = { attributes: undefined, size: undefined };
  const fin = { ...digests, hasGrown: true, ...unsaid };
  const whole = encoded(fin);
  assertEquals(decodeFin(whole.subarray(0, 65)), fin);
  const same = { ...fin, hasGrown: false };
  assertEquals(decodeFin(whole.subarray(0, 64)), same);
  assertEquals(decodeFin(whole.subarray(0, 63)), undefined);
});

Deno.test("a fin for the first version is its digests alone", () => {
  const about = { hasGrown: true, attributes: undefined, size: 7 };
  const out = new Uint8Array(200);
  assertEquals(encodeFin({ ...digests, ...about }, out, true), 64);
  const short = decodeFin(out.subarray(0, 64));
  assertEquals([short?.file, short?.part], [digests.file, digests.part]);
});

Deno.test("a fin with a time that is none says no time", () => {
  const attributes = { modified: 8.64e15 + 1, isExecutable: true };
  const fin = { ...digests, hasGrown: false, attributes, size: 1 };
  assertEquals(decodeFin(encoded(fin))?.attributes, undefined);
});
