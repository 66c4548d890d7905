import { assertEquals } from "@std/assert";
import {
  pictureScale,
  ratesFor,
} from "../../../../lib/client/ui/page/model/call_rates.ts";

Deno.test("the more there are in a call, the less is sent to each", () => {
  const rates = [1, 2, 3, 4, 8].map((people) => {
    const { voice, video, pictureSide, pictures, screens } = ratesFor(people);
    return [voice / 1000, video / 1000, pictureSide, pictures, screens];
  });
  assertEquals(rates, [
    [40, 700, 360, 30, 15],
    [40, 700, 360, 30, 15],
    [32, 300, 270, 20, 10],
    [24, 150, 180, 15, 5],
    [24, 150, 180, 10, 5],
  ]);
});

Deno.test("a picture is made as small as it is to be, and never larger", () => {
  const four = ratesFor(4);
  assertEquals(pictureScale(four, { width: 640, height: 360 }), 2);
  assertEquals(pictureScale(four, { width: 720, height: 1280 }), 4);
  assertEquals(pictureScale(four, { width: 160, height: 120 }), 1);
  // Nothing is known of it.
  assertEquals(pictureScale(four, {}), 1);
  assertEquals(pictureScale(ratesFor(2), { width: 640, height: 360 }), 1);
});
