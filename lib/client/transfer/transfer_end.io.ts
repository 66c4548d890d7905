/**
 * Drives one end of a transfer: what arrives goes in, what it wants sent goes
 * out, and one timer is armed. Knows nothing of files.
 */
import type { RefusalHandler, UdpEndpoint } from "./udp_endpoint.io.ts";
import {
  type CloseReason,
  packetType,
  transferKeyOf,
} from "../../engine/packets/packet.ts";
import type { EngineEvent } from "../../engine/engine_event.ts";
import type { PathInfo } from "../../engine/control_channel.ts";
import type { Sender } from "../../engine/sender.ts";
import type { TransferKeys } from "../../engine/blocks/keys.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { BlockThread } from "./block_thread.io.ts";
import type { TransferPaths } from "./transfer_paths.io.ts";
import type { SendLimit } from "../../engine/send_limit.ts";
import { staggeredBytes } from "../../engine/blocks/staggered_bytes.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type {
  TransferEvent,
  TransferFailure,
} from "../events/transfer_port.ts";

/** What a pump needs of a Sender or Receiver. */
export interface Engine {
  readonly transmitPath: number;
  readonly transmitSubflow?: number;
  readonly isDrained: boolean;
  /** True when there may be something to poll. */
  handleDatagram(
    bytes: Uint8Array,
    path: number,
    now: number,
    isEarly: boolean,
  ): boolean;
  handleTimeout(now: number): void;
  pollTransmit(out: Uint8Array, now: number): number;
  pollTimeout(): number;
}

/** The loop of one end of a transfer. */
export class TransferPump {
  readonly #endpoint: UdpEndpoint;
  readonly #key: number;
  readonly #engine: Engine;
  readonly #now: () => number;
  readonly #onWork: (now: number) => void;
  readonly #out = staggeredBytes(
    transferLimits.maxDatagramBytes,
    "datagram",
  );
  readonly #limit: SendLimit | undefined;
  #isSending = false;
  #isWoken = false;
  #isStopped = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Infinity;
  /** Resolves what {@link flush} waits for. */
  #onIdle: (() => void) | undefined;
  readonly #drained = Promise.withResolvers<void>();

  /**
   * @param key Of the transfer's id, for the endpoint.
   * @param now Monotonic clock, ms.
   * @param onWork Called with the time whenever the engine may have reads, writes
   * or events.
   * @param onRefused Called when the server does not relay.
   * @param limit What file data must wait for.
   */
  constructor(
    endpoint: UdpEndpoint,
    key: number,
    engine: Engine,
    now: () => number,
    onWork: (now: number) => void,
    onRefused: RefusalHandler,
    limit?: SendLimit,
  ) {
    this.#endpoint = endpoint;
    this.#key = key;
    this.#engine = engine;
    this.#now = now;
    this.#onWork = onWork;
    this.#limit = limit;
    endpoint.register(key, (bytes, path, isEarly) => {
      const at = now();
      if (engine.handleDatagram(bytes, path, at, isEarly)) this.#drain(at);
    }, onRefused);
  }

  /** Something changed: drains the engine until it has nothing to do. */
  wake(): void {
    this.#drain(this.#now());
  }

  /** Resolves when the engine has nothing more to send or expect. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Resolves when everything that can be sent now is sent. */
  flush(): Promise<void> {
    this.wake();
    if (!this.#isSending) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle = resolve);
  }

  /** Sends and receives nothing more. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#endpoint.unregister(this.#key);
    this.#drained.resolve();
    this.#onIdle?.();
  }

  #drain(now: number): void {
    if (this.#isStopped) return;
    if (this.#isSending) {
      this.#isWoken = true;
      return;
    }
    // What the other side may be waiting for comes before work that takes long.
    const length = this.#pollTransmit(now);
    if (length > 0) this.#send(length, now);
    else this.#rest(now);
  }

  async #send(length: number, now: number): Promise<void> {
    this.#isSending = true;
    const engine = this.#engine;
    while (length > 0 && !this.#isStopped) {
      const wait = this.#reserve(length, now);
      if (wait > 0) await new Promise((done) => setTimeout(done, wait));
      try {
        await this.#endpoint.send(
          this.#out.subarray(0, length),
          engine.transmitPath,
          engine.transmitSubflow,
        );
      } catch {
        // Lost, as on a network that drops it; the engine repairs that.
      }
      now = this.#now();
      if (this.#isWoken) {
        this.#isWoken = false;
        this.#onWork(now);
      }
      length = this.#pollTransmit(now);
    }
    this.#isSending = false;
    this.#onIdle?.();
    this.#onIdle = undefined;
    this.#rest(now);
  }

  /** The next datagram; where there is none, work may make one. */
  #pollTransmit(now: number): number {
    const length = this.#engine.pollTransmit(this.#out, now);
    if (length > 0) return length;
    this.#onWork(now);
    return this.#engine.pollTransmit(this.#out, now);
  }

  /** How long the datagram must wait; control datagrams never do. */
  #reserve(length: number, now: number): number {
    if (this.#limit === undefined || this.#out[0] !== packetType.data) return 0;
    return this.#limit.reserve(length, now);
  }

  #rest(now: number): void {
    if (this.#isStopped) return;
    if (this.#engine.isDrained) {
      this.stop();
      return;
    }
    const at = this.#engine.pollTimeout();
    // A timer that fires too early costs less than setting one per datagram.
    if (at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = at === Infinity
      ? undefined
      : setTimeout(this.#onTimer, Math.max(0, at - now));
  }

  readonly #onTimer = (): void => {
    this.#timerAt = Infinity;
    const now = this.#now();
    this.#engine.handleTimeout(now);
    this.#drain(now);
  };
}

// Turns the progress of an engine into events, some ten a second at most.

/** Progress of one transfer. */
export class TransferProgress {
  readonly #id: string;
  #size: number;
  #bytes = 0;
  #at = -Infinity;
  #rate = 0;

  constructor(id: string, size: number) {
    this.#id = id;
    this.#size = size;
  }

  /** It ends sooner than it could have. */
  setSize(size: number): void {
    this.#size = size;
  }

  /** What was measured so far says nothing of what follows. */
  restart(): void {
    this.#at = -Infinity;
    this.#rate = 0;
  }

  /** The event that is due, if any, when `blocks` blocks have arrived. */
  update(blocks: number, now: number): TransferEvent | undefined {
    const bytes = Math.min(blocks * transferLimits.blockBytes, this.#size);
    if (bytes === this.#bytes) return undefined;
    const isEarly = now - this.#at < intervalMs;
    if (isEarly && bytes < this.#size) return undefined;
    if (this.#at !== -Infinity && !isEarly) {
      const elapsed = now - this.#at;
      const rate = 1000 * (bytes - this.#bytes) / elapsed;
      const weight = this.#rate === 0 ? 1 : 1 - Math.exp(-elapsed / smoothMs);
      this.#rate += weight * (rate - this.#rate);
    }
    this.#at = now;
    this.#bytes = bytes;
    return {
      event: "progress",
      id: this.#id,
      bytes,
      size: this.#size,
      rate: this.#rate,
    };
  }
}

const intervalMs = 100;
const smoothMs = 2_000;

// What both ends of a transfer do alike: paths, progress, and how they end.

/** What a {@link TransferEnd} needs of a Sender or Receiver. */
interface EndEngine extends Engine {
  readonly pathInfo: PathInfo;
  /** Blocks that arrived, from the first on. */
  readonly base: number;
  addPath(path: number, now: number): void;
  close(reason: CloseReason, now: number): void;
  setHeld(isHeld: boolean, now: number): boolean;
  setInCall(isInCall: boolean, now: number): void;
  handleAsleep(): void;
  pollEvent(): EngineEvent | undefined;
}

/** What a {@link TransferEnd} is made from. */
export interface TransferEndOptions {
  readonly id: string;
  readonly idBytes: Uint8Array;
  readonly keys: TransferKeys;
  readonly paths: TransferPaths;
  readonly endpoint: UdpEndpoint;
  readonly blocks: BlockThread;
  /** Monotonic clock, ms. */
  readonly now: () => number;
  readonly onEvent: (event: TransferEvent) => void;
}

/** One end of a transfer: drives its engine and tells what becomes of it. */
export abstract class TransferEnd<E extends EndEngine> {
  protected readonly engine: E;
  /** When the other side was first heard, monotonic ms. */
  protected startedAt: number | undefined;
  readonly #options: TransferEndOptions;
  readonly #pump: TransferPump;
  readonly #progress: TransferProgress;
  readonly #held = new HeldTime();
  #isEnded = false;

  /**
   * @param size Of the file, bytes.
   * @param limit What file data must wait for.
   */
  constructor(
    options: TransferEndOptions,
    engine: E,
    size: number,
    limit?: SendLimit,
  ) {
    const { id, idBytes, paths, endpoint, now } = options;
    this.#options = options;
    this.engine = engine;
    this.#progress = new TransferProgress(id, size);
    this.#pump = new TransferPump(
      endpoint,
      transferKeyOf(idBytes),
      engine,
      now,
      (at) => this.#work(at),
      (refusal) => paths.handleRefused(refusal),
      limit,
    );
  }

  /** The other side can be reached at these addresses, too. */
  addAddresses(addresses: readonly WireAddress[]): void {
    const { paths, now } = this.#options;
    for (const path of paths.add(addresses)) this.engine.addPath(path, now());
    this.wake();
  }

  /**
   * This side's user has it wait, or no longer.
   *
   * @returns False when the other side does not know of that.
   */
  hold(isHeld: boolean): boolean {
    if (this.#isEnded) return false;
    if (!this.engine.setHeld(isHeld, this.#options.now())) return false;
    this.#held.byOwn = isHeld;
    this.#tellHeld();
    this.wake();
    return true;
  }

  /** This side's user is in a call, for which it leaves room, or no longer. */
  setInCall(isInCall: boolean): void {
    this.engine.setInCall(isInCall, this.#options.now());
    this.wake();
  }

  /** The other side sleeps: it is waited for until it is heard again. */
  awaitPeer(): void {
    this.engine.handleAsleep();
    this.wake();
  }

  /** Stops it without an event and tells the other side. */
  async stop(reason: CloseReason): Promise<void> {
    this.end();
    this.engine.close(reason, this.#options.now());
    await this.#pump.flush();
  }

  /** The other side is gone: ends it as if that had been said. */
  abandon(): void {
    if (this.#isEnded) return;
    this.#closed("left");
    this.engine.close("left", this.#options.now());
    this.wake();
  }

  /** True when it will not go on, though its file may still be open. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** When something authentic came last, monotonic ms. */
  get heardAt(): number {
    return this.engine.pathInfo.heardAt;
  }

  /** Resolves when it no longer needs the socket. */
  get drained(): Promise<void> {
    return this.#pump.drained;
  }

  /** Frees everything at once. */
  dispose(): void {
    this.end();
    this.#pump.stop();
  }

  /** Moves blocks between the engine and the file. */
  protected abstract move(): void;

  /** Does what an event asks of this end alone, before the rest is done. */
  protected abstract handle(event: EngineEvent): void;

  /** Frees what the transfer needed; called once, when it ends. */
  protected abstract free(): void;

  /** What is told of the engine with its path. */
  protected stats(): ReturnType<Sender["stats"]> | undefined {
    return undefined;
  }

  /** How long it has taken, but while it was held, ms. */
  protected get elapsed(): number {
    const now = this.#options.now();
    return now - (this.startedAt ?? now) - this.#held.total(now);
  }

  /** Something changed: has the engine do what there is to do. */
  protected wake(): void {
    this.#pump.wake();
  }

  /** How many bytes it carries, now that this is known. */
  protected tellSize(size: number): void {
    this.#progress.setSize(size);
    const { id, onEvent } = this.#options;
    onEvent({ event: "sized", id, size });
  }

  protected tellPath(isEnd: boolean): void {
    const { paths, now, onEvent } = this.#options;
    const { pathInfo } = this.engine;
    const told = paths.update(pathInfo, this.stats(), now(), isEnd);
    if (told !== undefined) onEvent(told);
  }

  protected fail(failure: TransferFailure, message: string): void {
    if (this.#isEnded) return;
    this.end();
    const { id, onEvent } = this.#options;
    onEvent({ event: "failed", id, failure, message });
  }

  protected end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.free();
  }

  #work(now: number): void {
    const { engine } = this;
    this.move();
    for (let e = engine.pollEvent(); e; e = engine.pollEvent()) this.#handle(e);
    if (this.#isEnded) return;
    const { paths, onEvent } = this.#options;
    const progress = this.#progress.update(engine.base, now);
    if (progress !== undefined) onEvent(progress);
    if (paths.isDue(now)) this.tellPath(false);
  }

  #handle(event: EngineEvent): void {
    this.handle(event);
    const { paths, now } = this.#options;
    if (event.type === "connected") this.startedAt ??= now();
    else if (event.type === "held") {
      this.#held.byPeer = event.isHeld;
      this.#tellHeld();
    } else if (event.type === "closed") this.#closed(event.reason);
    else if (event.type === "unreachable") {
      const message = event.wasConnected
        ? "The other side does not answer any more; send the file again to go on"
        : `No path to the other side was found within 10 s: ${paths.explain()}`;
      this.fail("unreachable", message);
    }
  }

  #tellHeld(): void {
    if (this.#isEnded) return;
    const { id, now, onEvent } = this.#options;
    const { byOwn, byPeer } = this.#held;
    this.#held.update(now());
    this.#progress.restart();
    onEvent({ event: "held", id, byOwn, byPeer });
  }

  /** The other side ended it. */
  #closed(reason: CloseReason): void {
    if (this.#isEnded) return;
    this.end();
    const { id, onEvent } = this.#options;
    onEvent({ event: "closed", id, reason });
  }
}

// Who has a transfer wait, and how long it did.

class HeldTime {
  byOwn = false;
  byPeer = false;
  #since: number | undefined;
  #ms = 0;

  /** Somebody has it wait from `now` on, or nobody does. */
  update(now: number): void {
    this.#ms = this.total(now);
    this.#since = this.byOwn || this.byPeer ? now : undefined;
  }

  /** How long it was held until `now`, ms. */
  total(now: number): number {
    return this.#ms + (this.#since === undefined ? 0 : now - this.#since);
  }
}
