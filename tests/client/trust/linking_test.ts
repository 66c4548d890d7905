/**
 * `/link` at a user's devices, with a server that passes on what they say: what
 * the user reads in each case, and what a device has and does afterwards.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { ClientEffect } from "../../../lib/client/events/client_effect.ts";
import type { ClientEvent } from "../../../lib/client/events/client_event.ts";
import type { QuietEvent } from "../../../lib/client/events/quiet_event.ts";
import { linkMs } from "../../../lib/client/trust/device_link.ts";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { Linking } from "../../../lib/client/trust/linking.ts";
import { OwnIdentity } from "../../../lib/client/trust/own_identity.ts";
import {
  PeerIdentities,
  type PeerRefusal,
} from "../../../lib/client/trust/peer_identities.ts";
import { MemoryKeys } from "../../support/memory_keys.ts";
import { MemoryPeers } from "../../support/memory_peers.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

const random = new SeededRandom(77);
const make = () => Identity.fromSeed(random.bytes(32));
const usersKey = make();
const [luke, leia, hans] = [make(), make(), make()].map((each) =>
  each.publicKey
) as [string, string, string];

/** One device of the user. */
class Device {
  readonly events: ClientEvent[] = [];
  readonly effects: ClientEffect[] = [];
  readonly keys = new MemoryKeys();
  readonly peers = new MemoryPeers();
  readonly own: OwnIdentity;
  readonly identities: PeerIdentities;
  readonly linking: Linking;
  isOnline = true;

  constructor(readonly name: string, world: World, identity: Identity) {
    const host = {
      random,
      now: () => world.now,
      self: () => "yoda",
      store: () => "s",
      effect: (effect: ClientEffect) => this.effects.push(effect),
      emit: (event: ClientEvent | QuietEvent) =>
        this.events.push(event as ClientEvent),
      // deno-lint-ignore no-explicit-any
      request: (name: string, fields: any, onReply: (reply: any) => void) =>
        world.steps.push(() => onReply(world.handle(this, name, fields))),
    };
    this.own = new OwnIdentity(identity, this.keys);
    this.own.handleOpened("s");
    this.identities = new PeerIdentities(host, this.own, this.peers);
    this.linking = new Linking(host, this.own, this.identities);
    const { publicKey } = usersKey;
    const isOwn = identity.publicKey === publicKey;
    this.identities.handleUserKey(isOwn ? undefined : publicKey, false);
  }

  /** What was told of linking, `STATE CODE`. */
  get told(): string[] {
    return this.events.flatMap((each) =>
      each.event === "link" ? [`${each.state} ${each.code ?? ""}`.trim()] : []
    );
  }

  get last(): Extract<ClientEvent, { event: "link" }> {
    const last = this.events.findLast(({ event }) => event === "link");
    assert(last?.event === "link", `${this.name} was told nothing`);
    return last;
  }

  /** True while the user is asked for the number. */
  get isAsked(): boolean {
    const states = this.effects.map(({ effect }) => effect);
    return states.at(-1) === "ask-link";
  }
}

/** A server with all of them. */
class World {
  now = 1000;
  readonly steps: (() => void)[] = [];
  readonly devices: Device[];
  /** The keys that devices said they have. */
  readonly said: string[] = [];

  /** @param names Those with the user's key begin with a capital letter. */
  constructor(...names: string[]) {
    this.devices = names.map((name) =>
      new Device(name, this, /^[A-Z]/.test(name) ? usersKey : make())
    );
  }

  at(name: string): Device {
    const device = this.devices.find((each) => each.name === name);
    assert(device !== undefined);
    return device;
  }

  // deno-lint-ignore no-explicit-any
  handle(from: Device, name: string, fields: any): object {
    if (!from.isOnline) return { code: "connection_lost", message: "gone" };
    switch (name) {
      case "identity": {
        const account = "0123456789abcdef";
        return { ok: { user: "yoda", account, identity: usersKey.publicKey } };
      }
      case "identity-set":
        this.said.push(
          `${from.name} ${fields.identity === usersKey.publicKey}`,
        );
        return { ok: {} };
      case "devices": {
        const devices = this.devices.map(({ name, isOnline: online, own }) => ({
          ...{ name, since: 1, ip: "::1", lastActive: 1, online },
          ...name === from.name && { current: true },
          ...online && own.publicKey === usersKey.publicKey && { key: true },
        }));
        return { ok: { devices } };
      }
    }
    const { step, data, device: to } = fields;
    const others = this.devices.filter((each) =>
      each !== from && each.isOnline && (to ?? each.name) === each.name
    );
    if (others.length === 0) {
      const message = `Your device ${to} is not online`;
      return { code: "unknown_device", message };
    }
    for (const { linking } of others) {
      this.steps.push(() =>
        linking.handleEvent({ device: from.name, step, data })
      );
    }
    return { ok: { device: from.name, sent: others.length } };
  }

  settle(): void {
    for (let step = this.steps.shift(); step; step = this.steps.shift()) step();
  }

  /** `/link`; `ok`, or the code and message of the refusal. */
  ask(name: string): string {
    const outcome = answers();
    this.at(name).linking.ask(outcome.onDone);
    this.settle();
    return outcome.text;
  }

  approve(name: string, device?: string): string {
    const outcome = answers();
    this.at(name).linking.approve(device, outcome.onDone);
    this.settle();
    return outcome.text;
  }

  answer(name: string, isSame: boolean): string {
    const outcome = answers();
    outcome.onDone(this.at(name).linking.answer(isSame));
    this.settle();
    return outcome.text;
  }

  /** To the numbers. */
  compare(): void {
    assertEquals([this.ask("new"), this.approve("Old")], ["ok", "ok"]);
  }

  wait(ms: number): void {
    this.now += ms;
    for (const { linking } of this.devices) linking.handleTimeout(this.now);
    this.settle();
  }
}

function answers() {
  const told: string[] = [];
  return {
    onDone: (refusal: PeerRefusal | undefined) => {
      told.push(refusal ? `${refusal.code}: ${refusal.message}` : "ok");
    },
    get text() {
      assert(told.length <= 1, `answered twice: ${told}`);
      return told[0] ?? "";
    },
  };
}

/** True when nothing has come of it. */
function isUnmoved(world: World): boolean {
  const { own, keys } = world.at("new");
  return own.lacksUserKey && keys.kept.length === 0 && world.said.length === 0;
}

Deno.test("Linking: the key and the known users come over, and are the device's from then on", () => {
  const world = new World("new", "Old");
  const [device, old] = [world.at("new"), world.at("Old")];
  old.peers.update((peers) => {
    peers.pin("luke", luke, true, "0000000000000001");
    peers.pin("leia", leia, true);
    peers.pin("hans", hans);
  });
  device.peers.update((peers) => {
    peers.pin("leia", leia);
    peers.pin("hans", luke);
  });
  assertEquals(world.ask("new"), "ok");
  assertEquals([old.last.state, old.last.device], ["asked", "new"]);
  assertMatch(old.last.message, /^new asks for your key: .*\/link approve/);
  assertEquals(world.approve("Old"), "ok");
  const { number = "" } = device.last;
  assertMatch(number, /^\d{6}$/);
  assertEquals(old.last.number, number);
  for (const { last } of [device, old]) assert(last.message.includes(number));
  assertEquals([device.isAsked, old.isAsked], [true, true]);

  assertEquals(world.answer("new", true), "ok");
  assertEquals([device.isAsked, old.isAsked], [false, true]);
  assertMatch(device.last.message, /say yes on Old/);
  assert(isUnmoved(world));
  assertEquals(world.answer("Old", true), "ok");
  assertEquals([device.isAsked, old.isAsked], [false, false]);
  assertEquals(old.last.message, "new has your key now");
  assertEquals([device.last.state, device.last.received], ["linked", true]);
  assertEquals(
    device.last.message,
    "This device has your key now, from Old, and knows 1 more user; the key of " +
      "hans is another one here than there: /verify hans",
  );
  assertEquals(device.own.publicKey, usersKey.publicKey);
  assertEquals(device.own.refusal, undefined);
  assertEquals(world.said, ["new true"]);
  const place = { store: "s", account: "0123456789abcdef" };
  assertEquals(device.keys.kept.map((each) => each.place), [place]);
  const known = device.peers.read();
  assertEquals(["luke", "leia", "hans"].map((user) => known.find(user)), [
    { key: luke, verified: true, account: "0000000000000001" },
    { key: leia, verified: true },
    { key: luke, verified: false },
  ]);

  // It needs no other now, and can give it on.
  assertMatch(world.ask("new"), /^has_key: This device has your key already/);
});

Deno.test("OwnIdentity: at the next login the key that was given is used again", () => {
  const world = new World("new", "Old");
  world.compare();
  world.answer("new", true);
  world.answer("Old", true);
  const { keys } = world.at("new");
  const cases: [string, string | undefined, boolean, boolean][] = [
    ["s", usersKey.publicKey, true, false],
    ["s", luke, false, true],
    ["other", usersKey.publicKey, false, true],
    ["s", undefined, false, false],
  ];
  for (const [store, key, isSwitched, lacks] of cases) {
    const own = new OwnIdentity(make(), keys);
    own.handleOpened(store);
    assertEquals(own.handleUserKey(key), isSwitched);
    assertEquals(own.lacksUserKey, lacks);
    assertEquals(own.publicKey === usersKey.publicKey, isSwitched);
  }
});

Deno.test("Linking: who is asked first, and when there is nobody to ask", () => {
  const away = new World("new", "Old");
  away.at("Old").isOnline = false;
  assertMatch(away.ask("new"), /^unknown_device: .*no other device: .*\/link/);
  const poor = new World("new", "phone");
  assertMatch(poor.ask("new"), /^no_key: None of your devices .*\/link new/);
  assertMatch(poor.approve("phone"), /^no_key: This device does not have/);

  const world = new World("new", "Old");
  assertMatch(world.approve("Old"), /^not_asked: .*enter \/link there first/);
  assertMatch(world.answer("Old", true), /^not_asked: .*no number/);
  assertMatch(world.ask("Old"), /^has_key: /);
});

Deno.test("Linking: the device that was asked goes before it answers, or after", () => {
  const world = new World("new", "Old");
  world.ask("new");
  world.at("new").isOnline = false;
  world.at("new").linking.handleDisconnected();
  assertEquals(world.approve("Old"), "ok");
  assertEquals(world.at("new").told, ["ended lost"]);
  assertMatch(world.at("new").last.message, /connection was lost .*\/link/);
  assertEquals(world.at("Old").told, ["asked", "ended unsent"]);
  assertMatch(world.at("Old").last.message, /^Your device new is not online/);

  const ended = new World("new", "Old");
  ended.compare();
  ended.at("new").linking.close();
  ended.settle();
  const { last, isAsked } = ended.at("Old");
  assertEquals([last.code, last.device, isAsked], ["left", "new", false]);
  assertMatch(last.message, /^new began anew, or ended: nothing went over$/);
});

Deno.test("Linking: a no and two minutes end it on both sides, in words", () => {
  for (const name of ["new", "Old"]) {
    const world = new World("new", "Old");
    const other = name === "new" ? "Old" : "new";
    world.compare();
    assertEquals(world.answer(name, false), "ok");
    assertEquals(world.at(name).last.code, "declined");
    assertEquals(
      world.at(other).last.message,
      `${name} said no: nothing went over`,
    );
    assertEquals([world.at(other).last.code, world.at(other).isAsked], [
      "refused",
      false,
    ]);
    assert(isUnmoved(world));
  }
  const world = new World("new", "Old");
  world.compare();
  world.answer("new", true);
  world.wait(linkMs);
  for (const { last, isAsked } of world.devices) {
    assertEquals([last.code, isAsked], ["late", false]);
    assertMatch(last.message, /longer than two minutes: nothing went over/);
  }
  assert(isUnmoved(world));
  world.ask("new");
  world.wait(linkMs);
  assertMatch(world.at("new").last.message, /^No device answered within two/);
});

Deno.test("Linking: /link twice is one attempt, and two devices at once are told apart", () => {
  const world = new World("new", "Old");
  world.compare();
  assertEquals(world.ask("new"), "ok");
  assertEquals(world.at("new").told, ["compare", "ended left"]);
  assertEquals(world.at("Old").told.slice(2), ["ended left", "asked"]);
  assertEquals(world.at("Old").isAsked, false);
  assertEquals(world.approve("Old"), "ok");

  // Typed twice before anything was answered.
  const hasty = new World("new", "Old");
  const [first, second] = [answers(), answers()];
  for (const { onDone } of [first, second]) hasty.at("new").linking.ask(onDone);
  hasty.settle();
  assertMatch(first.text, /^left: Another \/link came after this one/);
  assertEquals(second.text, "ok");
  assertEquals(hasty.approve("Old"), "ok");

  const two = new World("new", "phone", "Old");
  assertEquals([two.ask("new"), two.ask("phone")], ["ok", "ok"]);
  assertMatch(two.approve("Old"), /^not_asked: new and phone ask at once/);
  assertEquals(two.approve("Old", "phone"), "ok");
  assertEquals(two.at("phone").last.state, "compare");
  two.answer("phone", true);
  two.answer("Old", true);
  assertEquals(two.at("phone").own.refusal, undefined);
  assert(two.at("new").own.lacksUserKey);
});
