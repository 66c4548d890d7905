/**
 * Drives one end of a transfer: what arrives goes in, what it wants sent goes
 * out, and one timer is armed. Knows nothing of files.
 */
import type { RefusalHandler, UdpEndpoint } from "./udp_endpoint.ts";
import { packetType } from "../transfer/packet.ts";
import type { SendLimit } from "../transfer/send_limit.ts";
import { staggeredBytes } from "../transfer/staggered_bytes.ts";
import { transferLimits } from "../transfer/transfer_limits.ts";

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
