import { assert, assertEquals } from "@std/assert";
import type { SaidMessage } from "../../../../lib/client/events/conversations.ts";
import {
  blockSize,
  groupSize,
  MessageLog,
  mostShown,
  saidOf,
} from "../../../../lib/client/ui/page/model/message_log.ts";

Deno.test("a log keeps what the view drops", () => {
  const log = new MessageLog();
  log.follow(said(1, 50));
  log.follow(said(11, 60));
  assertEquals(numbersOf(log), range(1, 60));
});

Deno.test("what comes changes the last block alone, and no other object", () => {
  const log = new MessageLog();
  log.follow(said(1, blockSize + 10));
  const [first, second] = log.blocks;
  log.follow(said(2, blockSize + 11));
  assert(log.blocks[0] === first);
  assert(log.blocks[1] !== second);
  assertEquals(log.blocks[1]?.id, second?.id);
  const { blocks } = log;
  log.follow(said(2, blockSize + 11));
  assert(log.blocks === blocks, "nothing is new");
});

Deno.test("older messages come before, those that are known once", () => {
  const log = new MessageLog();
  log.follow(said(91, 100));
  const [block] = log.blocks;
  log.prepend(said(51, 100), 51);
  assertEquals(numbersOf(log), range(51, 100));
  assert(log.blocks.at(-1) === block, "what is read stays as it is");
  assertEquals([log.before, log.isWhole], [51, false]);
  log.prepend(said(1, 50), undefined);
  assertEquals(numbersOf(log), range(1, 100));
  assert(log.isWhole);
});

Deno.test("blocks stand in groups that are not too large, and keep theirs", () => {
  const log = new MessageLog();
  const most = blockSize * groupSize;
  log.follow(said(5 * most + 1, 5 * most + 60));
  const kept = new Map<number, number>();
  for (let count = 1; count < 2 * groupSize; count++) {
    const first = 5 * most + 1 - count * 2 * blockSize;
    log.prepend(said(first, first + 2 * blockSize - 1), first);
    log.follow(said(5 * most + 50, 5 * most + 60 + count * blockSize));
    for (const { id, group } of log.blocks) {
      assertEquals(kept.get(id) ?? group, group);
      kept.set(id, group);
    }
  }
  const groups = log.blocks.map(({ group }) => group);
  const sizes = [...Map.groupBy(groups, (group) => group).values()]
    .map((each) => each.length);
  assert(sizes.every((size) => size <= groupSize), `${sizes}`);
  assertEquals(sizes.length, Math.ceil(groups.length / groupSize) + 1);
  // Nothing of another group stands between two of one.
  assertEquals(
    groups.filter((group, index) => group !== groups[index - 1]).length,
    sizes.length,
  );
});

Deno.test("a message that was taken back is changed where it stands", () => {
  const log = new MessageLog();
  log.follow(said(1, 120));
  const { blocks } = log;
  const gone = { ...message(60), text: "", deleted: true as const };
  log.follow(said(51, 100).map((each) => each.number === 60 ? gone : each));
  const place = Math.floor(59 / blockSize);
  assertEquals(log.blocks[place]?.messages[59 % blockSize], gone);
  log.blocks.forEach((block, index) => {
    assertEquals(block === blocks[index], index !== place);
  });
});

Deno.test("who was away so long that something is missing begins anew", () => {
  const log = new MessageLog();
  log.follow(said(1, 50));
  log.prepend([], undefined);
  log.follow(said(200, 249));
  assertEquals(numbersOf(log), range(200, 249));
  assert(!log.isWhole, "what is missing can be asked for");
});

Deno.test("messages stand in the order of their times, however they come", () => {
  const log = new MessageLog();
  log.follow([message(1), message(5)]);
  log.follow([message(1), message(3), message(5)]);
  assertEquals(numbersOf(log), [1, 3, 5]);
});

Deno.test("what belongs between others changes the blocks where it stands", () => {
  const log = new MessageLog();
  const late = 2 * blockSize + 5;
  const all = said(1, 4 * blockSize);
  log.follow(all.filter(({ number }) => number !== late));
  const { blocks } = log;
  log.follow(all.slice(-50));
  assertEquals(numbersOf(log), range(1, 4 * blockSize));
  assertEquals(log.blocks.map(({ id }) => id), blocks.map(({ id }) => id));
  log.blocks.forEach((block, index) => {
    assertEquals(block === blocks[index], index !== 2);
  });
  const many = range(1, 3 * blockSize).map((number): SaidMessage => ({
    ...message(1000 + number),
    at: 30_000 + number / 100,
  }));
  log.follow([...all.slice(-50), ...many]);
  assertEquals(log.size, 7 * blockSize);
  const times = log.blocks.flatMap(({ messages }) =>
    messages.map(({ at }) => at)
  );
  assertEquals(times, times.toSorted((one, other) => one - other));
  const ids = log.blocks.map(({ id }) => id);
  assertEquals(new Set(ids).size, ids.length);
  assert(log.blocks.every(({ messages }) => messages.length <= 2 * blockSize));
});

Deno.test("a private session is whole, and the same words twice in it are two", () => {
  const log = new MessageLog();
  const one = { at: 1000, from: "leia", text: "yes" };
  log.follow([one, { ...one, at: 1001 }], true);
  assert(log.isWhole);
  assertEquals(log.size, 2);
});

Deno.test("a log has an end at which the oldest go", () => {
  const log = new MessageLog();
  log.prepend(said(1, mostShown), undefined);
  log.follow(said(mostShown - 10, mostShown + 10));
  assert(log.size <= mostShown && log.size > mostShown - 2 * blockSize);
  assertEquals(log.last?.number, mostShown + 10);
  assert(!log.isWhole);
});

Deno.test("what nobody looks at is forgotten, and can be asked for again", () => {
  const log = new MessageLog();
  log.follow(said(951, 1000));
  for (let first = 901; first > 500; first -= 50) {
    log.prepend(said(first, first + 49), first);
  }
  log.trim(120);
  assertEquals(numbersOf(log), range(851, 1000));
  assertEquals([log.before, log.isWhole], [851, false]);
  const { blocks } = log;
  log.trim(120);
  assert(log.blocks === blocks, "there is nothing more to forget");
  log.prepend(said(801, 850), undefined);
  assertEquals(numbersOf(log), range(801, 1000));
});

Deno.test("a message of the past is as one of the view", () => {
  const past = { id: 7, number: 3, at: 5, from: "yoda", text: "hm" } as const;
  assertEquals(saidOf({ ...past, kind: "private" }, "yoda"), {
    ...past,
    own: true,
  });
  const gone = { ...past, kind: "group", text: "", deleted: true } as const;
  assertEquals(saidOf(gone, "luke"), { ...past, text: "", deleted: true });
});

function message(number: number): SaidMessage {
  return {
    id: number,
    number,
    at: number * 1000,
    from: "luke",
    text: `${number}`,
  };
}

function said(from: number, to: number): SaidMessage[] {
  return range(from, to).map(message);
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function numbersOf(log: MessageLog): (number | undefined)[] {
  return log.blocks.flatMap(({ messages }) =>
    messages.map(({ number }) => number)
  );
}
