/** What a client makes of offers that its user's other devices got, too. */
import { onePath } from "../../support/one_path.ts";
import { assert, assertEquals } from "@std/assert";
import { type OffersPeer, OffersWorld } from "../offers_harness.ts";

const file = { name: "a.mp4", size: 100, fingerprint: "f" };
const key = "A".repeat(43);

/** yoda offers luke a file; its id. */
function offered(world: OffersWorld, device?: string): string {
  const { yoda } = world;
  yoda.offers.transfers.send(
    { user: "luke", device },
    onePath("/films/a.mp4"),
    100,
  );
  const prepare = yoda.effects.findLast((each) =>
    each.effect === "prepare-offer"
  );
  assert(prepare?.effect === "prepare-offer");
  const { id } = prepare;
  yoda.tell({ event: "offer-ready", id, file, key, addresses: [] });
  world.settle();
  return id;
}

/** State and reason of the last event about a transfer. */
function last({ events }: OffersPeer): string {
  const event = events.findLast((each) => each.event === "transfer");
  assert(event?.event === "transfer");
  return `${event.info.state}: ${event.message}`;
}

/** What the last `answer` said to the server. */
function answerOf({ requests }: OffersWorld): object {
  const { key: _, signature: __, addresses: ___, offer: ____, ...answer } =
    requests.findLast((each) => "do" in each && each.do === "answer") as Record<
      string,
      unknown
    >;
  return answer;
}

Deno.test("Offers: what another device answered waits here no more", () => {
  for (const accept of [true, false]) {
    const world = new OffersWorld();
    const { luke } = world;
    const offer = offered(world);
    const before = world.requests.length;
    luke.offers.handleAnswered({ offer, device: "laptop", accept });
    const how = accept ? "answered" : "rejected";
    assertEquals(last(luke), `answered: ${how} on laptop`);
    assertEquals(luke.offers.list().transfers, []);
    luke.offers.accept(1, 7);
    assertEquals(luke.codeOf(7), "unknown_transfer");
    world.settle();
    assertEquals(world.requests.length, before, "the server knows");
  }
});

Deno.test("Offers: who said yes, too, and was slower drops what it had prepared", () => {
  const world = new OffersWorld("ask", "ask");
  const { luke } = world;
  const offer = offered(world);
  luke.offers.accept(1, 7);
  luke.tell({ event: "answer-ready", id: offer, key, addresses: [] });
  luke.offers.handleAnswered({ offer, device: "laptop", accept: true });
  assertEquals(last(luke), "answered: answered on laptop");
  assertEquals(luke.codeOf(7), "answered");
  assertEquals(luke.effects.at(-1), { effect: "cancel-transfer", id: offer });
  // The refusal of its own answer comes after that, and is no news.
  const { length } = luke.events;
  world.settle();
  assertEquals(luke.events.length, length);
});

Deno.test("Offers: a private session that another device took leaves no trace", () => {
  const world = new OffersWorld();
  const { yoda, luke } = world;
  yoda.start("luke");
  world.settle();
  const [{ id = "" } = {}] = luke.offers.open.sessions();
  luke.offers.handleAnswered({ offer: id, device: "laptop", accept: true });
  assertEquals(luke.states, ["offered", "answered"]);
  assertEquals(luke.offers.list().sessions, []);
});

Deno.test("Offers: an event about what this client offered itself is none of its other devices", () => {
  const world = new OffersWorld();
  const offer = offered(world);
  world.yoda.offers.handleAnswered({ offer, device: "x", accept: true });
  assertEquals(world.yoda.offers.list().transfers.length, 1);
});

Deno.test("Offers: a no by --accept never is this device's, one by the user is for all", () => {
  const never = new OffersWorld("ask", "never");
  offered(never);
  const no = { do: "answer", accept: false, reason: "rejected" };
  assertEquals(answerOf(never), { ...no, automatic: true });
  const asked = new OffersWorld();
  offered(asked);
  asked.luke.offers.reject(1, 7);
  asked.settle();
  assertEquals(answerOf(asked), no);
});

Deno.test("Offers: to one device, and by which one it was answered", () => {
  const world = new OffersWorld();
  const { yoda } = world;
  const offer = offered(world, "laptop");
  const asked = world.requests.find((each) => "to" in each);
  assert(asked !== undefined && "device" in asked);
  assertEquals(asked.device, "laptop");
  const [info] = yoda.offers.list().transfers;
  assertEquals([info?.user, info?.device], ["luke", "laptop"]);
  const no = { accept: false, reason: "rejected" } as const;
  const answer = { offer, from: "luke", device: "Laptop", ...no };
  yoda.offers.handleAnswer(answer, yoda.instant);
  assertEquals(last(yoda), "rejected: luke@Laptop does not want it");
});

Deno.test("Offers: nothing goes to one device through a server that knows none", () => {
  const world = new OffersWorld();
  world.hasDevices = false;
  offered(world, "laptop");
  assertEquals(world.yoda.codeOf(100), "unknown_device");
  assertEquals(world.requests, []);
  offered(world);
  assertEquals(world.luke.offers.list().transfers.length, 1);
});

Deno.test("Offers: an open private session ends here when its other side is blocked from another device", () => {
  const world = new OffersWorld("ask", "always");
  const { yoda } = world;
  yoda.start("luke");
  world.settle();
  const [{ id: offer = "" } = {}] = yoda.offers.open.sessions();
  const blocked = { result: "failed", reason: "blocked" } as const;
  const end = { offer, from: "luke", ...blocked };
  yoda.offers.handleOfferEnd(end, yoda.instant);
  assertEquals(yoda.states.at(-1), "closed");
  assertEquals(yoda.offers.list().sessions, []);
});
