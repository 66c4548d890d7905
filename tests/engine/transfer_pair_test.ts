/**
 * Sender and receiver over simulated links: whatever the path does, the file
 * arrives byte-identical and both ends know it, in bounded virtual time.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { partOf } from "../../lib/engine/resume_map.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { packetType } from "../../lib/engine/packets/packet.ts";
import { contentDigestOf } from "../support/content_digest_of.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import {
  type PairOptions,
  testFile,
  TransferPair,
} from "../support/transfer_pair.ts";

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Runs to the end and checks that the file is whole at both ends. */
function transfer(options: PairOptions, maxMs = 60_000): TransferPair {
  const pair = new TransferPair(options);
  pair.run(maxMs);
  const expected = contentDigestOf(options.file);
  assertEquals(pair.digest(), sha256(options.file), `seed ${options.seed}`);
  for (const events of [pair.senderEvents, pair.receiverEvents]) {
    const last = events.at(-1);
    assert(last?.type === "done", `seed ${options.seed}: ${last?.type}`);
    assertEquals(encodeHex(last.digest), expected);
  }
  return pair;
}

Deno.test("transfer pair delivers files of every awkward size", () => {
  const { blockBytes } = transferLimits;
  const sizes = [0, 1, 2, 1177, 1178, 1179, blockBytes - 16, blockBytes - 1];
  sizes.push(blockBytes, blockBytes + 1, 1_048_575, 1_048_576, 1_048_577);
  for (const [index, size] of sizes.entries()) {
    transfer({ seed: index, file: testFile(size), link: { delayMs: 5 } });
  }
});

Deno.test("transfer pair survives loss, reordering and duplication", () => {
  const file = testFile(600_000);
  for (let seed = 0; seed < 120; seed++) {
    transfer({
      seed,
      file,
      link: {
        delayMs: seed % 4 * 20,
        jitterMs: seed % 3 * 5,
        loss: seed % 7 * 0.05,
        burst: seed % 5,
        duplicate: seed % 2 * 0.1,
        reorder: seed % 3 * 0.05,
        rate: 12_500,
        queueBytes: 100_000,
      },
    });
  }
});

Deno.test("transfer pair survives 10 % loss, reordering and duplication", () => {
  transfer({
    seed: 1,
    file: testFile(10_000_000),
    link: {
      delayMs: 10,
      jitterMs: 4,
      loss: 0.1,
      duplicate: 0.05,
      reorder: 0.1,
      rate: 12_500,
    },
  });
});

Deno.test("transfer pair fetches blocks again that were corrupted", () => {
  for (let seed = 0; seed < 10; seed++) {
    transfer({
      seed,
      file: testFile(1_500_000),
      link: { delayMs: 5, rate: 12_500, corrupt: 0.005 },
    });
  }
});

Deno.test("transfer pair survives a path of small datagrams only", () => {
  const pair = transfer({
    seed: 1,
    file: testFile(1_000_000),
    link: { delayMs: 5, rate: 12_500, mtu: 1_200 },
  });
  assertEquals(pair.sender.stats().datagramBytes, 1_200);
});

Deno.test("transfer pair notices a path that swallows large datagrams", () => {
  const file = testFile(4_000_000);
  const pair = new TransferPair({
    seed: 1,
    file,
    link: { delayMs: 5, rate: 5_000 },
  });
  pair.run(60_000, () => pair.writtenBytes > 1_000_000);
  assertEquals(pair.sender.stats().datagramBytes, 1_472);
  pair.there.options.mtu = 1_300;
  pair.run();
  assertEquals(pair.digest(), sha256(file));
  assertEquals(pair.sender.stats().datagramBytes, 1_200);
});

/** In the middle of a file, on a path that is fast enough for fragments. */
function fastPair(): { file: Uint8Array; pair: TransferPair } {
  const file = testFile(24_000_000);
  const link = { delayMs: 2, rate: 60_000, queueBytes: 250_000 };
  const pair = new TransferPair({ seed: 1, file, link });
  pair.run(60_000, () => pair.writtenBytes > 12_000_000);
  return { file, pair };
}

Deno.test("transfer pair notices at once that fragments are no longer joined", () => {
  const { file, pair } = fastPair();
  assertEquals(pair.sender.stats().datagramBytes, 8_872);
  pair.there.options.mtu = 1_472;
  const before = pair.now;
  pair.run(60_000, () => pair.sender.stats().datagramBytes === 1_472);
  // A probe time-out, and the time to miss one of its two datagrams.
  assert(pair.now - before < 60);
  pair.run();
  assertEquals(pair.digest(), sha256(file));
});

Deno.test("transfer pair goes on with large datagrams after a short outage", () => {
  const { file, pair } = fastPair();
  const before = pair.now;
  pair.there.options.mtu = 0;
  pair.run(60_000, () => pair.now > before + 30);
  pair.there.options.mtu = 65_507;
  pair.run();
  assertEquals(pair.digest(), sha256(file));
  assertEquals(pair.sender.stats().datagramBytes, 8_872);
});

Deno.test("transfer pair goes on after a blackout", () => {
  for (let seed = 0; seed < 5; seed++) {
    const pair = transfer({
      seed,
      file: testFile(2_000_000),
      link: {
        delayMs: 20,
        rate: 5_000,
        blackouts: [{ from: 150, to: 4_000 + 500 * seed }],
      },
    });
    assert(pair.now < 15_000);
  }
});

Deno.test("transfer pair adapts to a rate that falls and rises", () => {
  const file = testFile(10_000_000);
  const pair = new TransferPair({
    seed: 3,
    file,
    link: { delayMs: 20, rate: 12_500, queueBytes: 250_000 },
  });
  pair.run(60_000, () => pair.writtenBytes > 3_000_000);
  pair.there.options.rate = 1_250;
  pair.run(60_000, () => pair.writtenBytes > 4_500_000);
  pair.there.options.rate = 12_500;
  pair.run();
  assertEquals(pair.digest(), sha256(file));
});

Deno.test("transfer pair fills the path", () => {
  // Share of the bottleneck's rate that the file got, from offer to done.
  const cases = [
    { link: { delayMs: 20, rate: 12_500, queueBytes: 500_000 }, share: 0.8 },
    {
      link: { delayMs: 20, rate: 12_500, queueBytes: 500_000, loss: 0.01 },
      share: 0.75,
    },
    {
      link: { delayMs: 20, rate: 12_500, queueBytes: 500_000, loss: 0.05 },
      share: 0.7,
    },
    { link: { delayMs: 75, rate: 2_500, loss: 0.02 }, share: 0.7 },
  ];
  for (const { link, share } of cases) {
    const file = testFile(20_000_000);
    const pair = transfer({ seed: 5, file, link });
    const doneAt = pair.now - transferLimits.lingerMs;
    const reached = file.length / doneAt / link.rate;
    assert(reached > share, `${reached} of ${JSON.stringify(link)}`);
  }
});

Deno.test("transfer pair keeps within its window when the disk is slow", () => {
  const file = testFile(20_000_000);
  const pair = new TransferPair({
    seed: 1,
    file,
    link: { delayMs: 5 },
    writeMs: 20,
  });
  pair.run(60_000, () => pair.sender.base >= 76);
  pair.run();
  assertEquals(pair.digest(), sha256(file));
  // 77 blocks of 20 ms each, and no more than a tenth on top.
  const doneAt = pair.now - transferLimits.lingerMs;
  assert(doneAt < 77 * 20 * 1.1 + 100, `${doneAt} ms`);
});

Deno.test("transfer pair ends at once: no time-out tells the end", () => {
  // Probe and answer, data and digest, done: three one-way trips and a bit.
  const pair = new TransferPair({
    seed: 1,
    file: testFile(1_000),
    link: { delayMs: 50 },
  });
  pair.run(
    60_000,
    () => pair.senderEvents.some(({ type }) => type === "done"),
  );
  assert(pair.now <= 205, `${pair.now} ms`);
});

Deno.test("transfer pair waits for a receiver that stores slowly", () => {
  transfer({
    seed: 1,
    file: testFile(100_000),
    link: { delayMs: 5, loss: 0.1 },
    storeMs: 45_000,
  }, 120_000);
});

Deno.test("transfer pair: the receiver's cancel reaches the sender", () => {
  const pair = new TransferPair({
    seed: 2,
    file: testFile(5_000_000),
    link: { delayMs: 20, loss: 0.2, rate: 2_500 },
  });
  pair.run(60_000, () => pair.writtenBytes > 0);
  pair.receiver.close("cancelled", pair.now);
  pair.run();
  const last = pair.senderEvents.at(-1);
  assertEquals(last, { type: "closed", reason: "cancelled" });
});

Deno.test("transfer pair: the sender's close reaches the receiver", () => {
  const pair = new TransferPair({
    seed: 2,
    file: testFile(5_000_000),
    link: { delayMs: 20, rate: 2_500 },
  });
  pair.run(60_000, () => pair.writtenBytes > 0);
  pair.sender.close("changed", pair.now);
  pair.run();
  const last = pair.receiverEvents.at(-1);
  assertEquals(last, { type: "closed", reason: "changed" });
});

Deno.test("transfer pair gives up when nobody answers", () => {
  const pair = new TransferPair({
    seed: 1,
    file: testFile(1_000),
    link: { loss: 1 },
  });
  pair.run(20_000);
  assertEquals(pair.senderEvents, [{
    type: "unreachable",
    wasConnected: false,
  }]);
  assertEquals(pair.receiverEvents, pair.senderEvents);
  assertEquals(pair.now, transferLimits.connectMs);
});

Deno.test("transfer pair gives up when the path dies for good", () => {
  const pair = new TransferPair({
    seed: 1,
    file: testFile(5_000_000),
    link: { delayMs: 5, rate: 2_500, blackouts: [{ from: 500, to: Infinity }] },
  });
  pair.run(60_000);
  const expected = { type: "unreachable", wasConnected: true } as const;
  assertEquals(pair.senderEvents.at(-1), expected);
  assertEquals(pair.receiverEvents.at(-1), expected);
});

Deno.test("transfer pair refuses a file that has not the announced digest", () => {
  const pair = new TransferPair({
    seed: 1,
    file: testFile(1_000_000),
    link: { delayMs: 5 },
  });
  pair.changeDigests = ({ file }) => ({ file, part: new Uint8Array(32) });
  pair.run(60_000, () => pair.receiverEvents.length > 1);
  assertEquals(pair.receiverEvents.at(-1), { type: "corrupt" });
  pair.receiver.close("integrity", pair.now);
  pair.run();
  const last = pair.senderEvents.at(-1);
  assertEquals(last, { type: "closed", reason: "integrity" });
});

Deno.test("transfer pair: a whole-file digest that is not the receiver's own ends it", () => {
  const { blockBytes } = transferLimits;
  const file = testFile(6 * blockBytes);
  const zeros = new Uint32Array(3);
  // The part that is carried is right in each; the file as a whole is not.
  const before = file.subarray(0, 3 * blockBytes);
  for (const wrong of [{ skipped: before, kept: zeros, firstBlock: 3 }, {}]) {
    const pair = new TransferPair({
      seed: 1,
      file,
      link: { delayMs: 5 },
      ...wrong,
    });
    if (wrong.kept === undefined) {
      pair.changeDigests = ({ part }) => ({ file: new Uint8Array(32), part });
    }
    pair.run(60_000, () => pair.receiverEvents.length > 1);
    assertEquals(pair.receiverEvents.at(-1), { type: "corrupt" });
  }
});

Deno.test("transfer pair: the sender believes no digest but its own", () => {
  const file = testFile(1_000_000);
  const link = { delayMs: 5 };
  const pair = new TransferPair({ seed: 1, file, link, storeMs: 500 });
  const isVerified = () =>
    pair.receiverEvents.some(({ type }) => type === "verified");
  pair.run(60_000, isVerified);
  // As if its file were another than the one that was stored.
  const wrong = new Uint8Array(32);
  const digests = { file: wrong, part: wrong };
  const about = { hasGrown: false, attributes: undefined, size: undefined };
  pair.sender.handleFin({ ...digests, ...about }, pair.now);
  pair.run();
  assertEquals(pair.senderEvents.at(-1), { type: "corrupt" });
});

Deno.test("transfer pair delivers a stream, wherever it ends", () => {
  const { blockBytes } = transferLimits;
  const sizes = [0, 1, blockBytes - 1, blockBytes, blockBytes + 1];
  sizes.push(5 * blockBytes);
  for (const [index, size] of sizes.entries()) {
    for (const loss of [0, 0.1]) {
      const link = { delayMs: 5, rate: 60_000, loss, reorder: loss };
      const file = testFile(size);
      const pair = transfer({ seed: index, file, link, isStream: true });
      const told = pair.receiverEvents.filter(({ type }) => type === "sized");
      assertEquals(told, [{ type: "sized", size }]);
    }
  }
});

Deno.test("transfer pair ends before the size that both know, wherever that is", () => {
  const { blockBytes } = transferLimits;
  const most = 9 * blockBytes + 99;
  const sizes = [0, 1, blockBytes, 5 * blockBytes, 9 * blockBytes, most - 1];
  for (const [index, size] of [...sizes, most].entries()) {
    for (const loss of [0, 0.1]) {
      const link = { delayMs: 5, rate: 60_000, loss, reorder: loss };
      const file = testFile(size);
      const pair = transfer({ seed: index, file, link, most });
      const told = pair.receiverEvents.filter(({ type }) => type === "sized");
      assertEquals(told, size === most ? [] : [{ type: "sized", size }]);
    }
  }
});

Deno.test("transfer pair: a file of a known size is not whole before, whatever is said", () => {
  const file = testFile(3 * transferLimits.blockBytes);
  const pair = new TransferPair({ seed: 1, file, link: { delayMs: 5 } });
  pair.changeFin = (fin) => ({ ...fin, size: 9 });
  pair.run();
  assertEquals(pair.written, file);
});

Deno.test("transfer pair takes no stream that is said to end too early", () => {
  const { blockBytes } = transferLimits;
  const file = testFile(3 * blockBytes + 99);
  const link = { delayMs: 5, rate: 60_000 };
  const early = [0, 1, 3 * blockBytes, 3 * blockBytes - 1];
  for (const size of early) {
    const pair = new TransferPair({ seed: 1, file, link, isStream: true });
    pair.changeFin = (fin) => ({ ...fin, size });
    pair.run(60_000, () => pair.now > 2_000);
    const types = pair.receiverEvents.map(({ type }) => type);
    assert(types.includes("sized") || types.includes("corrupt"), `${size}`);
    assert(!types.includes("verified"), `${size}`);
  }
});

Deno.test("transfer pair tells the receiver what the file is besides its bytes", () => {
  const attributes = { modified: 1_600_000_000_123, isExecutable: true };
  const pair = new TransferPair({
    seed: 1,
    file: testFile(1000),
    link: { delayMs: 5 },
  });
  pair.changeFin = (fin) => ({ ...fin, attributes });
  pair.run();
  assertEquals(pair.receiver.attributes, attributes);
});

Deno.test("transfer pair is not disturbed by forged datagrams", () => {
  const file = testFile(3_000_000);
  const random = new SeededRandom(8);
  const pair = new TransferPair({
    seed: 1,
    file,
    link: { delayMs: 10, rate: 12_500 },
  });
  const types = Object.values(packetType).filter((t) => t !== packetType.data);
  let forged = 0;
  pair.run(60_000, () => {
    // Someone who knows even the transfer's id, but not its keys.
    const bytes = random.bytes(15 + random.below(200));
    bytes[0] = types[random.below(types.length)]!;
    bytes.set(pair.id, 1);
    const end = random.below(2) === 0 ? pair.sender : pair.receiver;
    end.handleDatagram(bytes, 99, pair.now);
    forged++;
    return pair.sender.isDrained && pair.receiver.isDrained;
  });
  assert(forged > 500);
  assertEquals(pair.digest(), sha256(file));
  assertEquals(pair.senderEvents.at(-1)?.type, "done");
});

Deno.test("transfer pair is not disturbed by random datagrams", () => {
  const file = testFile(1_000_000);
  const random = new SeededRandom(9);
  const pair = new TransferPair({
    seed: 1,
    file,
    link: { delayMs: 10, rate: 12_500 },
  });
  pair.run(60_000, () => {
    const bytes = random.bytes(random.below(100));
    pair.sender.handleDatagram(bytes, 99, pair.now);
    pair.receiver.handleDatagram(bytes, 99, pair.now);
    return pair.sender.isDrained && pair.receiver.isDrained;
  });
  assertEquals(pair.digest(), sha256(file));
});

Deno.test("transfer pair follows a sender that moved to another address", () => {
  const file = testFile(3_000_000);
  const pair = new TransferPair({
    seed: 1,
    file,
    link: { delayMs: 10, rate: 2_500 },
  });
  pair.run(60_000, () => pair.writtenBytes > 500_000);
  pair.senderPath = 8;
  pair.run();
  assertEquals(pair.digest(), sha256(file));
  assertEquals(pair.receiver.transmitPath, 8);
});

Deno.test("transfer pair follows a receiver that moved, and knows nothing of the new path", () => {
  const file = testFile(4_000_000);
  const pair = new TransferPair({
    seed: 1,
    file,
    link: { delayMs: 5, rate: 5_000, loss: 0.01 },
  });
  pair.run(60_000, () => pair.writtenBytes > 1_500_000);
  assert(pair.sender.stats().minRtt < 20);
  const movedAt = pair.now;
  const had = pair.writtenBytes;
  pair.receiverPath = 8;
  for (const { options } of [pair.there, pair.back]) {
    options.delayMs = 60;
    options.rate = 1_000;
  }
  // Nobody is at the old address any more.
  pair.intercept = (bytes, from) =>
    from === "sender" && pair.sender.transmitPath === 7 ? undefined : bytes;
  // What was under way still arrives.
  pair.run(60_000, () => pair.writtenBytes > had + 700_000);
  assert(pair.now - movedAt < 4_000, `${pair.now - movedAt} ms`);
  const { minRtt } = pair.sender.stats();
  assert(minRtt >= 120, `the old path's round trip is forgotten: ${minRtt}`);
  pair.run();
  assertEquals(pair.digest(), sha256(file));
});

Deno.test("transfer pair carries what lies beyond 4 GiB of a file", () => {
  const { blockBytes } = transferLimits;
  const before = 2 ** 32 - 8 * blockBytes;
  const file = testFile(16 * blockBytes + 77);
  const pair = new TransferPair({
    seed: 1,
    file,
    before,
    firstBlock: before / blockBytes,
    link: { delayMs: 5, rate: 12_500, loss: 0.02, corrupt: 0.002 },
  });
  pair.run();
  assertEquals(pair.digest(), sha256(file));
  assertEquals(pair.receiver.base * blockBytes, 2 ** 32 + 9 * blockBytes);
  for (const events of [pair.senderEvents, pair.receiverEvents]) {
    assertEquals(events.at(-1)?.type, "done");
  }
});

Deno.test("transfer pair goes on from a checkpoint", () => {
  const file = testFile(5_000_000);
  const first = new TransferPair({
    seed: 1,
    file,
    link: { delayMs: 5, rate: 12_500 },
  });
  first.run(60_000, () => first.writtenBytes > 2_000_000);
  const [part] = partOf(first.receiver.checks.slice(0));
  assert(part !== undefined);
  const bytes = part.endBlock * transferLimits.blockBytes;
  assertEquals(bytes, first.writtenBytes);
  const before = file.subarray(0, bytes);
  assertEquals(encodeHex(part.digest), contentDigestOf(before));

  const second = new TransferPair({
    seed: 2,
    file,
    link: { delayMs: 5, rate: 12_500, loss: 0.01 },
    firstBlock: part.endBlock,
    skipped: before,
  });
  second.run();
  assertEquals(second.senderEvents.at(-1)?.type, "done");
  const last = second.receiverEvents.at(-1);
  assert(last?.type === "done");
  assertEquals(encodeHex(last.digest), contentDigestOf(file));
  assertEquals(second.written.subarray(bytes), file.subarray(bytes));
});
