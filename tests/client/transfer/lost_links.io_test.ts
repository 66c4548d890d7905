import { assert, assertEquals, assertMatch } from "@std/assert";
import { contentDigestOf } from "../../support/content_digest_of.ts";
import { testFile } from "../../support/transfer_pair.ts";
import {
  namesIn,
  sha256,
  startTransfer,
  withTransfers,
  writeIn,
} from "../../support/transfer_world.ts";
import { UdpProxy } from "../../support/udp_proxy.ts";
import { waitUntil } from "../../support/wait_until.ts";

Deno.test("TransferService.cancel reaches the other side; what came is kept", async () => {
  await withTransfers(async (world) => {
    const path = await writeIn(world, "big.bin", testFile(200_000_000));
    for (const isSender of [true, false]) {
      const id = await startTransfer(world, path);
      await world.receiver.progress(id, 10_000_000);
      const [one, other] = isSender
        ? [world.sender, world.receiver]
        : [world.receiver, world.sender];
      one.service.cancel(id);
      assertEquals((await other.event(id, "closed")).reason, "cancelled");
      // What is there is recorded after that was told, by way of another file.
      const kept = "yoda_big.bin.part yoda_big.bin.part.map";
      await waitUntil(
        kept,
        async () => (await namesIn(world.downloads)).join(" ") === kept,
      );
      const own = one.events.filter((event) => event.id === id);
      assert(
        own.every(({ event }) => !["failed", "closed", "done"].includes(event)),
      );
    }
  });
});

Deno.test("TransferService over a link that is far, slow, and loses and damages", async () => {
  await withTransfers(async (world) => {
    const { sender, receiver } = world;
    const bytes = testFile(6_000_000);
    const path = await writeIn(world, "film.mp4", bytes);
    const [left, right] = [sender.service.udpPort, receiver.service.udpPort];
    await using proxy = new UdpProxy(left, right, {
      seed: 4,
      rate: 12_500,
      delayMs: 20,
      jitterMs: 2,
      loss: 0.01,
      duplicate: 0.01,
      corrupt: 0.001,
      queueBytes: 500_000,
    });
    const id = await startTransfer(world, path, "yoda", proxy);
    // Whoever is heard goes on.
    for (const { service } of [sender, receiver]) service.doubt(id);
    const done = await receiver.event(id, "done");
    const digest = contentDigestOf(bytes);
    assertEquals((await sender.event(id, "done")).digest, digest);
    const stored = await Deno.readFile(done.path ?? "");
    assertEquals(sha256(stored), sha256(bytes));
    // Half a second at the rate of the link; most of the rest is the start, and
    // what a busy machine takes.
    assert(done.ms < 20_000, `${done.ms} ms`);
  });
});

Deno.test("TransferService goes on with a file after the network was lost", async () => {
  await withTransfers(async (world) => {
    const { sender, receiver } = world;
    const bytes = testFile(40_000_000);
    const path = await writeIn(world, "film.mp4", bytes);
    const digest = contentDigestOf(bytes);
    // Given up by the engines, then by the server's word, then by the user.
    let had = 0;
    for (const lost of ["given up", "doubted", "cancelled"]) {
      // Each time at other addresses.
      const [left, right] = [sender.service.udpPort, receiver.service.udpPort];
      await using proxy = new UdpProxy(left, right);
      sender.service.limit(20_000_000);
      const id = await startTransfer(world, path, "yoda", proxy);
      await receiver.progress(id, had + 6_000_000);
      proxy.isDown = true;
      if (lost === "doubted") {
        for (const side of [sender, receiver]) {
          side.service.doubt(id);
          // The clock goes on while it waits.
          const closed = side.event(id, "closed", 20_000);
          assertEquals((await closed).reason, "left");
        }
      } else if (lost === "given up") {
        // Not so fast that a clock would seem to have slept between two looks.
        for (const side of [sender, receiver]) side.hurry(5);
        for (const side of [sender, receiver]) {
          const failed = await side.failure(id);
          assertEquals(failed.failure, "unreachable");
          assertMatch(failed.message, /send the file again to go on/);
        }
      } else sender.service.cancel(id);
      const events = receiver.events.filter((e) => e.id === id);
      had = Math.max(
        ...events.map((e) => e.event === "progress" ? e.bytes : 0),
      );
    }
    sender.service.limit(0);
    const id = await startTransfer(world, path);
    const done = await receiver.event(id, "done");
    const sent = await sender.event(id, "done");
    assertEquals([done.digest, sent.digest], [digest, digest]);
    const stored = await Deno.readFile(done.path ?? "");
    assertEquals(sha256(stored), sha256(bytes));
    assertEquals(done.resumed, sent.resumed);
    // A few blocks may have been under way to the disk.
    assert((done.resumed ?? 0) > had - 3_000_000, `${done.resumed} of ${had}`);
    assertEquals(await namesIn(world.downloads), ["yoda_film.mp4"]);
  });
});

Deno.test("TransferService.close tells the other side at once", async () => {
  await withTransfers(async (world) => {
    const path = await writeIn(world, "big.bin", testFile(200_000_000));
    const id = await startTransfer(world, path);
    await world.receiver.event(id, "progress");
    await world.sender.service.close();
    assertEquals((await world.receiver.event(id, "closed")).reason, "left");
  });
});
