/** The lists of what is offered as folders, and what waits for them. */
import { assert, assertEquals } from "@std/assert";
import { onePath } from "../../support/one_path.ts";
import { OffersWorld } from "../offers_harness.ts";

const tree = { files: 2, folders: 1, roots: 1, list: 40 };
const file = { name: "trip", size: 9, fingerprint: "f", tree };
const key = "A".repeat(43);

/** yoda offers luke a folder; its id. */
function offered(world: OffersWorld): string {
  const { yoda } = world;
  yoda.offers.transfers.send({ user: "luke" }, onePath("/trip"), yoda.n);
  const prepare = yoda.effects.findLast((each) =>
    each.effect === "prepare-offer"
  );
  assert(prepare?.effect === "prepare-offer");
  yoda.tell({
    ...{ event: "offer-ready", id: prepare.id, file, key },
    addresses: [],
  });
  world.settle();
  return prepare.id;
}

Deno.test("OfferedLists: a list goes with its offer, and whoever waits for it is told", () => {
  const world = new OffersWorld();
  const { luke } = world;
  const id = offered(world);
  const [first, second] = [luke.n, luke.n];
  luke.offers.show(1, first);
  luke.offers.show(1, second);
  const asked = luke.effects.filter(({ effect }) => effect === "prepare-list");
  assertEquals(asked.length, 1);
  luke.tell({ event: "list", id, list: "00000000000000b1" });
  assert(luke.effects.some(({ effect }) => effect === "read-list"));
  assertEquals(luke.codeOf(first), "waiting");
  luke.offers.reject(1, luke.n);
  assertEquals([luke.codeOf(first), luke.codeOf(second)], [
    "rejected",
    "rejected",
  ]);
  assertEquals(luke.effects.at(-1), { effect: "cancel-transfer", id });
});

Deno.test("OfferedLists: without a list nothing is accepted, and it can be asked for again", () => {
  const world = new OffersWorld();
  const { luke } = world;
  const id = offered(world);
  const n = luke.n;
  luke.offers.accept(1, n);
  const message = "The sender does not send the list of the files";
  luke.tell({ event: "list-failed", id, list: "00000000000000b1", message });
  assertEquals(luke.codeOf(n), "unreachable");
  const again = luke.n;
  luke.offers.accept(1, again, ["*.mp4"]);
  luke.tell({ event: "list", id, list: "00000000000000b2" });
  const answer = luke.effects.at(-1);
  assert(answer?.effect === "prepare-answer");
  assertEquals(answer.only, ["*.mp4"]);
});

Deno.test("OfferedLists: what became of the files can be shown once it has ended, of the last ones", () => {
  const world = new OffersWorld();
  const { luke } = world;
  let number = 0;
  /** Ends the next offer; its number. */
  const end = (paths: readonly string[]) => {
    const id = offered(world);
    const entries = paths.map((path) => ({
      ...{ path, size: 9, state: "failed" as const, why: "changed" },
    }));
    luke.tell({
      ...{ event: "failed", id, failure: "integrity", message: "damaged" },
      outcomes: { entries, more: 0 },
    });
    return ++number;
  };
  /** The paths that `/offer` tells of one. */
  const shown = (number: number) => {
    const n = luke.n;
    luke.offers.show(number, n);
    const outcome = luke.outcomes.get(n);
    return outcome?.ok && outcome.command === "offer"
      ? outcome.answer.entries.map(({ path, state }) => `${path} ${state}`)
      : luke.codeOf(n);
  };
  const first = end(["trip/a", "trip/b"]);
  assertEquals(shown(first), ["trip/a failed", "trip/b failed"]);
  const many = Array.from({ length: 9_998 }, (_, i) => `trip/${i}`);
  const second = end(many);
  assertEquals([shown(first).length, shown(second).length], [2, 9_998]);
  const third = end(["trip/c"]);
  assertEquals(shown(first), "unknown_transfer");
  assertEquals([shown(second).length, shown(third).length], [9_998, 1]);
});
