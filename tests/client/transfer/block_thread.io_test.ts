import { assert, assertEquals, assertRejects } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import {
  BlockThread,
  type OpenJob,
  type SealPart,
  type SealReply,
} from "../../../lib/client/transfer/block_thread.io.ts";
import {
  blockCheck,
  ContentDigest,
} from "../../../lib/engine/blocks/content_digest.ts";
import type {
  FileKey,
  OpenedBlock,
} from "../../../lib/engine/blocks/file_sealer.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { contentDigestOf } from "../../support/content_digest_of.ts";
import { testFile } from "../../support/transfer_pair.ts";

const { blockBytes, batchBlocks } = transferLimits;
/** The largest file that is done on the spot. */
const small = testFile(batchBlocks * blockBytes);
const large = testFile(batchBlocks * blockBytes + 1000, 2);

function fileKey(size: number, firstBlock = 0, seed = 1): FileKey {
  const key = new Uint8Array(32).fill(seed);
  return { key, id: new Uint8Array(8).fill(seed), size, firstBlock };
}

function blockOf(file: Uint8Array, block: number): Uint8Array {
  return file.subarray(block * blockBytes, (block + 1) * blockBytes);
}

/** A block to be sealed where it is, in memory that may be taken over. */
function partOf(file: Uint8Array, block: number): SealPart {
  const bytes = blockOf(file, block);
  const target = new Uint8Array(bytes.length + transferLimits.tagBytes);
  target.set(bytes);
  return { plaintext: target.subarray(0, bytes.length), target };
}

/** The blocks whose turn comes with a block that is not forged. */
async function open(
  job: OpenJob,
  block: number,
  sealed: Uint8Array<ArrayBuffer>,
): Promise<readonly OpenedBlock[]> {
  const reply = await job.open(block, sealed);
  assert("opened" in reply);
  return reply.opened;
}

/** On a machine where a thread is worth it. */
function newThread(): BlockThread {
  return new BlockThread(4);
}

/** Seals a file block by block and opens it, last block first. */
async function roundTrip(file: Uint8Array): Promise<void> {
  const thread = newThread();
  const sealing = thread.sealJob(fileKey(file.length));
  const opening = thread.openJob(fileKey(file.length));
  const replies: SealReply[] = [];
  for (let block = 0; block * blockBytes < file.length; block++) {
    replies.push(await sealing.seal([partOf(file, block)]));
  }
  const digests = replies.map(({ digests }) => digests);
  const last = digests.pop();
  assert(digests.every((each) => each === undefined));
  assertEquals(encodeHex(last!.file), contentDigestOf(file));
  const out = new Uint8Array(file.length);
  let at = 0;
  for (let block = replies.length - 1; block >= 0; block--) {
    const sealed = replies[block]!.blocks[0]!.slice();
    for (const { plaintext, check } of await open(opening, block, sealed)) {
      assertEquals(check, blockCheck(plaintext));
      out.set(plaintext, at);
      at += plaintext.length;
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
  const thread = newThread();
  for (const file of [small, large]) {
    const isLarge = file === large;
    const job = thread.sealJob(fileKey(file.length));
    assertEquals(job.batchBlocks, isLarge ? batchBlocks : 1);
    const part = partOf(file, 0);
    const { buffer } = part.target;
    const reply = job.seal([part]);
    // What goes to another thread is no longer here.
    assertEquals(part.target.length, isLarge ? 0 : blockBytes + 16);
    const { blocks } = await reply;
    assertEquals(blocks.length, 1);
    assertEquals(blocks[0]!.length, blockBytes + 16, "the memory comes back");
    assertEquals(blocks[0]!.buffer === buffer, !isLarge);
    job.end();
  }
});

Deno.test("BlockThread: with few cores large files are done on the spot, too", async () => {
  for (const cores of [1, 2, 3]) {
    const thread = new BlockThread(cores);
    const release = thread.prepare(large.length);
    const job = thread.sealJob(fileKey(large.length));
    const part = partOf(large, 0);
    const { blocks } = await job.seal([part]);
    assert(blocks[0]!.buffer === part.target.buffer);
    assertEquals(job.batchBlocks, 1);
    job.end();
    release();
  }
});

Deno.test("BlockThread: several blocks of one call, and memory of what is forged", async () => {
  const thread = newThread();
  const sealing = thread.sealJob(fileKey(large.length));
  const opening = thread.openJob(fileKey(large.length));
  const parts = [0, 1, 2].map((block) => partOf(large, block));
  const { blocks } = await sealing.seal(parts);
  assertEquals(blocks.map(({ length }) => length), [
    blockBytes + 16,
    blockBytes + 16,
    blockBytes + 16,
  ]);
  const [first, second] = blocks.map((block) => block.slice());
  const forged = first!.slice();
  forged[9]! ^= 1;
  const refused = await opening.open(0, forged);
  assert("forged" in refused);
  assertEquals(refused.forged.length, blockBytes + 16, "comes back");
  assertEquals(await open(opening, 1, second!), []);
  const opened = await open(opening, 0, first!);
  assertEquals(opened.length, 2, "the one that waited, too");
  for (const [block, { plaintext }] of opened.entries()) {
    assertEquals(encodeHex(plaintext), encodeHex(blockOf(large, block)));
  }
  sealing.end();
  opening.end();
});

Deno.test("BlockThread: replies come in order, each to its own job", async () => {
  const thread = newThread();
  const ones = thread.sealJob(fileKey(large.length, 0, 1));
  const twos = thread.sealJob(fileKey(large.length, 0, 2));
  const order: string[] = [];
  const note = async (name: string, reply: Promise<SealReply>) => {
    const { blocks } = await reply;
    order.push(name);
    return blocks[0]!.slice();
  };
  const sealed = await Promise.all([
    note("one 0", ones.seal([partOf(large, 0)])),
    note("two 0", twos.seal([partOf(large, 0)])),
    note("two 1", twos.seal([partOf(large, 1)])),
    note("one 1", ones.seal([partOf(large, 1)])),
  ]);
  assertEquals(order, ["one 0", "two 0", "two 1", "one 1"]);
  const openers = [1, 2].map((seed) =>
    thread.openJob(fileKey(large.length, 0, seed))
  );
  for (
    const [index, seed, block] of [[0, 0, 0], [1, 1, 0], [2, 1, 1], [3, 0, 1]]
  ) {
    const opened = await open(openers[seed!]!, block!, sealed[index!]!);
    assertEquals(opened.length, 1, `reply ${index}`);
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
    const thread = newThread();
    const job = thread.sealJob(fileKey(file.length, first));
    job.skip(Uint32Array.from(checks));
    const { digests } = await job.seal([partOf(file, first)]);
    assertEquals(encodeHex(digests!.file), contentDigestOf(file));
    assertEquals(
      encodeHex(digests!.part),
      contentDigestOf(blockOf(file, first)),
    );
    job.end();
  }
});

Deno.test("BlockThread: a call that fails is refused, the others are answered", async () => {
  const thread = newThread();
  const good = thread.sealJob(fileKey(large.length));
  const bad = thread.sealJob({
    ...fileKey(large.length),
    key: new Uint8Array(3),
  });
  const [first, second, third] = await Promise.allSettled([
    good.seal([partOf(large, 0)]),
    bad.seal([partOf(large, 0)]),
    good.seal([partOf(large, 1)]),
  ]);
  assertEquals(
    [first.status, second.status, third.status],
    ["fulfilled", "rejected", "fulfilled"],
  );
  good.end();
  bad.end();
});

Deno.test("SealJob.end: the last one ends the thread, and nobody waits for good", async () => {
  const thread = newThread();
  const one = thread.sealJob(fileKey(large.length));
  const two = thread.sealJob(fileKey(large.length));
  one.end();
  assertEquals((await two.seal([partOf(large, 0)])).blocks.length, 1);
  const waiting = two.seal([partOf(large, 1)]);
  two.end();
  await assertRejects(() => waiting, Error, "has ended");
  for (const job of [one, two]) {
    await assertRejects(async () => await job.seal([partOf(large, 1)]));
    job.end();
  }
});

Deno.test("BlockThread.prepare keeps the thread for what follows", async () => {
  const thread = newThread();
  const release = thread.prepare(large.length);
  const job = thread.sealJob(fileKey(large.length));
  const waiting = job.seal([partOf(large, 0)]);
  job.end();
  assertEquals((await waiting).blocks.length, 1, "what was under way");
  const last = thread.sealJob(fileKey(large.length));
  release();
  assertEquals((await last.seal([partOf(large, 0)])).blocks.length, 1);
  const refused = last.seal([partOf(large, 1)]);
  last.end();
  await assertRejects(() => refused, Error, "has ended");
});

Deno.test("SealJob.end: a small file is forgotten", async () => {
  const job = newThread().sealJob(fileKey(small.length));
  job.end();
  await assertRejects(async () => await job.seal([partOf(small, 0)]));
});

Deno.test("BlockThread: a job after the thread has ended starts another", async () => {
  const thread = newThread();
  for (let round = 0; round < 3; round++) {
    const job = thread.sealJob(fileKey(large.length));
    const part = partOf(large, 0);
    const reply = job.seal([part]);
    assertEquals(part.target.length, 0, "in a thread again");
    assertEquals((await reply).blocks.length, 1);
    job.end();
  }
});
