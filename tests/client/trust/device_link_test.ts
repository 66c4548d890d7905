/**
 * The user's key goes to another device of the user, through a server that may
 * do what it likes: either both people's screens show one number and both say
 * yes, or nothing has moved.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { X25519KeyPair } from "../../../lib/security/x25519.ts";
import {
  DeviceLink,
  type LinkFrame,
  linkMs,
  type LinkNews,
} from "../../../lib/client/trust/device_link.ts";
import { deriveLinkKeys } from "../../../lib/client/trust/link_keys.ts";
import {
  decodeLinkMessage,
  encodeLinkMessage,
  type LinkMessage,
  type LinkStep,
} from "../../../lib/client/trust/link_message.ts";
import {
  compared,
  identity,
  key,
  LinkWorld,
  LyingRelay,
  place,
} from "../../support/link_world.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

Deno.test("DeviceLink: both show one number, both say yes, and the key is there", () => {
  for (const order of [["new", "Old"], ["Old", "new"]] as const) {
    const world = compared();
    const number = world.number("new");
    assertMatch(number, /^[0-9]{6}$/);
    assertEquals(world.number("Old"), number);
    world.answer(order[0], true);
    assert(world.isUnmoved, "one yes is not two");
    world.answer(order[1], true);
    assertEquals(world.arrived()?.identity.publicKey, identity.publicKey);
    assertEquals(world.arrived()?.identity.toPem(), identity.toPem());
    assertEquals(world.arrived()?.peers, key.peers);
    assertEquals([world.end("new"), world.end("Old")], ["linked", "linked"]);
    // It is over: there is no timer, and nothing more to say.
    for (const name of ["new", "Old"]) {
      assertEquals(world.at(name).pollTimeout(), undefined);
      assertEquals(world.at(name).answer(true)?.code, "not_asked");
    }
  }
});

Deno.test("DeviceLink: ten thousand known users go over", () => {
  const line = `${"u".repeat(32)} ${"k".repeat(43)} ${
    "a".repeat(16)
  } verified\n`;
  const peers = line.repeat(10_000);
  const world = new LinkWorld([]);
  const random = new SeededRandom(8);
  const news: LinkNews[] = [];
  for (const name of ["new", "Old"]) {
    const own = name === "Old" ? { identity, peers } : undefined;
    world.devices.set(
      name,
      new DeviceLink({
        ...{ random, place: () => place, own: () => own },
        isOwn: () => true,
      }),
    );
    world.news.set(name, news);
  }
  compared(world);
  world.answer("new", true);
  world.answer("Old", true);
  assertEquals(world.arrived()?.peers.length, peers.length);
});

Deno.test("DeviceLink: a no on either side, before or after a yes, moves nothing", () => {
  for (const first of [undefined, "new", "Old"]) {
    for (const name of ["new", "Old"]) {
      const other = name === "new" ? "Old" : "new";
      const world = compared();
      if (first !== undefined) world.answer(first, true);
      world.answer(name, false);
      assertEquals(world.end(name), "declined");
      assertEquals(world.end(other), "refused there");
      assert(world.isUnmoved);
      assertEquals(world.at(other).answer(true)?.code, "not_asked");
      // Both begin anew, with another number.
      const before = world.number("new");
      compared(world);
      assert(world.number("new") !== before);
      world.answer("new", true);
      world.answer("Old", true);
      assertEquals(world.end("new"), "linked");
    }
  }
});

Deno.test("DeviceLink: a device that is renamed meanwhile goes on under its new name", () => {
  const steps: readonly ((world: LinkWorld, n: string, o: string) => void)[] = [
    (world, n) => world.ask(n),
    (world, n, o) => world.approve(o, n),
    (world, n) => world.answer(n, true),
    (world, _n, o) => world.answer(o, true),
  ];
  for (const renamed of ["new", "Old"]) {
    for (let at = 1; at < steps.length; at++) {
      // Who speaks next may hear of it last.
      const next = at === 2 ? "new" : "Old";
      for (const late of [undefined, ...renamed === next ? [] : [next]]) {
        const world = new LinkWorld(["new", "Old"]);
        let names: [string, string] = ["new", "Old"];
        for (const [index, step] of steps.entries()) {
          if (index === at) {
            const name = renamed === "new" ? "fresh" : "Tower";
            world.rename(renamed, name, late === undefined ? {} : { late });
            names = renamed === "new" ? [name, "Old"] : ["new", name];
          }
          // Who has not heard of it gives the name that it knows.
          const asked = late === "Old" && index === 1 ? "new" : names[0];
          if (index === 1) world.approve(names[1], asked);
          else step(world, ...names);
        }
        const what = `${renamed} at ${at}, heard ${late ? "late" : "at once"}`;
        assertEquals(world.number(names[0]), world.number(names[1]), what);
        assertEquals(world.arrived(names[0])?.peers, key.peers, what);
        assertEquals(world.end(names[1]), "linked", what);
      }
    }
  }
});

Deno.test("DeviceLink: a name that nobody answers to ends it at once on both sides", () => {
  const world = compared();
  world.rename("Old", "Tower", { deaf: "new" });
  world.answer("new", true);
  assertEquals(world.end("new"), "unsent");
  assertEquals(world.end("Tower"), "left there");
  assert(world.isUnmoved);
});

Deno.test("DeviceLink: a device that asks can be declined", () => {
  const world = new LinkWorld(["new", "Old"]);
  world.ask();
  world.answer("Old", false);
  assertEquals(world.end("new"), "refused there");
  assertEquals(
    world.at("Old").approve(undefined, world.now)?.code,
    "not_asked",
  );
});

Deno.test("DeviceLink: after two minutes nothing comes of it, at any step", () => {
  const steps: readonly ((world: LinkWorld) => void)[] = [
    (world) => world.ask(),
    (world) => world.approve(),
    (world) => world.answer("new", true),
  ];
  for (let count = 1; count <= steps.length; count++) {
    const world = new LinkWorld(["new", "Old"]);
    for (const step of steps.slice(0, count)) step(world);
    assertEquals(world.at("new").pollTimeout(), world.now + linkMs);
    world.wait(linkMs - 1);
    assert(world.end("new") !== "late");
    world.wait(1);
    assertEquals(world.end("new"), "late");
    assertEquals(world.at("Old").pollTimeout(), undefined);
    const refusal = count === 1
      ? world.at("Old").approve(undefined, world.now)
      : world.at("Old").answer(true);
    assertEquals(refusal?.code, "not_asked", `step ${count}`);
    assert(world.isUnmoved);
  }
});

Deno.test("DeviceLink: an answer to an attempt that is over is told so", () => {
  const world = new LinkWorld(["new", "Old"]);
  // What new says to stop it does not arrive.
  world.meddle = (_from, _to, frame) =>
    frame.step === "stop" ? undefined : frame;
  world.ask();
  world.answer("new", false);
  world.meddle = (_from, _to, frame) => frame;
  world.approve();
  assertEquals(world.end("Old"), "late there");
});

Deno.test("DeviceLink: asking again ends what was under way, on both sides", () => {
  const world = compared();
  world.answer("Old", true);
  world.ask();
  assertEquals(
    world.news.get("Old")?.slice(-2).map(({ state }) => state),
    ["ended", "asked"],
  );
  world.approve();
  world.answer("new", true);
  assert(world.isUnmoved, "the yes was for the attempt before");
  world.answer("Old", true);
  assertEquals(world.end("new"), "linked");
});

Deno.test("DeviceLink: two that ask at once are told apart by name", () => {
  const world = new LinkWorld(["new", "phone", "Old"]);
  world.ask("new");
  world.ask("phone");
  const refusal = world.at("Old").approve(undefined, world.now);
  assertMatch(refusal?.message ?? "", /^new and phone ask at once/);
  assertEquals(world.at("Old").approve("tablet", world.now)?.code, "not_asked");
  world.approve("Old", "Phone");
  world.answer("Old", true);
  world.answer("phone", true);
  assertEquals(world.end("phone"), "linked");
  assert(world.arrived("phone"));
  // The other one still asks.
  world.approve("Old");
  world.answer("new", true);
  world.answer("Old", true);
  assert(world.arrived("new"));
});

Deno.test("DeviceLink: of two that answer the first counts, the other is told", () => {
  const world = new LinkWorld(["new", "Old", "Desk"]);
  world.ask();
  world.approve("Desk");
  world.approve("Old");
  assertEquals(world.end("Old"), "taken there");
  assertEquals(world.number("new"), world.number("Desk"));
  world.answer("new", true);
  world.answer("Desk", true);
  assertEquals(world.end("new"), "linked");
});

Deno.test("DeviceLink: a third device that meddles changes nothing", () => {
  const world = compared(new LinkWorld(["new", "Old", "Third"]));
  const number = world.number("new");
  const { id } = world;
  const pair = new X25519KeyPair(new SeededRandom(9));
  const messages: LinkMessage[] = [
    { step: "offer", id, key: pair.publicKey },
    { step: "reveal", id, key: pair.publicKey },
    { step: "confirm", id, proof: new Uint8Array(32) },
    { step: "key", id, piece: new Uint8Array(40) },
    { step: "stop", id, why: "refused" },
    { step: "stop", id, why: "linked" },
  ];
  for (const name of ["new", "Old"]) {
    for (const message of messages) {
      const event = { device: "Third", ...encodeLinkMessage(message) };
      world.at(name).handleEvent(event, world.now);
      world.settle();
    }
  }
  assertEquals(world.number("new"), number);
  world.answer("new", true);
  world.answer("Old", true);
  assertEquals([world.end("new"), world.end("Old")], ["linked", "linked"]);
});

Deno.test("DeviceLink: only a device with the key answers, and only the user's own key is taken", () => {
  const world = new LinkWorld(["new", "other"]);
  world.ask();
  assertEquals(world.news.get("other"), []);
  assertEquals(world.at("other").approve(undefined, world.now)?.code, "no_key");
  // The server names another key as the user's than the one that came.
  const doubtful = new LinkWorld(["Old"]);
  doubtful.news.set("new", []);
  doubtful.devices.set(
    "new",
    new DeviceLink({
      ...{ random: new SeededRandom(2), place: () => place },
      ...{ own: () => undefined, isOwn: () => false },
    }),
  );
  compared(doubtful);
  doubtful.answer("new", true);
  doubtful.answer("Old", true);
  assertEquals(doubtful.end("new"), "other");
  assertEquals(doubtful.arrived(), undefined);
  assertEquals(doubtful.end("Old"), "failed there");
});

Deno.test("DeviceLink: a lost connection, or a server that passes nothing on, ends it", () => {
  for (const name of ["new", "Old"]) {
    const world = compared();
    world.at(name).handleDisconnected();
    world.settle();
    assertEquals(world.end(name), "lost");
    world.wait(linkMs);
    assert(world.isUnmoved);
    assertEquals(world.at(name).pollTimeout(), undefined);
  }
  const world = new LinkWorld(["new"]);
  world.at("new").ask(world.now);
  const frame = world.at("new").pollTransmit();
  assert(frame !== undefined);
  world.at("new").handleUnsent(frame, "You are online on no other device");
  assertEquals(world.at("new").pollNews(), {
    ...{ state: "ended", why: "unsent" },
    message: "You are online on no other device",
  });
});

Deno.test("DeviceLink: devices that see a different store, account or name show different numbers", () => {
  const secret = new Uint8Array(32).fill(7);
  const side = (name: string) => ({ name, key: "A".repeat(43) });
  const transcript = {
    ...{ id: "00".repeat(8), store: "s", account: "a" },
    ...{ newDevice: side("new"), keyDevice: side("Old") },
  };
  const { number } = deriveLinkKeys(secret, transcript);
  const others = [
    { id: "01".repeat(8) },
    { store: "t" },
    { account: "b" },
    { newDevice: side("now") },
    { keyDevice: side("old") },
    { newDevice: side("Old"), keyDevice: side("new") },
    { newDevice: { ...side("new"), key: "B".repeat(43) } },
  ];
  for (const other of others) {
    const changed = deriveLinkKeys(secret, { ...transcript, ...other });
    assert(changed.number !== number, JSON.stringify(other));
  }
});

Deno.test("DeviceLink: a server in the middle shows two numbers, and a no moves nothing", () => {
  for (const name of ["new", "Old"]) {
    const world = new LinkWorld(["new", "Old"]);
    world.meddle = new LyingRelay().meddle;
    compared(world);
    assert(world.number("new") !== world.number("Old"));
    // It gets nothing of a device at which nobody says yes.
    const other = name === "new" ? "Old" : "new";
    if (name === "Old") world.answer(other, true);
    world.answer(name, false);
    assertEquals(world.end(name), "declined");
    assertEquals(world.end(other), "refused there");
    assert(world.isUnmoved);
  }
});

Deno.test("DeviceLink: a server in the middle cannot give the new device a key while it says no", () => {
  const world = new LinkWorld(["new", "Old"]);
  const liar = new LyingRelay();
  world.meddle = liar.meddle;
  compared(world);
  const { id } = world;
  const { step, data } = liar.forge(id, key);
  world.at("new").handleEvent({ device: "Old", step, data }, world.now);
  world.settle();
  assertEquals(world.end("new"), "failed");
  assertEquals(world.arrived(), undefined);
});

Deno.test("DeviceLink: a server cannot take back what it committed itself to", () => {
  const world = new LinkWorld(["new", "Old"]);
  let tries = 0;
  const relay = new LyingRelay();
  world.meddle = (from, to, frame) => {
    const passed = relay.meddle(from, to, frame);
    if (frame.step !== "reveal") return passed;
    // It looks for a key that leads to the number that new shows.
    tries++;
    const found = new X25519KeyPair(new SeededRandom(99)).publicKey;
    const { id } = world;
    return encodeLinkMessage({ step: "reveal", id, key: found });
  };
  compared(world);
  assertEquals(tries, 1);
  assertEquals(world.end("Old"), "failed");
  assertEquals(world.end("new"), "failed there");
  assert(world.isUnmoved);
});

Deno.test("DeviceLink: the numbers of a server in the middle are spread over a million", () => {
  // Were they not, its one guess would be better than it has to be.
  const secret = new SeededRandom(5);
  const side = (name: string) => ({ name, key: "A".repeat(43) });
  const counts = new Array<number>(10).fill(0);
  const seen = new Set<string>();
  const samples = 2000;
  for (let i = 0; i < samples; i++) {
    const { number } = deriveLinkKeys(secret.bytes(32), {
      ...{ id: encodeHex(secret.bytes(8)), ...place },
      ...{ newDevice: side("new"), keyDevice: side("Old") },
    });
    seen.add(number);
    counts[Number(number[0])]!++;
  }
  // 2,000 of a million meet each other twice.
  assert(seen.size > samples - 15, `${seen.size}`);
  for (const count of counts) {
    assert(Math.abs(count - samples / 10) < 80, counts.join());
  }
});

Deno.test("DeviceLink: keys of small order, and none, are refused", () => {
  for (
    const bad of ["A".repeat(43), `4Ot6fDtBuK4WVuP68Z_EatoJjeucMrH9hmIFFl9JuAA`]
  ) {
    const world = new LinkWorld(["new", "Old"]);
    world.meddle = (_from, _to, frame) => {
      const message = decodeLinkMessage(frame.step, frame.data);
      return message?.step === "offer"
        ? encodeLinkMessage({ ...message, key: bad })
        : frame;
    };
    compared(world);
    assertEquals(world.end("new"), "failed");
    assertEquals(world.end("Old"), "failed there");
  }
});

Deno.test("DeviceLink: pieces that were changed, repeated, left out or exchanged are refused", () => {
  const edits: readonly ((pieces: LinkFrame[]) => LinkFrame[])[] = [
    (pieces) => pieces.map(flip),
    (pieces) => [...pieces.slice(0, 1), ...pieces],
    (pieces) => pieces.slice(1),
    (pieces) => pieces.toReversed(),
    (pieces) => pieces.slice(0, 1),
  ];
  for (const [index, edit] of edits.entries()) {
    const world = new LinkWorld([]);
    const peers = "x".repeat(40_000);
    for (const name of ["new", "Old"]) {
      const own = name === "Old" ? { identity, peers } : undefined;
      const random = new SeededRandom(name.length);
      const options = { random, place: () => place, own: () => own };
      world.devices.set(
        name,
        new DeviceLink({ ...options, isOwn: () => true }),
      );
      world.news.set(name, []);
    }
    const pieces: LinkFrame[] = [];
    world.meddle = (_from, _to, frame) => {
      if (frame.step !== "key") return frame;
      pieces.push(frame);
      return undefined;
    };
    compared(world);
    world.answer("new", true);
    world.answer("Old", true);
    assertEquals(pieces.length, 2);
    for (const { step, data } of edit(pieces)) {
      world.at("new").handleEvent({ device: "Old", step, data }, world.now);
    }
    world.settle();
    assertEquals(world.arrived(), undefined, `edit ${index}`);
    world.wait(linkMs);
    const last = world.news.get("Old")?.at(-1);
    assert(last?.state === "ended" && last.given, "it went over, perhaps");
  }
});

Deno.test("DeviceLink: all orders of all steps, on either side, move the key at most by two yes", () => {
  const random = new SeededRandom(77);
  const steps: readonly LinkStep[] = [
    ...["ask", "offer", "reveal", "confirm", "key", "stop"] as const,
  ];
  let linked = 0;
  for (let run = 0; run < 300; run++) {
    const world = new LinkWorld(["new", "Old"], run);
    const yes = new Set<string>();
    // Frames are held and come in any order, twice, or never.
    const held: { from: string; to: string; frame: LinkFrame }[] = [];
    world.meddle = (from, to, frame) => {
      if (random.below(4) > 0) return frame;
      held.push({ from, to, frame });
      return undefined;
    };
    world.ask();
    for (let i = 0; i < 12; i++) {
      const name = random.below(2) === 0 ? "new" : "Old";
      switch (random.below(7)) {
        case 0:
          world.ask();
          yes.clear();
          break;
        case 1:
        case 2:
          world.at("Old").approve(undefined, world.now);
          break;
        case 3:
        case 4:
          if (world.at(name).answer(true) === undefined) yes.add(name);
          break;
        case 5: {
          const [one] = held.splice(random.below(held.length), 1);
          if (one === undefined) break;
          const { step, data } = one.frame;
          const event = { device: one.from, step, data };
          world.at(one.to).handleEvent(event, world.now);
          break;
        }
        default: {
          const step = steps[random.below(steps.length)] ?? "stop";
          const data = btoa(String.fromCharCode(...random.bytes(40)))
            .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
          world.at(name).handleEvent({ device: "Old", step, data }, world.now);
        }
      }
      world.settle();
      if (world.arrived() === undefined) continue;
      linked++;
      assert(yes.has("new") && yes.has("Old"));
      assertEquals(world.number("new"), world.number("Old"));
      break;
    }
  }
  assert(linked > 5, `only ${linked} came to a good end`);
});

function flip(frame: LinkFrame): LinkFrame {
  const at = frame.data.length - 20;
  const other = frame.data[at] === "A" ? "B" : "A";
  const data = frame.data.slice(0, at) + other + frame.data.slice(at + 1);
  return { ...frame, data };
}
