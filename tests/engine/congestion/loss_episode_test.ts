import { assertEquals } from "@std/assert";
import { emptySample } from "../../../lib/engine/congestion/controller.ts";
import { LossEpisode } from "../../../lib/engine/congestion/loss_episode.ts";

const loss = (now: number, lost: number, lostSentAt: number) => ({
  ...emptySample(),
  now,
  lost,
  lostSentAt,
});
const recovery = (recovered: number) => ({ ...emptySample(), recovered });

Deno.test("LossEpisode: what was sent before it was answered is part of it", () => {
  const episode = new LossEpisode();
  assertEquals(episode.isNew(emptySample()), false);
  assertEquals(episode.isNew(loss(10, 100, 2)), true);
  episode.begin(loss(10, 100, 2));
  assertEquals(episode.isNew(loss(12, 100, 10)), false);
  assertEquals(episode.isNew(loss(20, 100, 11)), true);
});

Deno.test("LossEpisode is undone, once, when all of it has arrived", () => {
  const episode = new LossEpisode();
  assertEquals(episode.update(recovery(100)), false, "there was none");
  episode.begin(loss(10, 100, 2));
  assertEquals(episode.update(loss(12, 50, 9)), false);
  assertEquals(episode.update(recovery(100)), false);
  assertEquals(episode.update(recovery(50)), true);
  assertEquals(episode.update(recovery(50)), false);
});
