import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import type { SealReply } from "../../lib/io/block_call.ts";
import { BlockThread } from "../../lib/io/block_thread.ts";
import type { SealedBlock } from "../../lib/transfer/block_sealer.ts";
import { ContentDigest } from "../../lib/transfer/content_digest.ts";
import type { FileKey } from "../../lib/transfer/file_sealer.ts";
import { transferLimits } from "../../lib/transfer/transfer_limits.ts";
import { contentDigestOf } from "../support/content_digest_of.ts";
import { testFile } from "../support/transfer_pair.ts";

const { blockBytes, batchBlocks } = transferLimits;
/** The largest file that is done on the spot. */
const small = testFile(batchBlocks * blockBytes);
const large = testFile(batchBlocks * blockBytes + 1000, 2);

function fileKey(size: number, firstBlock = 0, seed = 1): FileKey {
  const key = new Uint8Array(32).fill(seed);
  return { key, id: new Uint8Array(8).fill(seed), size, firstBlock };
}

/** A block of a file in memory of its own, which may be taken over. */
function blockOf(file: Uint8Array, block: number): Uint8Array<ArrayBuffer> {
  return file.slice(block * blockBytes, (block + 1) * blockBytes);
}

function bytesOf({ ciphertext, tag }: SealedBlock): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ciphertext.length + tag.length);
  bytes.set(ciphertext);
  bytes.set(tag, ciphertext.length);
  return bytes;
}

/** Seals a file block by block and opens it, last block first. */
async function roundTrip(file: Uint8Array): Promise<void> {
  const thread = new BlockThread();
  const sealing = thread.sealJob(fileKey(file.length));
  const opening = thread.openJob(fileKey(file.length));
  const replies: SealReply[] = [];
  for (let block = 0; block * blockBytes < file.length; block++) {
    replies.push(await sealing.seal(blockOf(file, block)));
  }
  const digests = replies.map(({ digests }) => digests);
  const last = digests.pop();
  assert(digests.every((each) => each === undefined));
  assertEquals(encodeHex(last!.file), contentDigestOf(file));
  const out = new Uint8Array(file.length);
  let at = 0;
  for (let block = replies.length - 1; block >= 0; block--) {
    const sealed = bytesOf(replies[block]!.blocks[0]!);
    const { opened } = await opening.open(block, sealed);
    for (const { plaintext, digest } of opened ?? []) {
      out.set(plaintext, at);
      at += plaintext.length;
      const before = contentDigestOf(file.subarray(0, at));
      assertEquals(encodeHex(digest), before);
    }
  }
  assertEquals(encodeHex(out), encodeHex(file));
  sealing.end();
  opening.end();
}

Deno.test("BlockThread seals and opens small and large files alike", async () => {
  await roundTrip(small);
  await roundTrip(large);
});

Deno.test("BlockThread: a small file is done on the spot, a large one is not", async () => {
  const thread = new BlockThread();
  for (const file of [small, large]) {
    const isLarge = file === large;
    const job = thread.sealJob(fileKey(file.length));
    const bytes = blockOf(file, 0);
    const reply = job.seal(bytes);
    // What goes to another thread is no longer here.
    assertEquals(bytes.length, isLarge ? 0 : blockBytes);
    const { blocks, spare } = await reply;
    assertEquals(blocks.length, 1);
    assertEquals(spare.length, blockBytes, "the memory comes back");
    assertEquals(spare === bytes, !isLarge);
    job.end();
  }
});

Deno.test("BlockThread: replies come in order, each to its own job", async () => {
  const thread = new BlockThread();
  const ones = thread.sealJob(fileKey(large.length, 0, 1));
  const twos = thread.sealJob(fileKey(large.length, 0, 2));
  const order: string[] = [];
  const note = async (name: string, reply: Promise<SealReply>) => {
    const { blocks } = await reply;
    order.push(name);
    return bytesOf(blocks[0]!);
  };
  const sealed = await Promise.all([
    note("one 0", ones.seal(blockOf(large, 0))),
    note("two 0", twos.seal(blockOf(large, 0))),
    note("two 1", twos.seal(blockOf(large, 1))),
    note("one 1", ones.seal(blockOf(large, 1))),
  ]);
  assertEquals(order, ["one 0", "two 0", "two 1", "one 1"]);
  const openers = [1, 2].map((seed) =>
    thread.openJob(fileKey(large.length, 0, seed))
  );
  for (
    const [index, seed, block] of [[0, 0, 0], [1, 1, 0], [2, 1, 1], [3, 0, 1]]
  ) {
    const { opened } = await openers[seed!]!.open(block!, sealed[index!]!);
    assertEquals(opened?.length, 1, `reply ${index}`);
  }
  for (const job of [ones, twos, ...openers]) job.end();
});

Deno.test("SealJob.skip: the digest of the file has what was skipped", async () => {
  for (const file of [small, large]) {
    const first = Math.ceil(file.length / blockBytes) - 1;
    const before = new ContentDigest();
    const checks = Array.from(
      { length: first },
      (_, block) => before.update(blockOf(file, block)),
    );
    const thread = new BlockThread();
    const job = thread.sealJob(fileKey(file.length, first));
    job.skip(Uint32Array.from(checks));
    const { digests } = await job.seal(blockOf(file, first));
    assertEquals(encodeHex(digests!.file), contentDigestOf(file));
    assertEquals(
      encodeHex(digests!.part),
      contentDigestOf(blockOf(file, first)),
    );
    job.end();
  }
});

Deno.test("BlockThread: a call that fails is refused, the others are answered", async () => {
  const thread = new BlockThread();
  const good = thread.sealJob(fileKey(large.length));
  const bad = thread.sealJob({
    ...fileKey(large.length),
    key: new Uint8Array(3),
  });
  const [first, second, third] = await Promise.allSettled([
    good.seal(blockOf(large, 0)),
    bad.seal(blockOf(large, 0)),
    good.seal(blockOf(large, 1)),
  ]);
  assertEquals(
    [first.status, second.status, third.status],
    ["fulfilled", "rejected", "fulfilled"],
  );
  good.end();
  bad.end();
});

Deno.test("SealJob.end: the last one ends the thread, and nobody waits for good", async () => {
  const thread = new BlockThread();
  const one = thread.sealJob(fileKey(large.length));
  const two = thread.sealJob(fileKey(large.length));
  one.end();
  assertEquals((await two.seal(blockOf(large, 0))).blocks.length, 1);
  const waiting = two.seal(blockOf(large, 1));
  two.end();
  await assertRejects(() => waiting, Error, "has ended");
  for (const job of [one, two]) {
    await assertRejects(async () => await job.seal(blockOf(large, 1)));
    job.end();
  }
});

Deno.test("BlockThread.prepare keeps the thread for what follows", async () => {
  const thread = new BlockThread();
  const release = thread.prepare(large.length);
  const job = thread.sealJob(fileKey(large.length));
  const waiting = job.seal(blockOf(large, 0));
  job.end();
  assertEquals((await waiting).blocks.length, 1, "what was under way");
  const last = thread.sealJob(fileKey(large.length));
  release();
  assertEquals((await last.seal(blockOf(large, 0))).blocks.length, 1);
  const refused = last.seal(blockOf(large, 1));
  last.end();
  await assertRejects(() => refused, Error, "has ended");
});

Deno.test("SealJob.end: a small file is forgotten", async () => {
  const job = new BlockThread().sealJob(fileKey(small.length));
  job.end();
  await assertRejects(async () => await job.seal(blockOf(small, 0)));
});

Deno.test("BlockThread: a job after the thread has ended starts another", async () => {
  const thread = new BlockThread();
  for (let round = 0; round < 3; round++) {
    const job = thread.sealJob(fileKey(large.length));
    const bytes = blockOf(large, 0);
    const reply = job.seal(bytes);
    assertEquals(bytes.length, 0, "in a thread again");
    assertEquals((await reply).blocks.length, 1);
    job.end();
  }
});
