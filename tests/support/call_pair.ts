/** Both ends of a call over simulated links, in virtual time. */
import {
  CallChannel,
  type CallChannelEvent,
} from "../../lib/engine/call_channel.ts";
import { TransferKeyPair } from "../../lib/engine/blocks/keys.ts";
import { SeededRandom } from "./seeded_random.ts";
import { type LinkOptions, SimulatedLink } from "./simulated_link.ts";

/** Which end. */
export type CallSide = "caller" | "callee";

/** What a {@link CallPair} is made from. */
export interface CallPairOptions {
  readonly seed?: number;
  /** Of each direct path, in its order. */
  readonly links?: readonly Omit<LinkOptions, "seed">[];
  /** Of the path through the server; there is none without it. */
  readonly relay?: Omit<LinkOptions, "seed">;
}

/** The number of the path through the server. */
export const relayPath = 99;

/** Two ends that reach each other by paths of the same numbers. */
export class CallPair {
  readonly id = new SeededRandom(5).bytes(8);
  readonly caller: CallChannel;
  readonly callee: CallChannel;
  /** What was told so far. */
  readonly events: Record<CallSide, CallChannelEvent[]> = {
    caller: [],
    callee: [],
  };
  /** Browsers' datagrams that came, with the time. */
  readonly media: Record<CallSide, { bytes: Uint8Array; at: number }[]> = {
    caller: [],
    callee: [],
  };
  /** The largest datagram of either end. */
  largest = 0;
  now = 1000;
  /** Sees, and may change or drop, what is sent. */
  intercept = (
    bytes: Uint8Array,
    _from: CallSide,
  ): Uint8Array | undefined => bytes;
  readonly #links = new Map<string, SimulatedLink>();
  readonly #out = new Uint8Array(65_536);

  constructor({ seed = 1, links = [{}], relay }: CallPairOptions = {}) {
    const random = new SeededRandom(seed);
    const [one, other] = [
      new TransferKeyPair(random),
      new TransferKeyPair(random),
    ];
    const id = this.id;
    const paths = links.map((_, path) => path);
    const all = [
      ...links.entries(),
      ...relay ? [[relayPath, relay] as const] : [],
    ];
    for (const [path, options] of all) {
      for (const to of ["caller", "callee"]) {
        const link = new SimulatedLink({
          ...options,
          seed: random.below(2 ** 31),
        });
        this.#links.set(`${path} ${to}`, link);
      }
    }
    const rankOf = (path: number) => path === relayPath ? 9 : 0;
    const common = {
      ...{ id, paths, rankOf, now: this.now },
      ...relay && { relay: relayPath },
    };
    const keys = one.agree(other.publicKey, id, "sender", "call 1");
    this.caller = new CallChannel({ ...common, keys }, "caller");
    const theirs = other.agree(one.publicKey, id, "receiver", "call 1");
    this.callee = new CallChannel({ ...common, keys: theirs }, "callee");
  }

  end(side: CallSide): CallChannel {
    return this[side];
  }

  /** What the event of a text says. */
  said(side: CallSide, topic = "description"): string[] {
    return this.events[side].flatMap((event) =>
      event.type === "said" && event.topic === topic ? [event.text] : []
    );
  }

  types(side: CallSide): string[] {
    return this.events[side].map(({ type }) => type);
  }

  /** Goes on until `isDone`, for `ms` at most. */
  run(ms: number, isDone = () => false): void {
    const end = this.now + ms;
    this.drain();
    while (this.now < end && !isDone()) {
      const nextAt = Math.min(
        end,
        this.caller.pollTimeout(),
        this.callee.pollTimeout(),
        ...[...this.#links.values()].map((link) => link.nextAt),
      );
      this.now = Math.max(this.now, nextAt);
      this.caller.handleTimeout(this.now);
      this.callee.handleTimeout(this.now);
      for (const [name, link] of this.#links) {
        const [path, to] = name.split(" ") as [string, CallSide];
        for (;;) {
          const bytes = link.receive(this.now);
          if (bytes === undefined) break;
          this[to].handleDatagram(bytes, Number(path), this.now);
        }
      }
      this.drain();
      // What is due at once and has nowhere to go must not stop the clock.
      this.now += 0.01;
    }
  }

  /** Sends and takes all there is. */
  drain(): void {
    for (const side of ["caller", "callee"] as const) {
      const end = this[side];
      for (;;) {
        const length = end.pollTransmit(this.#out, this.now);
        if (length === 0) break;
        this.largest = Math.max(this.largest, length);
        const sent = this.intercept(this.#out.slice(0, length), side);
        const to = side === "caller" ? "callee" : "caller";
        const link = this.#links.get(`${end.transmitPath} ${to}`);
        if (sent !== undefined) link?.send(sent, this.now);
      }
      for (let e = end.pollEvent(); e; e = end.pollEvent()) {
        this.events[side].push(e);
      }
      for (let m = end.pollMedia(); m; m = end.pollMedia()) {
        this.media[side].push({ bytes: Uint8Array.from(m), at: this.now });
      }
    }
  }
}
