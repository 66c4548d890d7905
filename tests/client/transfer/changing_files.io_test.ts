import { assertEquals, assertMatch } from "@std/assert";
import { onePath } from "../../support/one_path.ts";
import { testFile } from "../../support/transfer_pair.ts";
import {
  namesIn,
  withTransfers,
  writeIn,
} from "../../support/transfer_world.ts";
import { waitUntil } from "../../support/wait_until.ts";

Deno.test("TransferService sends what was offered of a file that grows, and tells both sides", async () => {
  await withTransfers(async (world) => {
    const offered = testFile(3_000_000);
    const path = await writeIn(world, "log.txt", offered);
    const more = testFile(10);
    const id = "00000000000000c0";
    world.sender.service.prepareOffer(id, onePath(path));
    const offer = await world.sender.event(id, "offer-ready");
    await Deno.writeFile(path, more, { append: true });
    world.receiver.service.prepareAnswer(id, "yoda", offer.file, offer);
    const answer = await world.receiver.event(id, "answer-ready");
    world.sender.service.startSending(id, answer);
    await Deno.writeFile(path, more, { append: true });
    const sent = await world.sender.event(id, "done");
    const received = await world.receiver.event(id, "done");
    assertEquals([sent.hasGrown, received.hasGrown], [true, true]);
    assertEquals(await Deno.readFile(received.path ?? ""), offered);
  });
});

Deno.test("TransferService sends nothing of a file that changed after it was offered", async () => {
  await withTransfers(async (world) => {
    const path = await writeIn(world, "film.mp4", testFile(1_000_000));
    const id = "00000000000000c2";
    world.sender.service.prepareOffer(id, onePath(path));
    const offer = await world.sender.event(id, "offer-ready");
    await Deno.writeFile(`${path}.new`, testFile(1_000_001));
    await Deno.rename(`${path}.new`, path);
    world.receiver.service.prepareAnswer(id, "yoda", offer.file, offer);
    const answer = await world.receiver.event(id, "answer-ready");
    world.sender.service.startSending(id, answer);
    const sent = await world.sender.failure(id);
    assertEquals(sent.failure, "changed");
    assertMatch(sent.message, /film\.mp4" changed after it was offered/);
    const told = world.sender.events.map(({ event }) => event);
    assertEquals(told, ["offer-ready", "failed"], "no path, no progress");
    world.receiver.service.cancel(id);
    await waitUntil(
      "an empty folder",
      async () => (await namesIn(world.downloads)).length === 0,
    );
  });
});

Deno.test("TransferService notices a file that became shorter", async () => {
  await withTransfers(async (world) => {
    const path = await writeIn(world, "log.txt", testFile(1_000_000));
    const id = "00000000000000c1";
    world.sender.service.prepareOffer(id, onePath(path));
    const offer = await world.sender.event(id, "offer-ready");
    await Deno.truncate(path, 300_000);
    world.receiver.service.prepareAnswer(id, "yoda", offer.file, offer);
    const answer = await world.receiver.event(id, "answer-ready");
    world.sender.service.startSending(id, answer);
    const received = await world.receiver.event(id, "closed");
    assertEquals(received.reason, "changed");
  });
});
