/**
 * Subflows between a sender and a receiver over simulated links: used where
 * they help, left out where they do not work, never in the way of a file.
 */
import { createHash } from "node:crypto";
import { assert, assertEquals } from "@std/assert";
import { transferLimits } from "../../../lib/engine/packets/limits.ts";
import { packetType } from "../../../lib/engine/packets/packet.ts";
import {
  type PairOptions,
  subflowPaths,
  testFile,
  TransferPair,
} from "../../support/transfer_pair.ts";

const file = testFile(60 * transferLimits.blockBytes);
const fileHash = createHash("sha256").update(file).digest("hex");
const mainPath = 7;
const blockedPath = mainPath + 2 * subflowPaths;

/** A pair on one machine, and how much data it sent to each path. */
function watchedPair(
  options: Partial<PairOptions> = {},
  isBlocked: (path: number, now: number) => boolean = () => false,
): { readonly pair: TransferPair; readonly sent: Map<number, number> } {
  const pair = new TransferPair({
    seed: 1,
    file,
    isLocal: true,
    link: { delayMs: 0.05 },
    ...options,
  });
  const sent = new Map<number, number>();
  pair.intercept = (bytes, from) => {
    const { transmitPath } = pair.sender;
    if (from === "receiver") return bytes;
    if (bytes[0] === packetType.data) {
      sent.set(transmitPath, (sent.get(transmitPath) ?? 0) + 1);
    }
    return isBlocked(transmitPath, pair.now) ? undefined : bytes;
  };
  return { pair, sent };
}

function assertDelivered(pair: TransferPair): void {
  pair.run();
  assertEquals(pair.digest(), fileHash);
  assertEquals(pair.senderEvents.at(-1)?.type, "done");
  assertEquals(pair.receiverEvents.at(-1)?.type, "done");
}

Deno.test("subflows share the data of a transfer on one machine", () => {
  const { pair, sent } = watchedPair();
  assertDelivered(pair);
  assertEquals(sent.size, transferLimits.subflows);
  const counts = [...sent.values()].toSorted((a, b) => a - b);
  assert(counts[0]! > 10, `${counts}`);
});

Deno.test("subflows are used for datagrams of one packet where they come fast", () => {
  const sockets = [8_000, 40_000].map((rate) => {
    const { pair, sent } = watchedPair({
      isLocal: false,
      link: { delayMs: 20, rate, mtu: 1_500, queueBytes: 1_000_000 },
    });
    assertDelivered(pair);
    assert(sent.has(mainPath));
    return sent.size;
  });
  assertEquals(sockets, [1, 4]);
});

Deno.test("subflows that a firewall closes carry no data", () => {
  const { pair, sent } = watchedPair({}, (path) => path === blockedPath);
  assertDelivered(pair);
  assertEquals(sent.has(blockedPath), false);
  assertEquals(sent.size, transferLimits.subflows - 1);
});

Deno.test("subflows that stop working in mid-transfer are given up", () => {
  let blockedAt = Infinity;
  const { pair, sent } = watchedPair(
    { writeMs: 100 },
    (path, now) => path === blockedPath && now >= blockedAt,
  );
  pair.run(60_000, () => (sent.get(blockedPath) ?? 0) >= 5);
  blockedAt = pair.now;
  assertDelivered(pair);
  assert(sent.get(blockedPath)! < 100, `${sent.get(blockedPath)}`);
});

Deno.test("subflows survive loss on all of them", () => {
  for (let seed = 1; seed <= 10; seed++) {
    const link = { delayMs: 0.1, loss: 0.05, duplicate: 0.02, reorder: 0.05 };
    const { pair } = watchedPair({ seed, link });
    assertDelivered(pair);
  }
});
