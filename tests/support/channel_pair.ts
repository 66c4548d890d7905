import {
  PrivateChannel,
  type PrivateChannelEvent,
  type PrivateChannelOptions,
} from "../../lib/client/private/private_channel.ts";
import { X25519KeyPair } from "../../lib/security/x25519.ts";
import { SeededRandom } from "./seeded_random.ts";

/** Options that a test changes at one end. */
export type EndOptions = Partial<PrivateChannelOptions>;

/** One end of a connection that a test carries by hand. */
export class ChannelEnd {
  readonly channel: PrivateChannel;
  readonly events: PrivateChannelEvent[] = [];

  constructor(options: PrivateChannelOptions, now: number) {
    this.channel = new PrivateChannel(options, now);
  }

  /** All bytes that are to be written now. */
  take(now: number): Uint8Array {
    const parts: number[] = [];
    for (;;) {
      const bytes = this.channel.pollTransmit(now);
      if (bytes === undefined) return Uint8Array.from(parts);
      for (const byte of bytes) parts.push(byte);
    }
  }

  /** Gives bytes to this end, in pieces of `size`. */
  give(bytes: Uint8Array, now: number, size = Infinity): void {
    for (let at = 0; at < bytes.length; at += size) {
      this.channel.handleData(bytes.slice(at, at + size), now);
    }
    this.collect();
  }

  collect(): void {
    for (;;) {
      const event = this.channel.pollEvent();
      if (event === undefined) return;
      this.events.push(event);
    }
  }

  get texts(): string[] {
    return this.events.flatMap((each) =>
      each.event === "text" ? [each.text] : []
    );
  }

  /** Reason and message of the end, if it ended. */
  get closed() {
    return this.events.find((each) => each.event === "closed");
  }
}

/** Both ends of a connection in virtual time: the offerer dialled. */
export class ChannelPair {
  now = 1_000;
  readonly offerer: ChannelEnd;
  readonly answerer: ChannelEnd;
  readonly random: SeededRandom;

  constructor(
    offerer: EndOptions = {},
    answerer: EndOptions = {},
    seed = 1,
  ) {
    const random = this.random = new SeededRandom(seed);
    const offererKeys = offerer.keyPair ?? new X25519KeyPair(random);
    const answererKeys = answerer.keyPair ?? new X25519KeyPair(random);
    const id = "0123456789abcdef";
    this.offerer = new ChannelEnd({
      id,
      role: "offerer",
      isDialler: true,
      keyPair: offererKeys,
      self: "han",
      peer: { user: "leia", key: answererKeys.publicKey },
      random,
      ...offerer,
    }, this.now);
    this.answerer = new ChannelEnd({
      id,
      role: "answerer",
      isDialler: false,
      keyPair: answererKeys,
      self: "leia",
      peer: { user: "han", key: offererKeys.publicKey },
      random,
      ...answerer,
    }, this.now);
  }

  /** Carries bytes both ways until there are none. */
  flow(size = Infinity): void {
    for (let i = 0; i < 100; i++) {
      const there = this.offerer.take(this.now);
      this.answerer.give(there, this.now, size);
      const back = this.answerer.take(this.now);
      this.offerer.give(back, this.now, size);
      if (there.length + back.length === 0) return;
    }
    throw new Error("The two ends never stop");
  }

  /** Goes through the handshake and the choice. */
  open(size = Infinity): this {
    this.flow(size);
    this.offerer.channel.handleChoose();
    this.flow(size);
    return this;
  }
}
