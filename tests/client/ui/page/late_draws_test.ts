import { assertEquals } from "@std/assert";
import {
  type Drawable,
  frameDraws,
  LateDraws,
} from "../../../../lib/client/ui/page/model/late_draws.ts";

Deno.test("however many wait to be drawn, a few are with each frame", () => {
  const frames: (() => void)[] = [];
  const late = new LateDraws((act) => frames.push(act));
  const drawn: number[] = [];
  const all = Array.from(
    { length: 2 * frameDraws + 1 },
    (_, index): Drawable => ({
      forceUpdate: () => drawn.push(index),
    }),
  );
  for (const each of [...all, ...all]) late.add(each);
  assertEquals([drawn, frames.length], [[], 1]);
  const counts: number[] = [];
  for (let act = frames.shift(); act !== undefined; act = frames.shift()) {
    act();
    counts.push(drawn.length);
  }
  assertEquals(counts, [frameDraws, 2 * frameDraws, all.length]);
  assertEquals(drawn.at(-1), 0, "the newest first");
  late.add(all[0]!);
  assertEquals(frames.length, 1, "it begins again");
});
