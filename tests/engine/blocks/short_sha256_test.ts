import { assertEquals, assertThrows } from "@std/assert";
import { createHash } from "node:crypto";
import {
  mostShortBytes,
  shortSha256,
} from "../../../lib/engine/blocks/short_sha256.ts";

Deno.test("shortSha256 is SHA-256, of every length that it takes", () => {
  for (let length = 0; length <= mostShortBytes; length++) {
    for (let seed = 0; seed < 20; seed++) {
      const bytes = new Uint8Array(length)
        .map((_, index) => seed === 0 ? 255 : index * 89 + seed * 57);
      const right = createHash("sha256").update(bytes).digest();
      assertEquals(shortSha256(bytes), new Uint8Array(right));
    }
  }
  assertThrows(() => shortSha256(new Uint8Array(mostShortBytes + 1)));
});
