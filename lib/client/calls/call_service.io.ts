/**
 * The client's calls (see `lib/client/events/call_port.ts`): for each other member
 * a key, a path over the socket of the transfers, and a UDP port at 127.0.0.1 for
 * the browser.
 */
import { decodeHex } from "@std/encoding/hex";
import type {
  CallCredentials,
  CallEnd,
  CallEvent,
  CallPort,
} from "../events/call_port.ts";
import type { TransferPeer } from "../events/transfer_port.ts";
import type { Instant, Random } from "../../base/ports.ts";
import type { WireAddress } from "../../wire/request.ts";
import {
  CallChannel,
  type CallChannelEvent,
  type CallFarewell,
  type CallTopic,
} from "../../engine/call_channel.ts";
import { TransferKeyPair } from "../../engine/blocks/keys.ts";
import { transferKeyOf } from "../../engine/packets/packet.ts";
import { TransferPaths } from "../transfer/transfer_paths.io.ts";
import { TransferPump } from "../transfer/transfer_end.io.ts";
import type { SharedSocket } from "../transfer/shared_socket.io.ts";
import { BrowserPort } from "./browser_port.io.ts";

/** What a {@link CallService} is made from. */
export interface CallServiceOptions {
  readonly shared: SharedSocket;
  readonly random: Random;
  readonly clock: () => Instant;
  /** Never called within a command. */
  readonly onEvent: (event: CallEvent) => void;
}

/** Carries what browsers say to each other from client to client. */
export class CallService implements CallPort {
  readonly #options: CallServiceOptions;
  readonly #keys = new Map<string, TransferKeyPair>();
  readonly #links = new Map<string, CallLinkEnd>();
  /** Those that say good-bye. */
  readonly #ending = new Set<Promise<void>>();

  constructor(options: CallServiceOptions) {
    this.#options = options;
  }

  prepareCall(id: string): void {
    if (this.#keys.has(id) || this.#links.has(id)) return;
    const { random, shared } = this.#options;
    const keys = new TransferKeyPair(random);
    this.#keys.set(id, keys);
    const addresses = shared.endpoint.localAddresses();
    const event = "call-prepared";
    this.#tell(
      { event, id, key: keys.publicKey, addresses },
      () => this.#keys.get(id) === keys,
    );
  }

  connectCall(id: string, end: CallEnd, peer: TransferPeer): void {
    const keys = this.#keys.get(id);
    if (keys === undefined) return;
    this.#keys.delete(id);
    const { shared, clock } = this.#options;
    const now = () => clock().mono;
    let link: CallLinkEnd;
    try {
      link = new CallLinkEnd({
        ...{ id, end, keys, peer, shared, now },
        onEvent: (event) => this.#handleEvent(id, link, event),
      });
    } catch {
      const message = "The key of the other side cannot be used, or there is " +
        "no UDP port at 127.0.0.1";
      return this.#tell({ event: "call-lost", id, message });
    }
    this.#links.set(id, link);
    shared.watch(link.drained);
    shared.setInCall(true);
    link.start();
  }

  say(id: string, topic: CallTopic, text: string): void {
    this.#links.get(id)?.say(topic, text);
  }

  bridge(id: string, credentials: CallCredentials): void {
    this.#links.get(id)?.bridge(credentials);
  }

  addCallAddresses(id: string, addresses: readonly WireAddress[]): void {
    this.#links.get(id)?.addAddresses(addresses);
  }

  closeCall(id: string, farewell: CallFarewell = "left"): void {
    this.#keys.delete(id);
    const link = this.#links.get(id);
    if (link === undefined) return;
    this.#links.delete(id);
    if (this.#links.size === 0) this.#options.shared.setInCall(false);
    const ending = link.close(farewell).finally(() =>
      this.#ending.delete(ending)
    );
    this.#ending.add(ending);
  }

  async close(): Promise<void> {
    for (const id of [...this.#links.keys()]) this.closeCall(id);
    await Promise.all(this.#ending);
  }

  #handleEvent(id: string, link: CallLinkEnd, event: CallEvent): void {
    this.#tell(event, () => {
      if (this.#links.get(id) !== link) return false;
      const isLast = event.event === "call-lost" ||
        event.event === "call-closed";
      if (isLast) this.closeCall(id);
      return true;
    });
  }

  /** Later in this turn, so that no command is answered while it is given. */
  #tell(event: CallEvent, isWanted: () => boolean = () => true): void {
    queueMicrotask(() => {
      if (isWanted()) this.#options.onEvent(event);
    });
  }
}

/** What a {@link CallLinkEnd} is made from. */
interface LinkOptions extends Pick<CallServiceOptions, "shared" | "onEvent"> {
  readonly id: string;
  readonly end: CallEnd;
  readonly keys: TransferKeyPair;
  readonly peer: TransferPeer;
  /** Monotonic clock, ms. */
  readonly now: () => number;
}

/** This side's end of what leads to one other member. */
class CallLinkEnd {
  readonly #options: LinkOptions;
  readonly #channel: CallChannel;
  readonly #paths: TransferPaths;
  readonly #browser: BrowserPort;
  readonly #pump: TransferPump;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @throws {Error} when the other side's key is no key, or there is no port. */
  constructor(options: LinkOptions) {
    const { id, end, keys, peer, shared, now } = options;
    this.#options = options;
    const idBytes = decodeHex(id);
    const role = end === "caller" ? "sender" : "receiver";
    const agreed = keys.agree(peer.key, idBytes, role, "call 1");
    const { endpoint, binding } = shared;
    const isBound = () => binding.isBound;
    this.#paths = new TransferPaths(id, endpoint, peer.addresses, isBound);
    const common = { id: idBytes, keys: agreed, now: now() };
    this.#channel = new CallChannel({ ...common, ...this.#paths.options }, end);
    this.#browser = new BrowserPort((bytes) => {
      this.#channel.handleMedia(bytes);
      this.#pump.wake();
    });
    this.#pump = new TransferPump(
      endpoint,
      transferKeyOf(idBytes),
      this.#channel,
      now,
      () => this.#work(),
      (refusal) => this.#paths.handleRefused(refusal),
    );
  }

  /** Resolves when it no longer needs the socket. */
  get drained(): Promise<void> {
    return this.#pump.drained;
  }

  start(): void {
    this.#pump.wake();
  }

  say(topic: CallTopic, text: string): void {
    this.#channel.say(topic, text, this.#options.now());
    this.#pump.wake();
  }

  bridge(credentials: CallCredentials): void {
    this.#browser.open(credentials);
  }

  addAddresses(addresses: readonly WireAddress[]): void {
    const now = this.#options.now();
    for (const path of this.#paths.add(addresses)) {
      this.#channel.addPath(path, now);
    }
    this.#pump.wake();
  }

  async close(farewell: CallFarewell): Promise<void> {
    clearInterval(this.#timer);
    const closed = this.#browser.close();
    this.#channel.close(this.#options.now(), farewell);
    await Promise.all([closed, this.#pump.flush()]);
  }

  #work(): void {
    const channel = this.#channel;
    for (let m = channel.pollMedia(); m; m = channel.pollMedia()) {
      this.#browser.send(m);
    }
    for (let e = channel.pollEvent(); e; e = channel.pollEvent()) {
      this.#handle(e);
    }
  }

  #handle(event: CallChannelEvent): void {
    const { id, onEvent } = this.#options;
    switch (event.type) {
      case "connected":
        this.#tellLink();
        this.#timer = setInterval(() => this.#tellLink(), tellMs);
        return onEvent({ event: "call-linked", id, port: this.#browser.port });
      case "said": {
        const { topic, text } = event;
        return onEvent({ event: "call-said", id, topic, text });
      }
      case "closed":
        return onEvent({ event: "call-closed", id, isLost: event.isLost });
      case "unreachable": {
        const message = event.wasConnected
          ? "The other side does not answer any more"
          : `No path to the other side was found within 10 s: ${this.#paths.explain()}`;
        return onEvent({ event: "call-lost", id, message });
      }
    }
  }

  #tellLink(): void {
    const { id, onEvent } = this.#options;
    const { pathInfo: { path, rtt }, loss } = this.#channel;
    const via = this.#paths.kind(path);
    onEvent({ event: "call-link", id, link: { via, rtt, loss } });
  }
}

const tellMs = 2_000;
