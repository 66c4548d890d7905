/** The order of blocks: each stands at one position, and both ends agree. */
import { assert, assertEquals } from "@std/assert";
import { BlockOrder } from "../../lib/engine/block_order.ts";
import { OrderExchange } from "../../lib/engine/order_exchange.ts";
import { packetType } from "../../lib/engine/packets/packet.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { ReceiveWindow } from "../../lib/engine/receive_window.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { testFile, TransferPair } from "../support/transfer_pair.ts";

/** The blocks from position `first` on, of a file of so many. */
function blocksOf(order: BlockOrder, first: number, blocks: number): number[] {
  return Array.from(
    { length: blocks - first },
    (_, index) => order.blockAt(first + index),
  );
}

Deno.test("BlockOrder is that of the file until it is changed", () => {
  assertEquals(blocksOf(new BlockOrder(2, 6), 2, 6), [2, 3, 4, 5]);
  const stream = new BlockOrder(0, Infinity);
  assert(!stream.change(3, [{ first: 9, end: 12 }], 0));
  assertEquals(stream.blockAt(7), 7);
});

Deno.test("BlockOrder.change: what is wanted comes next, then the rest", () => {
  const order = new BlockOrder(0, 10);
  assert(order.change(2, [{ first: 8, end: 10 }, { first: 5, end: 9 }], 0));
  assertEquals(blocksOf(order, 0, 10), [0, 1, 8, 9, 5, 6, 7, 2, 3, 4]);
  // What stands before stays; what is beyond the file is none of it.
  assert(order.change(5, [{ first: 3, end: 99 }], 5));
  assertEquals(blocksOf(order, 5, 10), [3, 4, 6, 7, 2]);
  for (const [position, floor] of [[10, 0], [1, 1], [6, 7]] as const) {
    assert(!order.change(position, [{ first: 2, end: 3 }], floor));
  }
  assertEquals(blocksOf(order, 5, 10), [3, 4, 6, 7, 2]);
});

Deno.test("BlockOrder: whatever is wished, each block stands at one position", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    const below = (n: number) => random.bytes(2)[0]! % n;
    const order = new BlockOrder(3, 200);
    const sent = new Set([0, 1, 2]);
    let changes = 0;
    for (let position = 3; position < 200; position++) {
      if (below(4) === 0) {
        const first = below(200);
        const wanted = [{ first, end: first + 1 + below(20) }];
        if (order.change(position, wanted, position - below(3))) changes++;
      }
      sent.add(order.blockAt(position));
    }
    assertEquals([...sent].sort((a, b) => a - b), [...Array(200).keys()]);
    assert(changes > 10);
  }
});

Deno.test("BlockOrder.change: what is in too many pieces is refused", () => {
  const order = new BlockOrder(0, 10_000);
  let position = 0;
  for (let block = 9_998; block > 0; block -= 2) {
    if (!order.change(position, [{ first: block, end: block + 1 }], position)) {
      break;
    }
    position++;
  }
  assert(position > 400 && position <= transferLimits.apartRanges);
  assertEquals(order.blockAt(position - 1), 9_998 - 2 * (position - 1));
});

const mib = 1024 * 1024;

/** A pair in the middle of its file over a line of 12.5 MB/s. */
function underWay(loss = 0, canReorder = true): TransferPair {
  const link = { delayMs: 10, rate: 12_500, loss };
  const file = testFile(24 * mib + 17);
  const pair = new TransferPair({ seed: 1, file, link, canReorder });
  pair.run(60_000, () => pair.blocks.length >= 8);
  return pair;
}

/** Runs it to its end, which is that the file is whole at both. */
function finish(pair: TransferPair): void {
  pair.run();
  assertEquals(pair.written, testFile(24 * mib + 17));
  assertEquals(pair.senderEvents.at(-1)?.type, "done");
  assertEquals(pair.receiverEvents.at(-1)?.type, "done");
}

Deno.test("transfer pair: what the receiver wishes comes soon, lost datagrams or not", () => {
  for (const loss of [0, 0.1]) {
    const pair = underWay(loss);
    const wishedAt = pair.now;
    // The last block is shorter than the others.
    const wanted = [{ first: 96, end: 97 }, { first: 60, end: 97 }];
    pair.receiver.wish(wanted, pair.now);
    pair.run(60_000, () => pair.blocks.includes(61));
    // In order it would take 1.1 s.
    const most = loss === 0 ? 400 : 800;
    assert(pair.now - wishedAt < most, `${pair.now - wishedAt} ms`);
    const at = pair.blocks.indexOf(96);
    assertEquals(pair.blocks.slice(at, at + 3), [96, 60, 61]);
    finish(pair);
    assertEquals(pair.blocks.at(-1), 59);
  }
});

Deno.test("transfer pair: wishes that follow each other all end in the same file", () => {
  for (let seed = 1; seed <= 4; seed++) {
    const pair = underWay(seed % 2 * 0.05);
    const random = new SeededRandom(seed);
    for (let wishes = 0; wishes < 12; wishes++) {
      const first = random.bytes(1)[0]! % 97;
      pair.receiver.wish([{ first, end: first + 5 }], pair.now);
      const { length } = pair.blocks;
      pair.run(60_000, () => pair.blocks.length >= Math.min(length + 4, 97));
    }
    finish(pair);
  }
});

Deno.test("transfer pair: a sender that cannot do it goes on in order", () => {
  const pair = underWay(0, false);
  let bytes = 0;
  pair.intercept = (datagram, from) => {
    const isProbe = from === "receiver" && datagram[0] === packetType.probe;
    if (isProbe) bytes += datagram.length;
    return datagram;
  };
  pair.receiver.wish([{ first: 60, end: 97 }], pair.now);
  finish(pair);
  assertEquals(pair.blocks, [...pair.blocks.keys()]);
  // It was answered, and so is not said again and again.
  assert(bytes > 0 && bytes < 200, `${bytes} bytes`);
});

Deno.test("transfer pair: nothing is sent whose place the receiver may not know", () => {
  const pair = underWay();
  let isLost = true;
  pair.intercept = (datagram, from) =>
    isLost && from === "sender" && datagram[0] === packetType.probe
      ? undefined
      : datagram;
  pair.receiver.wish([{ first: 60, end: 97 }], pair.now);
  const before = pair.now;
  pair.run(60_000, () => pair.now > before + 1_500);
  // What was read already still came.
  const { length } = pair.blocks;
  assert(length < 40, `${length} blocks`);
  assertEquals(pair.blocks, [...pair.blocks.keys()]);
  isLost = false;
  finish(pair);
  assertEquals(pair.blocks[length], 60);
});

Deno.test("ReceiveWindow.isUntouched: nothing came of what is to be moved", () => {
  const window = new ReceiveWindow(24 * mib, 0);
  assert(window.isUntouched(0));
  window.add(5, 100, new Uint8Array(10));
  assertEquals([5, 6].map((each) => window.isUntouched(each)), [false, true]);
});

Deno.test("OrderExchange says what is news until a probe that said it is answered", () => {
  const [ours, theirs] = [new OrderExchange(), new OrderExchange()];
  ours.handleSent(1, 0);
  const ranges = [{ first: 7, end: 9 }, { first: 2, end: 2 ** 30 }];
  ours.tell(5, ranges, 100);
  assertEquals(ours.deadline(), 100);
  ours.handleAnswer(1);
  assert(!ours.isAnswered, "that probe did not say it");
  const body = new Uint8Array(3 + ours.length);
  ours.write(body, 3);
  ours.handleSent(2, 110);
  assertEquals(ours.deadline(), 360);
  theirs.handleProbe(body, 3);
  theirs.handleProbe(body, 3);
  const heard = [theirs.takeHeard(), theirs.takeHeard()];
  assertEquals(heard, [{ number: 1, position: 5, ranges }, undefined]);
  theirs.handleProbe(body, 3);
  assert(!theirs.hasHeard, "an old one that comes late");
  ours.handleAnswer(2);
  assertEquals([ours.isAnswered, ours.length], [true, 0]);
});

Deno.test("OrderExchange takes nothing that is malformed", () => {
  const exchange = new OrderExchange();
  exchange.tell(1, [{ first: 7, end: 9 }], 0);
  const body = new Uint8Array(exchange.length);
  exchange.write(body, 0);
  const backwards = body.slice();
  backwards[12] = 9;
  const many = new Uint8Array(200).fill(1);
  for (const wrong of [body.slice(0, -1), backwards, many]) {
    const other = new OrderExchange();
    other.handleProbe(wrong, 0);
    assert(!other.hasHeard);
  }
});
