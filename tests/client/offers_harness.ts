/**
 * Two clients' offers and a server that relays them, in virtual time: frames
 * and events keep their order on each way, and a test decides which way moves
 * next. The connections between the clients always work.
 */
import type { ClientEffect } from "../../lib/client/events/client_effect.ts";
import type {
  ClientEvent,
  CommandOutcome,
} from "../../lib/client/events/client_event.ts";
import { Identity } from "../../lib/client/trust/identity.ts";
import {
  Offers,
  type OffersHost,
  type PeerEvent,
} from "../../lib/client/session/offers.ts";
import { OwnIdentity } from "../../lib/client/trust/own_identity.ts";
import { PeerIdentities } from "../../lib/client/trust/peer_identities.ts";
import { SignedOffers } from "../../lib/client/trust/signed_offers.ts";
import type { AcceptRule } from "../../lib/client/offers/peer_host.ts";
import type { RequestFields, RequestName } from "../../lib/wire/request.ts";
import type { EventFields, Reply } from "../../lib/wire/server_frame.ts";
import { MemoryKept } from "../support/memory_kept.ts";
import { MemoryKeys } from "../support/memory_keys.ts";
import { MemoryPeers } from "../support/memory_peers.ts";
import { SeededRandom } from "../support/seeded_random.ts";

/** Something on its way. */
type Step = () => void;

/** An offer or answer as an event. */
export type Meddled = Partial<EventFields<"offer"> & EventFields<"answer">>;

/** What a test is told of an offer at the server. */
interface Relayed {
  readonly from: OffersPeer;
  readonly to: OffersPeer;
  accepted: boolean;
}

/** One client. */
export class OffersPeer {
  readonly name: string;
  readonly offers: Offers;
  readonly identity: Identity;
  readonly identities: PeerIdentities;
  readonly events: ClientEvent[] = [];
  readonly effects: ClientEffect[] = [];
  readonly outcomes = new Map<number, CommandOutcome>();
  /** Frames that need no answer. */
  readonly sent: object[] = [];
  /** To the server, from it, and from the private sessions. */
  readonly ways: [Step[], Step[], Step[]] = [[], [], []];
  /** Sessions that this side connects or has connected. */
  readonly connecting = new Set<string>();
  now = 1000;
  #n = 0;
  readonly #world: OffersWorld;

  /** @param which Tells the two sides apart, who may be one user's devices. */
  constructor(
    name: string,
    which: 0 | 1,
    accept: AcceptRule,
    world: OffersWorld,
  ) {
    this.name = name;
    this.#world = world;
    const random = new SeededRandom(world.seed * 2 + which);
    const keys = new SeededRandom(name === "yoda" ? 501 : 502);
    this.identity = Identity.fromSeed(keys.bytes(32));
    const host: Omit<OffersHost, "signed"> = {
      random,
      self: () => name,
      hasDevices: () => world.hasDevices,
      hasTrees: () => true,
      hasStreams: () => true,
      hasCalls: () => true,
      identity: () => this.identity,
      isCompared: () => false,
      isAway: () => false,
      now: () => this.instant,
      leaveNote: () => {},
      send: (frame) => this.sent.push(frame),
      emit: (event) => this.events.push(event),
      effect: (effect) => this.#carryOut(effect),
      settle: (n, outcome) => {
        if (this.outcomes.has(n)) throw new Error(`${n} was settled twice`);
        this.outcomes.set(n, outcome);
      },
      request: (name, fields, onReply) =>
        this.ways[0].push(() => {
          const reply = world.handle(this, name, fields) as Reply<typeof name>;
          this.ways[1].push(() => onReply(reply));
        }),
    };
    const peers = new MemoryPeers();
    const own = new OwnIdentity(this.identity, new MemoryKeys());
    this.identities = new PeerIdentities(host, own, peers);
    const signed = new SignedOffers(host, this.identities);
    this.offers = new Offers({ ...host, signed }, accept, {
      memory: new MemoryKept(),
      now: () => this.instant,
      hasLater: () => true,
    });
    this.offers.handleOpened();
  }

  get instant() {
    return { mono: this.now, wall: 1_780_000_000_000 + this.now };
  }

  /** A number for the next command. */
  get n(): number {
    return ++this.#n;
  }

  /** The states that were shown, oldest first. */
  get states(): string[] {
    return this.events.flatMap((each) =>
      each.event === "session" ? [each.info.state] : []
    );
  }

  /** The code of a failed command; `ok` or `open` otherwise. */
  codeOf(n: number): string {
    const outcome = this.outcomes.get(n);
    if (outcome === undefined) return "waiting";
    return outcome.ok ? "ok" : outcome.code;
  }

  /** What is told of why the command failed; empty when it did not. */
  messageOf(n: number): string {
    const outcome = this.outcomes.get(n);
    return outcome === undefined || outcome.ok ? "" : outcome.message;
  }

  start(user: string): number {
    const n = this.n;
    this.offers.sessions.start({ user }, n);
    return n;
  }

  tell(event: PeerEvent): void {
    this.offers.handlePeerEvent(event, this.instant);
  }

  #carryOut(effect: ClientEffect): void {
    this.effects.push(effect);
    switch (effect.effect) {
      case "prepare-session": {
        const { id } = effect;
        const key = "A".repeat(43);
        const addresses = [{ ip: "127.0.0.1", port: 9 }];
        this.ways[2].push(() =>
          this.tell({ event: "session-ready", id, key, addresses })
        );
        return;
      }
      case "open-session":
        this.connecting.add(effect.id);
        return this.#world.connect(effect.id);
      case "close-session":
        if (this.connecting.delete(effect.id)) {
          this.#world.hangUp(effect.id, this);
        }
    }
  }
}

/** Server, network and two clients. */
export class OffersWorld {
  readonly seed: number;
  readonly yoda: OffersPeer;
  readonly luke: OffersPeer;
  /** The server refuses offers to whoever is in here. */
  readonly unreachable = new Set<OffersPeer>();
  /** Whether the server knows the devices of users. */
  hasDevices = true;
  /** What the server makes of an offer or answer that it passes on. */
  meddle: (frame: Meddled) => Meddled = (frame) => frame;
  /** The keys that the server names. */
  readonly identities: Map<string, string>;
  /** Everything that the two asked of the server. */
  readonly requests: object[] = [];
  readonly #relayed = new Map<string, Relayed>();
  readonly #connected = new Set<string>();

  /** @param name Of the second one; `yoda` for another device of the first. */
  constructor(
    yoda: AcceptRule = "ask",
    luke: AcceptRule = "ask",
    seed = 1,
    name = "luke",
  ) {
    this.seed = seed;
    this.yoda = new OffersPeer("yoda", 0, yoda, this);
    this.luke = new OffersPeer(name, 1, luke, this);
    this.identities = new Map(
      [this.yoda, this.luke].map((peer) => [
        peer.name,
        peer.identity.publicKey,
      ]),
    );
  }

  /** Moves everything until nothing moves; `choose` picks one of so many ways. */
  settle(choose: (ways: number) => number = () => 0): void {
    for (;;) {
      const ways = [...this.yoda.ways, ...this.luke.ways]
        .filter((way) => way.length > 0);
      if (ways.length === 0) return;
      ways[choose(ways.length) % ways.length]?.shift()?.();
    }
  }

  /** What the server does with a request. */
  handle<N extends RequestName>(
    from: OffersPeer,
    name: N,
    fields: RequestFields<N>,
  ): object {
    this.requests.push({ do: name, ...fields });
    const to = from === this.yoda ? this.luke : this.yoda;
    const all = fields as RequestFields<"offer" | "answer" | "offer-end">;
    const known = this.#relayed.get(all.offer);
    if (name === "identity") {
      const { user: typed } = fields as RequestFields<"identity">;
      const user = typed.toLowerCase();
      const identity = this.identities.get(user);
      return { ok: { user, ...(identity === undefined ? {} : { identity }) } };
    }
    if (name === "offer") {
      const { to: typed } = fields as RequestFields<"offer">;
      if (typed.toLowerCase() !== to.name) {
        const message = "You are online on no other device";
        return { code: "is_self", message };
      }
      if (this.unreachable.has(to)) {
        return {
          code: "not_delivered",
          message: "This could not be delivered",
        };
      }
      if (known !== undefined) return { ok: {} };
      this.#relayed.set(all.offer, { from, to, accepted: false });
      const identity = this.identities.get(from.name);
      const key = identity === undefined ? {} : { identity };
      const offer = this.meddle({ ...all, ...key, from: from.name });
      to.ways[1].push(() => {
        to.offers.handleOffer(offer as EventFields<"offer">);
      });
      return { ok: {} };
    }
    const mayAnswer = known?.to === from && !known.accepted;
    if (known === undefined || (name === "answer" && !mayAnswer)) {
      return { code: "unknown_offer", message: "no such offer" };
    }
    if (name === "answer") {
      const passed = this.meddle({ ...all, from: from.name });
      const answer = passed as EventFields<"answer">;
      if (answer.accept) known.accepted = true;
      else this.#relayed.delete(all.offer);
      to.ways[1].push(() => to.offers.handleAnswer(answer, to.instant));
    } else {
      this.#relayed.delete(all.offer);
      const end = { ...all, from: from.name } as EventFields<"offer-end">;
      to.ways[1].push(() => to.offers.handleOfferEnd(end, to.instant));
    }
    return { ok: {} };
  }

  /** One side connects; both are told when both do. */
  connect(id: string): void {
    const both = [this.yoda, this.luke];
    if (!both.every((peer) => peer.connecting.has(id))) return;
    this.#connected.add(id);
    for (const peer of both) {
      peer.ways[2].push(() => {
        if (peer.connecting.has(id)) peer.tell({ event: "session-open", id });
      });
    }
  }

  /** One side ends a connection. */
  hangUp(id: string, by: OffersPeer): void {
    if (!this.#connected.delete(id)) return;
    const other = by === this.yoda ? this.luke : this.yoda;
    other.ways[2].push(() => {
      if (!other.connecting.delete(id)) return;
      const message = `${by.name} ended it`;
      const why = { reason: "peer", message, unconfirmed: 0 } as const;
      other.tell({ event: "session-closed", id, ...why });
    });
  }
}
