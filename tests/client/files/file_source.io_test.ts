import { decodeHex } from "@std/encoding/hex";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { FileSource } from "../../../lib/client/files/file_source.io.ts";
import { SourceError } from "../../../lib/client/files/source_error.io.ts";
import {
  blockCount,
  transferLimits,
} from "../../../lib/engine/packets/limits.ts";
import { ContentDigest } from "../../../lib/engine/blocks/content_digest.ts";
import { contentDigestOf } from "../../support/content_digest_of.ts";
import { pastSecond } from "../../support/past_second.ts";
import { testFile } from "../../support/transfer_pair.ts";

const { blockBytes } = transferLimits;
const wanted = () => true;
const twice = ["changed", "changed"] as const;

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

function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[at]! ^= 1;
  return flipped;
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
      assertEquals(await source.check(digestOf(bytes), wanted), false);
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
  const bytes = testFile(12 * blockBytes);
  await withFile(bytes, async (path) => {
    const source = await FileSource.open(path);
    await source.read(0);
    await Deno.truncate(path, 9 * blockBytes + 7);
    for (let block = 1; block < 9; block++) await source.read(block);
    await assertRejects(() => source.read(9), SourceError, "changed");
    await assertRejects(
      () => source.check(digestOf(bytes), wanted),
      SourceError,
      "changed",
    );
    source.close();
  });
});

/** What can become of a file of `old` bytes, and whether those are still it. */
const fates: [
  name: string,
  become: (path: string, old: Uint8Array) => Promise<void>,
  atStart: "same" | "changed",
  atEnd: "same" | "grown" | "changed",
][] = [
  ["nothing", () => Promise.resolve(), "same", "same"],
  [
    "more at its end",
    (path) => Deno.writeFile(path, testFile(9), { append: true }),
    "same",
    "grown",
  ],
  [
    "more at its end, and other bytes in its last block",
    async (path, old) => {
      await Deno.writeFile(path, flip(old, old.length - 5));
      await Deno.writeFile(path, testFile(9), { append: true });
    },
    "changed",
    "changed",
  ],
  [
    "other bytes, the time set back",
    async (path, old) => {
      const { mtime, atime } = await Deno.stat(path);
      await Deno.writeFile(path, flip(old, blockBytes + 3));
      await Deno.utime(path, atime!, mtime!);
    },
    "changed",
    "changed",
  ],
  ["shorter", (path, old) => Deno.truncate(path, old.length - 1), ...twice],
  [
    "another file of its name",
    async (path, old) => {
      await Deno.writeFile(`${path}.new`, flip(old, 7));
      await Deno.rename(`${path}.new`, path);
    },
    ...twice,
  ],
  [
    "a longer file of its name",
    async (path, old) => {
      await Deno.writeFile(`${path}.new`, flip(old, 7));
      await Deno.writeFile(`${path}.new`, testFile(9), { append: true });
      await Deno.rename(`${path}.new`, path);
    },
    ...twice,
  ],
  [
    "a copy of its name",
    async (path, old) => {
      await Deno.writeFile(`${path}.new`, old);
      await Deno.rename(`${path}.new`, path);
    },
    "changed",
    "same",
  ],
  [
    "another time",
    (path) => Deno.utime(path, 1_000_000, 1_000_000),
    "changed",
    "same",
  ],
  [
    "another place",
    (path) => Deno.rename(path, `${path}.moved`),
    "changed",
    "same",
  ],
];

Deno.test("FileSource: what becomes of a file before and while it is read", async () => {
  const bytes = testFile(3 * blockBytes - 5);
  const folder = await Deno.makeTempDir({ prefix: "parley-source-" });
  try {
    const places = fates.map((_, index) => join(folder, `film ${index}`));
    const files = places.flatMap((place) => [`${place}a`, `${place}b`]);
    for (const file of files) await Deno.writeFile(file, bytes);
    await pastSecond();
    for (const [index, place] of places.entries()) {
      const [fate, become, atStart, atEnd] = fates[index]!;
      const early = await FileSource.open(`${place}a`);
      await become(`${place}a`, bytes);
      const start = early.checkStart();
      if (atStart === "changed") {
        await assertRejects(() => start, SourceError, "after it was of", fate);
        await assertRejects(() => early.read(0), SourceError);
      } else await start;
      early.close();
      const late = await FileSource.open(`${place}b`);
      for (let block = 0; block < 3; block++) await late.read(block);
      await become(`${place}b`, bytes);
      const end = late.check(digestOf(bytes), wanted);
      if (atEnd === "changed") {
        await assertRejects(() => end, SourceError, "changed while", fate);
      } else assertEquals(await end, atEnd === "grown", fate);
      late.close();
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FileSource.check: other bytes within one step of the file's clock", async () => {
  for (let i = 0; i < 20; i++) {
    const bytes = testFile(1000);
    await withFile(bytes, async (path) => {
      const source = await FileSource.open(path);
      await source.read(0);
      await Deno.writeFile(path, flip(bytes, i));
      await assertRejects(
        () => source.check(digestOf(bytes), wanted),
        SourceError,
      );
      source.close();
    });
  }
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
    const digest = digestOf(flip(bytes, 0).subarray(0, 2 * blockBytes));
    const source = await FileSource.open(path);
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
