import { assert, assertEquals } from "@std/assert";
import {
  type BytesUse,
  staggeredBytes,
} from "../../../lib/engine/blocks/staggered_bytes.ts";

const uses: BytesUse[] = ["file", "block", "datagram"];

Deno.test("staggeredBytes are zero and as long as asked for", () => {
  for (const use of uses) {
    for (const length of [0, 1, 65_507, 1_048_576]) {
      const bytes = staggeredBytes(length, use);
      assertEquals(bytes.length, length);
      assert(bytes.every((byte) => byte === 0));
    }
  }
});

Deno.test("staggeredBytes of two uses never lie close behind each other", () => {
  const places = [...uses.map((use) => staggeredBytes(9, use).byteOffset), 0];
  for (const from of places) {
    for (const to of places) {
      if (from === to) continue;
      const behind = (to - from + 4096) % 4096;
      // The header of a datagram moves what follows by a few bytes more.
      assert(behind > 128 && behind < 4096 - 128, `${from} to ${to}`);
    }
  }
});
