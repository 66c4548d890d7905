import { decodeHex } from "@std/encoding/hex";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { FileSource, SourceError } from "../../lib/io/file_source.ts";
import {
  blockCount,
  transferLimits,
} from "../../lib/transfer/transfer_limits.ts";
import { ContentDigest } from "../../lib/transfer/content_digest.ts";
import { contentDigestOf } from "../support/content_digest_of.ts";
import { testFile } from "../support/transfer_pair.ts";

const { blockBytes } = transferLimits;

async function withFile(
  bytes: Uint8Array,
  body: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-source-" });
  try {
    const path = join(folder, "Фильм 映画 🎬.mp4");
    await Deno.writeFile(path, bytes);
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function digestOf(bytes: Uint8Array): Uint8Array {
  return decodeHex(contentDigestOf(bytes));
}

Deno.test("FileSource.read: every block of files of awkward sizes", async () => {
  const sizes = [1, blockBytes, blockBytes + 1, 4 * blockBytes];
  for (const size of [...sizes, 4 * blockBytes + 1, 9 * blockBytes - 1]) {
    const bytes = testFile(size);
    await withFile(bytes, async (path) => {
      const source = await FileSource.open(path);
      assertEquals([source.file.name, source.file.size], [
        "Фильм 映画 🎬.mp4",
        size,
      ]);
      for (let block = 0; block < blockCount(size); block++) {
        const start = block * blockBytes;
        const expected = bytes.subarray(start, start + blockBytes);
        assertEquals(await source.read(block), expected);
      }
      await source.check();
      source.close();
    });
  }
});

Deno.test("FileSource.prefetch: has read what is asked for next", async () => {
  for (const size of [0, 1, 5 * blockBytes]) {
    const bytes = testFile(size);
    await withFile(bytes, async (path) => {
      const source = await FileSource.open(path);
      source.prefetch();
      for (let block = 0; block < blockCount(size); block++) {
        const expected = bytes.subarray(block * blockBytes).subarray(
          0,
          blockBytes,
        );
        assertEquals(await source.read(block), expected);
      }
      source.close();
    });
  }
  // One that is never asked for does no harm.
  await withFile(testFile(1), async (path) => {
    const source = await FileSource.open(path);
    source.prefetch();
    source.close();
  });
});

Deno.test("FileSource.read: a file that became shorter is noticed", async () => {
  await withFile(testFile(9 * blockBytes), async (path) => {
    const source = await FileSource.open(path);
    await Deno.truncate(path, 5 * blockBytes + 7);
    for (let block = 0; block < 5; block++) await source.read(block);
    await assertRejects(() => source.read(5), SourceError, "changed");
    await assertRejects(() => source.check(), SourceError, "changed");
    source.close();
  });
});

Deno.test("FileSource.checkParts: goes on behind what the receiver has", async () => {
  const bytes = testFile(6 * blockBytes);
  await withFile(bytes, async (path) => {
    const source = await FileSource.open(path);
    const parts = [2, 5].map((endBlock, index) => ({
      endBlock,
      digest: digestOf(
        bytes.subarray(index === 0 ? 0 : 2 * blockBytes, endBlock * blockBytes),
      ),
    }));
    const checks = await source.checkParts(parts, () => true);
    assertEquals(await source.read(5), bytes.subarray(5 * blockBytes));
    assertEquals(checks?.length, 5);
    const digest = new ContentDigest();
    for (const check of checks ?? []) digest.add(check);
    assertEquals(
      digest.digest(),
      digestOf(bytes.subarray(0, 5 * blockBytes)),
    );
    source.close();
  });
});

Deno.test("FileSource.checkParts: one byte of difference is refused", async () => {
  const bytes = testFile(3 * blockBytes);
  await withFile(bytes, async (path) => {
    const digest = digestOf(bytes.subarray(0, 2 * blockBytes));
    const source = await FileSource.open(path);
    const changed = bytes.slice();
    changed[blockBytes]! ^= 1;
    await Deno.writeFile(path, changed);
    await assertRejects(
      () =>
        source.checkParts(
          [{ endBlock: 2, digest }],
          () => true,
        ),
      SourceError,
      "from the start",
    );
    source.close();
  });
});

Deno.test("FileSource.checkParts: stops when it is no longer wanted", async () => {
  const bytes = testFile(4 * blockBytes);
  await withFile(bytes, async (path) => {
    const digest = digestOf(bytes.subarray(0, 3 * blockBytes));
    const source = await FileSource.open(path);
    let asked = 0;
    const checks = await source.checkParts(
      [{ endBlock: 3, digest }],
      () => ++asked < 3,
    );
    assertEquals([checks, asked], [undefined, 3]);
    source.close();
  });
});

Deno.test("FileSource.open: the fingerprint follows contents and time", async () => {
  await withFile(testFile(1000), async (path) => {
    const prints = new Set<string | undefined>();
    const print = async () => {
      const source = await FileSource.open(path);
      source.close();
      return source.file.fingerprint;
    };
    prints.add(await print());
    prints.add(await print());
    assertEquals(prints.size, 1);
    await Deno.utime(path, 1_000_000, 1_000_000);
    prints.add(await print());
    assertEquals(prints.size, 2);
    assert(!prints.has(undefined));
  });
});
