import { timingSafeEqual } from "node:crypto";
import { decodeHex } from "@std/encoding/hex";
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { FileSource } from "../../../lib/client/files/file_source.io.ts";
import { SharedFiles } from "../../../lib/client/files/shared_file.io.ts";
import {
  blockCount,
  transferLimits,
} from "../../../lib/engine/packets/limits.ts";
import { contentDigestOf } from "../../support/content_digest_of.ts";
import { testFile } from "../../support/transfer_pair.ts";
import { waitUntil } from "../../support/wait_until.ts";

const { blockBytes } = transferLimits;
const bytes = testFile(24 * 1024 * 1024 + 77);
const blocks = blockCount(bytes.length);
const sampleBytes = 2 * 64 * 1024;

async function withFile(
  body: (path: string, files: SharedFiles) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "parley-shared-" });
  try {
    const path = join(folder, "film.mp4");
    await Deno.writeFile(path, bytes);
    await body(path, new SharedFiles());
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Joins the file as one who reads nothing, to look at it. */
function look(path: string, files: SharedFiles) {
  return files.open(path, () => {});
}

/** Reads and checks the blocks from `first` to before `end`. */
async function read(source: FileSource, first: number, end: number) {
  for (let block = first; block < end; block++) {
    const start = block * blockBytes;
    const expected = bytes.subarray(start, start + blockBytes);
    const found = await source.read(block);
    assertEquals(found.length, expected.length);
    assert(timingSafeEqual(found, expected), `block ${block}`);
  }
}

Deno.test("SharedFile: many who read about as fast read it once", async () => {
  await withFile(async (path, files) => {
    const shared = await look(path, files);
    const sources = await Promise.all(
      Array.from({ length: 4 }, () => FileSource.open(path, files)),
    );
    for (let first = 0; first < blocks; first += 7) {
      const end = Math.min(first + 7, blocks);
      await Promise.all(sources.map((source) => read(source, first, end)));
    }
    assertEquals(shared.bytesRead, bytes.length + sampleBytes);
    for (const source of sources) source.close();
    shared.close();
  });
});

Deno.test("SharedFile: one who is slow holds nobody back, and memory is bounded", async () => {
  await withFile(async (path, files) => {
    const shared = await look(path, files);
    const slow = await FileSource.open(path, files);
    const fast = await FileSource.open(path, files);
    const late = await FileSource.open(path, files);
    await read(slow, 0, 5);
    let mostHeld = 0;
    for (let block = 0; block < blocks; block++) {
      await read(fast, block, block + 1);
      mostHeld = Math.max(mostHeld, shared.heldBytes);
    }
    assert(mostHeld <= 18 * 4 * blockBytes, `${mostHeld} bytes held`);
    // Here the fast one is out of reach, and both read for themselves.
    await Promise.all([read(slow, 5, blocks), read(late, 0, blocks)]);
    assert(shared.bytesRead <= 3 * bytes.length + sampleBytes);
    for (const source of [slow, fast, late]) source.close();
    shared.close();
  });
});

Deno.test("SharedFile: with its last user its memory goes back", async () => {
  await withFile(async (path, files) => {
    const shared = await look(path, files);
    const [first, other] = [shared.take(0), shared.take(1)];
    await first.filled;
    for (const chunk of [first, other]) shared.release(chunk);
    assert(first.buffer.length > 0);
    shared.close();
    await other.filled.catch(() => {});
    await waitUntil(
      "it is given back",
      () => first.buffer.length + other.buffer.length === 0,
    );
  });
});

Deno.test("SharedFile: the end of one leaves the others alone", async () => {
  await withFile(async (path, files) => {
    const one = await FileSource.open(path, files);
    const other = await FileSource.open(path, files);
    const reading = read(one, 0, 3);
    other.close();
    other.close();
    await reading;
    await read(one, 3, blocks);
    await one.check(decodeHex(contentDigestOf(bytes)), () => true);
    one.close();
    const again = await FileSource.open(path, files);
    await read(again, 0, 1);
    again.close();
  });
});

Deno.test("SharedFiles.open: a file that changed is another one", async () => {
  await withFile(async (path, files) => {
    const before = await look(path, files);
    const same = await look(path, files);
    assert(before === same);
    await Deno.writeTextFile(path, "something else");
    const after = await look(path, files);
    assert(before !== after);
    assertEquals(after.size, 14);
    for (const file of [before, same, after]) file.close();
  });
});
