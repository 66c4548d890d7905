import { assertEquals } from "@std/assert";
import { ServerPlaces } from "../../../lib/client/trust/server_places.ts";

Deno.test("ServerPlaces: each attempt begins with the next one and leaves none out", () => {
  const [a, b, c] = ["a", "b", "c"].map((host) => ({ host, port: 1 }));
  const places = new ServerPlaces({
    host: "a",
    port: 1,
    others: [b, c].filter((each) => each !== undefined),
  });
  assertEquals(places.inTurn(), [a, b, c]);
  assertEquals(places.inTurn(), [b, c, a]);
  assertEquals(places.inTurn(), [c, a, b]);
  assertEquals(places.inTurn(), [a, b, c]);
  const one = new ServerPlaces({ host: "a", port: 1 });
  for (let times = 0; times < 2; times++) assertEquals(one.inTurn(), [a]);
});
