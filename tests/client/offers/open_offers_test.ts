import { onePath } from "../../support/one_path.ts";
import { assertEquals } from "@std/assert";
import { OffersWorld } from "../offers_harness.ts";

Deno.test("OpenOffers: what fails before anybody heard of it uses up no number", () => {
  const world = new OffersWorld();
  const { yoda } = world;
  const { transfers, open } = yoda.offers;
  const send = (n: number) => {
    transfers.send({ user: "luke" }, onePath(`/films/${n}.mp4`), n);
    return open.transfers().at(-1)!.id;
  };
  const fail = (id: string) => {
    yoda.tell({ event: "failed", id, failure: "unreadable", message: "why" });
  };
  const offer = (id: string) => {
    const addresses = [{ ip: "127.0.0.1", port: 9 }];
    const file = { name: "film.mp4", size: 9 };
    const key = "A".repeat(43);
    yoda.tell({ event: "offer-ready", id, key, addresses, file });
    world.settle();
  };
  fail(send(1));
  // Also those that fail in another order than they were asked for.
  const [second, third] = [send(2), send(3)];
  fail(second);
  fail(third);
  world.unreachable.add(world.luke);
  offer(send(4));
  assertEquals([1, 2, 3, 4].map((n) => yoda.codeOf(n)), [
    ...["unreadable", "unreadable", "unreadable"],
    "not_delivered",
  ]);
  world.unreachable.clear();
  offer(send(5));
  yoda.start("luke");
  const numbers = open.all().map(({ number }) => number);
  assertEquals(numbers, [1, 2]);
});

Deno.test("OpenOffers: files and private sessions are answered under the same numbers", () => {
  const world = new OffersWorld();
  const { yoda, luke } = world;
  luke.start("yoda");
  world.settle();
  for (
    const [number, code] of [[1, "open"], [2, "unknown_transfer"]] as const
  ) {
    const n = yoda.n;
    yoda.offers.accept(number, n);
    world.settle();
    assertEquals(yoda.codeOf(n), code === "open" ? "ok" : code);
  }
  const again = yoda.n;
  yoda.offers.reject(1, again);
  assertEquals(yoda.codeOf(again), "not_waiting");
  const last = yoda.n;
  yoda.offers.cancel(1, last);
  assertEquals(yoda.codeOf(last), "ok");
  assertEquals(yoda.offers.list(), { transfers: [], sessions: [] });
  // What has ended says how, what never was is unknown.
  const told = [1, 2].map((number) => {
    const n = yoda.n;
    yoda.offers.accept(number, n);
    return yoda.messageOf(n);
  });
  assertEquals(told, [
    "1 is over: private session with luke has ended: you ended it",
    "There is no transfer 2; /transfers lists them",
  ]);
});
