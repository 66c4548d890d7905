/**
 * Several clients' calls on a real server's core, in virtual time. The paths
 * between the clients always work, unless a test says otherwise.
 */
import { Calls } from "../../../lib/client/calls/calls.ts";
import type { CalledParty } from "../../../lib/client/calls/call_host.ts";
import type { CallDescription } from "../../../lib/client/events/call_description.ts";
import type { CallTold } from "../../../lib/client/events/call_port.ts";
import type { CallFarewell } from "../../../lib/engine/call_channel.ts";
import type { ClientEffect } from "../../../lib/client/events/client_effect.ts";
import type {
  ClientEvent,
  CommandOutcome,
} from "../../../lib/client/events/client_event.ts";
import { trustedOffer } from "../../../lib/client/offers/offer_end.ts";
import { Identity } from "../../../lib/client/trust/identity.ts";
import { OwnIdentity } from "../../../lib/client/trust/own_identity.ts";
import { PeerIdentities } from "../../../lib/client/trust/peer_identities.ts";
import { SignedOffers } from "../../../lib/client/trust/signed_offers.ts";
import type { RequestName } from "../../../lib/wire/request.ts";
import type {
  OnReply,
  Reply,
  ServerEvent,
} from "../../../lib/wire/server_frame.ts";
import type { TestClient } from "../../support/core_client.ts";
import { CoreHarness } from "../../support/core_harness.ts";
import { MemoryKeys } from "../../support/memory_keys.ts";
import { MemoryPeers } from "../../support/memory_peers.ts";
import { SeededRandom } from "../../support/seeded_random.ts";

/** How a page describes its end of a connection; `ufrag` tells them apart. */
export function descriptionOf(ufrag: string): CallDescription {
  return {
    fingerprint: "0f".repeat(32),
    ufrag,
    pwd: "p".repeat(22),
    types: [111, 96, 97],
    extensions: [1, 2],
    sources: [1, 2, 3, 4, 5],
  };
}

/** One device of a user, with a window. */
export class CallsPeer {
  readonly name: string;
  readonly client: TestClient;
  readonly calls: Calls;
  readonly identity: Identity;
  /** Of the ids of calls and offers. */
  readonly random: SeededRandom;
  readonly events: ClientEvent[] = [];
  readonly told: CallTold[] = [];
  readonly effects: ClientEffect[] = [];
  readonly outcomes = new Map<number, CommandOutcome>();
  readonly notes: { to: CalledParty; text: string }[] = [];
  /** Who is offline, as this one knows. */
  readonly away = new Set<string>();
  /** Changes an event before the client sees it; `undefined` loses it. */
  meddle = (event: ServerEvent): ServerEvent | undefined => event;
  readonly #world: CallsWorld;
  readonly #host: Parameters<typeof trustedOffer>[0];
  #waiting: { id: number; onReply: (reply: never) => void }[] = [];
  #seen = 0;
  #n = 0;

  constructor(name: string, device: string, world: CallsWorld) {
    this.name = name;
    this.#world = world;
    this.identity = Identity.fromSeed(
      new SeededRandom(name.charCodeAt(0)).bytes(32),
    );
    const { publicKey: identity } = this.identity;
    this.client = world.harness.loginFrom(name, device, { identity });
    this.#seen = this.client.events.length;
    const random = this.random = new SeededRandom(++world.seed);
    const base = {
      random,
      self: () => name,
      hasDevices: () => true,
      hasTrees: () => true,
      hasStreams: () => true,
      hasCalls: () => true,
      identity: () => this.identity,
      isCompared: (user: string) => user === "leia",
      isAway: (user: string) => this.away.has(user),
      now: () => world.harness.now,
      takeNumber: () => ++this.#number,
      giveBackNumber: () => {},
      leaveNote: (to: CalledParty, text: string) => {
        this.notes.push({ to, text });
      },
      send: () => {},
      emit: (event: ClientEvent) => void this.events.push(event),
      effect: (effect: ClientEffect) => this.#carryOut(effect),
      settle: (n: number, outcome: CommandOutcome) => {
        if (this.outcomes.has(n)) throw new Error(`${n} was settled twice`);
        this.outcomes.set(n, outcome);
      },
      request: <N extends RequestName>(
        name: N,
        fields: Parameters<TestClient["send"]>[1],
        onReply: OnReply<N>,
      ) => {
        const id = this.client.send(name, fields as never);
        this.#waiting.push({ id, onReply: onReply as never });
      },
    };
    const own = new OwnIdentity(this.identity, new MemoryKeys());
    const identities = new PeerIdentities(
      base as never,
      own,
      new MemoryPeers(),
    );
    const signed = new SignedOffers(base as never, identities);
    const host = { ...base, signed };
    this.#host = host as never;
    this.calls = new Calls(host as never);
    this.calls.handleOpened();
    this.calls.handleReady(true);
  }

  #number = 0;

  /** A number for the next command. */
  get n(): number {
    return ++this.#n;
  }

  call(name: string, media: "voice" | "video" = "voice"): number {
    const n = this.n;
    const isGroup = name.startsWith("#");
    const kind = isGroup ? "group" : "user";
    this.calls.start({ kind, name: isGroup ? name.slice(1) : name }, media, n);
    return n;
  }

  answer(number?: number): number {
    const n = this.n;
    this.calls.answer(number, "voice", n);
    return n;
  }

  end(number?: number, isDecline = false): number {
    const n = this.n;
    this.calls.end(number, n, isDecline);
    return n;
  }

  /** The code of a failed command; `ok` otherwise. */
  codeOf(n: number): string {
    const outcome = this.outcomes.get(n);
    if (outcome === undefined) return "waiting";
    return outcome.ok ? "ok" : outcome.code;
  }

  /** `STATE` or `ended: REASON` of each event, oldest first. */
  get states(): string[] {
    return this.events.flatMap((event) => {
      if (event.event !== "call") return [];
      const { state, reason } = event.info;
      return [reason === undefined ? state : `${state}: ${reason}`];
    });
  }

  /** What the page was told, without its details. */
  get pages(): string[] {
    return this.told.map((told) =>
      "peer" in told ? `${told.tell} ${told.peer}` : told.tell
    );
  }

  /** Moves what came; true when something did. */
  step(): boolean {
    const { events } = this.client;
    const event = events[this.#seen];
    if (event !== undefined) {
      this.#seen++;
      const shown = this.meddle(event);
      if (shown !== undefined) this.#route(shown);
      return true;
    }
    const at = this.#waiting.findIndex(({ id }) =>
      this.client.replyTo(id) !== undefined
    );
    const [waiting] = at < 0 ? [] : this.#waiting.splice(at, 1);
    if (waiting === undefined) return false;
    const reply = this.client.replyTo(waiting.id) as Reply<"offer">;
    waiting.onReply(reply as never);
    return true;
  }

  /** The server is gone, and perhaps back. */
  reconnect(): void {
    this.calls.handleDisconnected();
    this.client.disconnect();
  }

  #route(event: ServerEvent): void {
    switch (event.ev) {
      case "offer": {
        const trusted = trustedOffer(this.#host, event);
        return trusted && this.calls.handleOffer(trusted);
      }
      case "answer":
        return void this.calls.handleAnswer(event);
      case "answered":
        return void this.calls.handleAnswered(event);
      case "offer-end":
        return void this.calls.handleOfferEnd(event);
    }
  }

  #carryOut(effect: ClientEffect): void {
    this.effects.push(effect);
    const world = this.#world;
    switch (effect.effect) {
      case "tell-taker":
        this.told.push(effect.told);
        return;
      case "prepare-call": {
        const { id } = effect;
        const key = this.name.charAt(0).toUpperCase().repeat(42) + "A";
        const prepared = { event: "call-prepared", id, key, addresses: [] };
        return world.later(() => this.calls.handleCallEvent(prepared as never));
      }
      case "connect-call":
        return world.connect(effect.id, this);
      case "say-call":
        return world.say(effect.id, this, effect.topic, effect.text);
      case "close-call":
        return world.hangUp(effect.id, this, effect.farewell);
    }
  }
}

/** Server, network and clients. */
export class CallsWorld {
  readonly harness: CoreHarness;
  readonly peers: CallsPeer[] = [];
  seed = 0;
  /** What is said over a path; `undefined` loses it. */
  intercept = (text: string): string | undefined => text;
  /** Who learns only by {@link CallsWorld.link} that a path stands. */
  slow: CallsPeer | undefined;
  /** Between whom there is no path. */
  isCut = (_one: string, _other: string): boolean => false;
  readonly #slowLinks: (() => void)[] = [];
  readonly #later: (() => void)[] = [];
  readonly #links = new Map<string, Set<CallsPeer>>();

  /** @param names Of users, or `USER DEVICE`. */
  constructor(...names: string[]) {
    const users = new Set([
      "leia",
      ...names.map((each) => each.split(" ")[0]!),
    ]);
    this.harness = new CoreHarness({ users: [...users] });
    for (const each of names) {
      const [name = "", device = "laptop"] = each.split(" ");
      this.peers.push(new CallsPeer(name, device, this));
    }
    this.settle();
  }

  /** Moves everything until nothing moves. */
  settle(): void {
    for (;;) {
      const act = this.#later.shift();
      if (act !== undefined) act();
      else if (!this.peers.some((peer) => peer.step())) return;
    }
  }

  /** Makes a group in which all of them are, the first as its leader. */
  group(group: string): void {
    const [leader, ...others] = this.peers;
    const users = others.map(({ name }) => name);
    leader!.client.ask("group-create", { group, users, leaderOnly: false });
    for (const { client } of others) client.ask("group-join", { group });
    this.settle();
  }

  later(act: () => void): void {
    this.#later.push(act);
  }

  connect(id: string, peer: CallsPeer): void {
    const ends = this.#links.get(id) ?? new Set();
    this.#links.set(id, ends.add(peer));
    if (ends.size < 2) return;
    if (this.isCut(...[...ends].map(({ name }) => name) as [string, string])) {
      const lost = { event: "call-lost", id, message: "no path" } as const;
      for (const end of ends) this.later(() => end.calls.handleCallEvent(lost));
      return;
    }
    const linked = { event: "call-linked", id, port: 5 } as const;
    for (const end of ends) {
      const tell = () => end.calls.handleCallEvent(linked);
      if (end === this.slow) this.#slowLinks.push(tell);
      else this.later(tell);
    }
  }

  /** Lets also the {@link slow} one know which paths stand. */
  link(): void {
    this.#later.push(...this.#slowLinks.splice(0));
    this.settle();
  }

  say(
    id: string,
    from: CallsPeer,
    topic: "description" | "members",
    said: string,
  ) {
    const text = this.intercept(said);
    if (text === undefined) return;
    for (const end of this.#others(id, from)) {
      const event = { event: "call-said", id, topic, text } as const;
      this.later(() => end.calls.handleCallEvent(event));
    }
  }

  /** The path between two is gone, without a word. */
  breakPath(...pair: readonly CallsPeer[]): void {
    for (const [id, ends] of this.#links) {
      if (!pair.every((each) => ends.has(each))) continue;
      this.#links.delete(id);
      const lost = { event: "call-lost", id, message: "no path" } as const;
      for (const end of pair) this.later(() => end.calls.handleCallEvent(lost));
    }
    this.settle();
  }

  /** Lets time pass, and everything happen that is due in it. */
  pass(ms: number): void {
    const end = this.harness.now.mono + ms;
    for (;;) {
      this.settle();
      const { mono } = this.harness.now;
      const due = this.peers.map(({ calls }) => calls.pollTimeout());
      const next = Math.min(...due, end);
      this.harness.advance(Math.max(0, next - mono));
      for (const { calls } of this.peers) {
        if (calls.pollTimeout() <= next) calls.handleTimeout(this.harness.now);
      }
      if (next >= end) return this.settle();
    }
  }

  hangUp(id: string, from: CallsPeer, farewell: CallFarewell): void {
    if (!this.#links.get(id)?.has(from)) return;
    const isLost = farewell === "lost";
    if (farewell === "none") return void this.#links.get(id)!.delete(from);
    for (const end of this.#others(id, from)) {
      const closed = { event: "call-closed", id, isLost } as const;
      this.later(() => end.calls.handleCallEvent(closed));
    }
    this.#links.delete(id);
  }

  /** The page of each that is to describe its end does so, and they connect. */
  describeAll(): void {
    for (const peer of this.peers) {
      for (const told of peer.told) {
        if (told.tell !== "call-peer") continue;
        const { call, peer: other } = told;
        peer.calls.describe(call, other, descriptionOf(peer.name));
        peer.calls.handleConnected(call, other, "open");
      }
    }
    this.settle();
  }

  #others(id: string, from: CallsPeer): CallsPeer[] {
    return [...this.#links.get(id) ?? []].filter((each) => each !== from);
  }
}
