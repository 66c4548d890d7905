import { assertEquals, assertNotEquals } from "@std/assert";
import { HeaderMac } from "../../../lib/engine/packets/header_mac.ts";

Deno.test("HeaderMac gives the reference vectors of HalfSipHash-2-4", () => {
  // Key 00…07, input 00, 01, 02… of lengths 0, 1, 2 and 3; 4 bytes each.
  const mac = new HeaderMac(Uint8Array.from({ length: 8 }, (_, i) => i));
  const input = Uint8Array.from({ length: 64 }, (_, i) => i);
  const expected = [0x5b9f35a9, 0xb85a4727, 0x03a662fa, 0x04e7fe8a];
  for (const [length, code] of expected.entries()) {
    assertEquals(mac.compute(input, length), code, `length ${length}`);
  }
});

Deno.test("HeaderMac changes with every bit of header and key", () => {
  const key = new Uint8Array(8).fill(3);
  const header = new Uint8Array(24).fill(7);
  const code = new HeaderMac(key).compute(header, 24);
  for (let bit = 0; bit < 24 * 8; bit++) {
    const changed = Uint8Array.from(header);
    changed[bit >>> 3]! ^= 1 << (bit & 7);
    assertNotEquals(new HeaderMac(key).compute(changed, 24), code);
  }
  for (let bit = 0; bit < 64; bit++) {
    const changed = Uint8Array.from(key);
    changed[bit >>> 3]! ^= 1 << (bit & 7);
    assertNotEquals(new HeaderMac(changed).compute(header, 24), code);
  }
});
