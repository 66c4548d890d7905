/** A session in virtual time against frames that a test writes by hand. */
import { assert } from "@std/assert";
import type { ClientEffect } from "../../lib/client/events/client_effect.ts";
import type {
  ClientEvent,
  CommandOutcome,
} from "../../lib/client/events/client_event.ts";
import type { QuietEvent } from "../../lib/client/events/quiet_event.ts";
import { ClientView } from "../../lib/client/events/client_view.ts";
import { isQuiet } from "../../lib/client/events/event_kind.ts";
import { ClientSession } from "../../lib/client/session/client_session.ts";
import type { SecureChannel } from "../../lib/client/session/login.ts";
import type { ClientSessionOptions } from "../../lib/client/session/session_parts.ts";
import type { AcceptRule } from "../../lib/client/offers/peer_host.ts";
import type { PeerEvent } from "../../lib/client/session/offers.ts";
import { parseCommand } from "../../lib/client/commands/parse.ts";
import { Identity } from "../../lib/client/trust/identity.ts";
import { MemoryDevices } from "../support/memory_devices.ts";
import { MemoryKept } from "../support/memory_kept.ts";
import { MemoryKeys } from "../support/memory_keys.ts";
import { MemoryPeers } from "../support/memory_peers.ts";
import { SeededRandom } from "../support/seeded_random.ts";

/** A request as the server reads it. */
export type Sent = Record<string, unknown> & { do: string; id: number };

/** How it differs from a client of a person who is asked nothing. */
export type HarnessOptions = Partial<
  Pick<
    ClientSessionOptions,
    | "devices"
    | "identity"
    | "kept"
    | "keys"
    | "isVisit"
    | "takeOver"
    | "learnNames"
    | "presence"
  >
>;

/** One client under test. */
export class SessionHarness {
  readonly session: ClientSession;
  readonly view = new ClientView("localhost:6000");
  /** The user's own. */
  readonly identity: Identity;
  readonly events: ClientEvent[] = [];
  /** Those that are not shown. */
  readonly quiet: QuietEvent[] = [];
  readonly effects: ClientEffect[] = [];
  sent: Sent[] = [];
  /** What the server's hello says. */
  serverUdpPort = 0;
  serverStore = "s";
  serverFeatures: string[] = [];
  #mono = 1000;

  constructor(accept: AcceptRule = "always", options: HarnessOptions = {}) {
    this.identity = options.identity ??
      Identity.fromSeed(new SeededRandom(8).bytes(32));
    this.session = new ClientSession({
      user: "yoda",
      udpPort: 6666,
      accept,
      learnNames: false,
      agent: "test",
      random: new SeededRandom(7),
      identity: this.identity,
      peers: new MemoryPeers(),
      keys: new MemoryKeys(),
      view: this.view,
      devices: new MemoryDevices(),
      kept: new MemoryKept(),
      ...options,
    });
  }

  /** Nobody takes what it has to show. */
  showsNothing = false;

  get now() {
    return { mono: this.#mono, wall: 1_780_000_000_000 + this.#mono };
  }

  /** Takes everything the session has to give. */
  drain(): void {
    let bytes: Uint8Array | undefined;
    while ((bytes = this.session.pollTransmit()) !== undefined) {
      const text = new TextDecoder().decode(bytes);
      for (const line of text.trimEnd().split("\n")) {
        this.sent.push(JSON.parse(line));
      }
    }
    let effect: ClientEffect | undefined;
    while ((effect = this.session.pollEffect()) !== undefined) {
      this.effects.push(effect);
    }
    let event: ClientEvent | QuietEvent | undefined;
    while ((event = this.session.pollEvent()) !== undefined) {
      if (isQuiet(event)) this.quiet.push(event);
      else this.events.push(event);
    }
    const shown = this.showsNothing ? undefined : this.session.whenShown();
    if (shown === undefined) return;
    shown(this.now);
    this.drain();
  }

  /** Lets time pass to the next deadline; returns the ms that took. */
  toTimeout(): number {
    const at = this.session.pollTimeout();
    assert(at !== undefined, "no timer is armed");
    const waited = Math.max(at - this.#mono, 0);
    this.#mono += waited;
    this.session.handleTimeout(this.now);
    this.drain();
    return waited;
  }

  /** Lets time pass, too little for a deadline. */
  pass(ms: number): void {
    this.#mono += ms;
  }

  server(frame: object): void {
    const bytes = new TextEncoder().encode(JSON.stringify(frame) + "\n");
    this.session.handleData(bytes, this.now);
    this.drain();
  }

  /** Answers the oldest request of this name that was not answered. */
  answer(name: string, ok: object): Sent {
    const request = this.take(name);
    this.server({ re: request.id, ok });
    return request;
  }

  refuse(name: string, code: string, message = code): void {
    this.server({ re: this.take(name).id, error: { code, message } });
  }

  take(name: string): Sent {
    const index = this.sent.findIndex((each) => each.do === name);
    assert(index >= 0, `no ${name} among ${JSON.stringify(this.sent)}`);
    return this.sent.splice(index, 1)[0] as Sent;
  }

  /** What became of command number `n`, which must have ended. */
  outcome(n: number): CommandOutcome {
    const found = this.events.find((event) =>
      event.event === "result" && event.n === n
    );
    if (found?.event !== "result") throw new Error(`${n} is not settled`);
    return found.outcome;
  }

  line(text: string): number {
    const parsed = parseCommand(text);
    const n = "command" in parsed
      ? this.session.handleCommand(parsed.command, this.now)
      : this.session.handleProblem(parsed, this.now);
    this.drain();
    return n;
  }

  /** A service that talks to other clients tells something. */
  peer(event: PeerEvent): void {
    this.session.handlePeerEvent(event, this.now);
    this.drain();
  }

  connect(channel?: SecureChannel): void {
    this.session.handleConnected(this.now, channel);
    this.drain();
    this.answer("hello", {
      version: 1,
      features: this.serverFeatures,
      agent: "t",
      udpPort: this.serverUdpPort,
      time: 1,
      store: this.serverStore,
    });
  }

  lose(reason = "gone"): void {
    this.session.handleDisconnected(reason, this.now);
    this.drain();
  }

  credentials(): void {
    this.session.handleCredentials("yoda", "pw", this.now);
    this.drain();
  }

  /** The effect of this name that was asked for last. */
  lastEffect<N extends ClientEffect["effect"]>(name: N) {
    const found = this.effects.findLast((each) => each.effect === name);
    assert(found !== undefined, `no effect ${name}`);
    return found as Extract<ClientEffect, { effect: N }>;
  }

  results(): Extract<ClientEvent, { event: "result" }>[] {
    return this.events.filter((each) => each.event === "result");
  }

  count(name: ClientEvent["event"]): number {
    return this.events.filter((each) => each.event === name).length;
  }
}
