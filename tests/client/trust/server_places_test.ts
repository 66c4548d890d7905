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

Deno.test("ServerPlaces: what the server says comes after what the user named, until it says otherwise", () => {
  const places = new ServerPlaces({ host: "a", port: 1 });
  const all = () =>
    places.inTurn().map(({ host, port }) => `${host}:${port}`).sort();
  places.learn(["b:2", "a:1", "[::1]:3", "c", "no place", "d:0", ""]);
  assertEquals(all(), ["::1:3", "a:1", "b:2", "c:1"]);
  assertEquals(places.inTurn()[0], { host: "b", port: 2 });
  places.learn(["e:5"]);
  assertEquals(all(), ["a:1", "e:5"]);
  places.learn([]);
  assertEquals(all(), ["a:1"]);
  assertEquals(places.first, { host: "a", port: 1 });
});
