/** Transfers over paths on which datagrams overtake each other and come twice. */
import { assert, assertEquals } from "@std/assert";
import {
  dataHeaderBytes,
  packetType,
} from "../../../lib/engine/packets/packet.ts";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import type { LinkOptions } from "../../support/simulated_link.ts";
import { testFile, TransferPair } from "../../support/transfer_pair.ts";

const file = testFile(10_000_000);

/** Runs until all is written, and tells how it went. */
function send(link: Omit<LinkOptions, "seed">, seed: number) {
  const pair = new TransferPair({ seed, file, link: { mtu: 1_500, ...link } });
  let sentBytes = 0;
  const paths = new Set<number>();
  pair.intercept = (bytes, from) => {
    const isData = from === "sender" && bytes[0] === packetType.data;
    if (isData) {
      sentBytes += bytes.length - dataHeaderBytes;
      paths.add(pair.sender.transmitPath);
    }
    return bytes;
  };
  pair.run(60_000, () => pair.writtenBytes === file.length);
  const blocks = Math.ceil(file.length / transferLimits.blockBytes);
  const sealedBytes = file.length + blocks * transferLimits.tagBytes;
  const { sentPackets, lostPackets } = pair.sender.stats();
  const { sent, dropped } = pair.there as typeof pair.back;
  return {
    /** Bytes per ms. */
    rate: file.length / pair.now,
    /** Share of what was sent that had been sent before. */
    twice: 1 - sealedBytes / sentBytes,
    /** What the sender thinks was lost, and what was. */
    toldLoss: lostPackets / sentPackets,
    loss: dropped / sent,
    /** Of the receiver's that data went to. */
    sockets: paths.size,
    told: `${JSON.stringify(link)} ${seed}`,
  };
}

/** 100 Mbit/s. */
const rate = 12_500;
const shaken = { loss: 0.02, duplicate: 0.1, rate };

Deno.test("A path where a tenth overtakes, a tenth comes twice and 2 % get lost is filled", () => {
  for (const [delayMs, queueBytes] of [[2, 65_536], [10, 250_000]] as const) {
    const link = { ...shaken, delayMs, queueBytes, overtake: 0.1 };
    const { told, ...result } = send(link, 1);
    const text = `${told} ${JSON.stringify(result)}`;
    assert(result.rate > 0.7 * rate, text);
    assert(result.twice < 0.08, text);
  }
});

Deno.test("So is a fast one, over several sockets", () => {
  const fast = { ...shaken, rate: 40_000, overtake: 0.1 };
  const link = { ...fast, delayMs: 2, queueBytes: 250_000 };
  const { told, ...result } = send(link, 1);
  const text = `${told} ${JSON.stringify(result)}`;
  assert(result.sockets > 2, text);
  assert(result.rate > 0.5 * fast.rate, text);
  assert(result.twice < result.loss + 0.015, text);
});

Deno.test("What merely comes late is not sent twice, nor told as lost", () => {
  // Late by less than a round trip, by more than one, and each as it comes.
  const links = [
    { delayMs: 10, reorder: 0.1, reorderMs: 10, queueBytes: 250_000 },
    { delayMs: 2, reorder: 0.1, reorderMs: 10, queueBytes: 65_536 },
    { delayMs: 10, jitterMs: 10, queueBytes: 500_000 },
    { delayMs: 10, overtake: 0.1, queueBytes: 500_000 },
  ];
  for (const link of links) {
    const { told, ...result } = send({ ...shaken, ...link }, 1);
    const text = `${told} ${JSON.stringify(result)}`;
    assert(result.twice < result.loss + 0.015, text);
    assert(Math.abs(result.toldLoss - result.loss) < 0.01, text);
  }
});

Deno.test("Where nothing is lost nearly nothing is sent twice, whatever overtakes", () => {
  const link = { delayMs: 10, overtake: 0.1, duplicate: 0.1 };
  const { told, ...result } = send({ ...link, rate, queueBytes: 2e6 }, 1);
  const text = `${told} ${JSON.stringify(result)}`;
  assertEquals(result.loss, 0, text);
  assert(result.twice < 0.01, text);
  assert(result.toldLoss < 0.001, text);
});

Deno.test("What comes twice is not acknowledged any sooner", () => {
  const acks = [0, 0.5].map((duplicate) => {
    const link = { delayMs: 10, rate, queueBytes: 1_000_000 };
    const pair = new TransferPair({
      seed: 3,
      file: file.subarray(0, 2_000_000),
      link: { ...link, duplicate },
      back: link,
    });
    pair.run(60_000, () => pair.writtenBytes === 2_000_000);
    return pair.back.sent / pair.sender.stats().sentPackets;
  });
  assert(acks[1]! < 1.1 * acks[0]!, `${acks}`);
});
