/**
 * Drives one end of a transfer: what arrives goes in, what it wants sent goes
 * out, and one timer is armed. Knows nothing of files.
 */
import type { RefusalHandler, UdpEndpoint } from "./udp_endpoint.io.ts";
import { packetType } from "../../engine/packets/packet.ts";
import type { SendLimit } from "../../engine/send_limit.ts";
import { staggeredBytes } from "../../engine/blocks/staggered_bytes.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type { TransferEvent } from "../events/transfer_port.ts";

/** What a pump needs of a Sender or Receiver. */
export interface Engine {
  readonly transmitPath: number;
  readonly transmitSubflow?: number;
  readonly isDrained: boolean;
  /** True when there may be something to poll. */
  handleDatagram(bytes: Uint8Array, path: number, now: number): boolean;
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
    endpoint.register(key, (bytes, path) => {
      const at = now();
      if (engine.handleDatagram(bytes, path, at)) this.#drain(at);
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
  readonly #size: number;
  #bytes = 0;
  #at = -Infinity;
  #rate = 0;

  constructor(id: string, size: number) {
    this.#id = id;
    this.#size = size;
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

/**
 * What to say to this side's user when nothing is heard of the other side: it
 * may name addresses and is not for anybody else.
 *
 * @param explain Why no path was found.
 */
export function unreachableMessage(
  wasConnected: boolean,
  explain: () => string,
): string {
  return wasConnected
    ? "The other side has not answered for 30 s; send the file again to go on"
    : `No path to the other side was found within 10 s: ${explain()}`;
}
