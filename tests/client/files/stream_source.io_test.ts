import { assertEquals, assertRejects } from "@std/assert";
import { SourceError } from "../../../lib/client/files/source_error.io.ts";
import { StreamSource } from "../../../lib/client/files/stream_source.io.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { testFile } from "../../support/transfer_pair.ts";

const { blockBytes } = transferLimits;

/** Gives `bytes` piece by piece, as pipes do, and then what `end` says. */
function inputOf(bytes: Uint8Array, end: () => null = () => null) {
  const input = {
    at: 0,
    read(buffer: Uint8Array): Promise<number | null> {
      const piece = bytes.subarray(input.at, input.at + 65_536 + 7)
        .subarray(0, buffer.length);
      if (piece.length === 0) return Promise.resolve().then(end);
      buffer.set(piece);
      input.at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
  return input;
}

Deno.test("StreamSource.read: whole blocks, then what is left", async () => {
  for (const size of [0, 1, blockBytes - 1, blockBytes, 3 * blockBytes + 5]) {
    const bytes = testFile(size);
    const source = new StreamSource("a", inputOf(bytes));
    for (let at = 0;; at += blockBytes) {
      const block = await source.read();
      assertEquals(block, bytes.subarray(at, at + blockBytes));
      if (block.length < blockBytes) break;
    }
  }
});

Deno.test("StreamSource.read: no more is read than one block ahead", async () => {
  const input = inputOf(testFile(8 * blockBytes));
  const source = new StreamSource("a", input);
  for (let blocks = 1; blocks <= 5; blocks++) {
    await source.read();
    // Whatever is read ahead of being asked is read by then.
    await new Promise((done) => setTimeout(done));
    assertEquals(input.at, (blocks + 1) * blockBytes);
  }
});

Deno.test("StreamSource.read: an input that never waits is asked again", async () => {
  const bytes = testFile(70_000);
  const input = inputOf(bytes);
  let asked = 0;
  const source = new StreamSource("a", {
    read: (buffer) =>
      ++asked % 2 === 1
        ? Promise.reject(new Deno.errors.WouldBlock())
        : input.read(buffer),
  });
  assertEquals(await source.read(), bytes);
});

Deno.test("StreamSource.read: an input that fails is no end of it", async () => {
  const bytes = testFile(2 * blockBytes + 1);
  const source = new StreamSource(
    "a",
    inputOf(bytes, () => {
      throw new Deno.errors.BadResource("gone");
    }),
  );
  for (let block = 0; block < 2; block++) {
    assertEquals((await source.read()).length, blockBytes);
  }
  const error = await assertRejects(() => source.read(), SourceError);
  assertEquals(error.failure, "unreadable");
});
