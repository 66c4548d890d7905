/** Keeps this client bound to its server's UDP port (see `Binder`). */
import { Binder } from "../../engine/path/binder.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { UdpEndpoint } from "./udp_endpoint.io.ts";

/** One client's binding; {@link ServerBinding.start} begins it anew. */
export class ServerBinding {
  readonly #endpoint: UdpEndpoint;
  readonly #now: () => number;
  readonly #isBusy: () => boolean;
  readonly #onSilent: () => void;
  #received = 0;
  /** When transfers were last heard, or had not begun. */
  #heardAt = 0;
  #askedAt = -Infinity;
  #binder: Binder | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param now Monotonic ms.
   * @param isBusy Whether transfers run, which should be heard of.
   * @param onSilent Told that they are not.
   */
  constructor(
    endpoint: UdpEndpoint,
    now: () => number,
    isBusy: () => boolean,
    onSilent: () => void = () => {},
  ) {
    this.#onSilent = onSilent;
    this.#endpoint = endpoint;
    this.#now = now;
    this.#isBusy = isBusy;
  }

  /** Whether the server answers; `undefined` when there was nothing to ask. */
  get isBound(): boolean | undefined {
    return this.#binder && this.#binder.seen !== undefined;
  }

  /** Binds to the server's UDP port with what the server gave over TCP. */
  start(server: WireAddress, id: Uint8Array, key: Uint8Array): void {
    this.#binder = new Binder(id, key, this.#now());
    this.#endpoint.setServer(server, (bytes) => {
      if (this.#binder?.handleDatagram(bytes, this.#now())) this.#work();
    });
    this.#work();
  }

  /** A transfer begins: its silence is to be noticed soon. */
  watch(): void {
    this.#work();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#binder = undefined;
  }

  /** Nothing comes while transfers run: perhaps this client's address changed. */
  #isSilent(): boolean {
    const now = this.#now();
    const { received } = this.#endpoint;
    if (!this.#isBusy() || received !== this.#received) this.#heardAt = now;
    this.#received = received;
    const isSilent = now - this.#heardAt >= silenceMs &&
      now - this.#askedAt >= askMs;
    if (isSilent) this.#askedAt = now;
    return isSilent;
  }

  #work(): void {
    clearTimeout(this.#timer);
    const binder = this.#binder;
    if (binder === undefined) return;
    const bytes = binder.pollTransmit(this.#now());
    if (bytes !== undefined) this.#endpoint.sendToServer(bytes);
    const wait = Math.max(Math.ceil(binder.pollTimeout() - this.#now()), 0);
    this.#timer = setTimeout(() => {
      if (this.#isSilent()) {
        binder.ask(this.#now());
        this.#onSilent();
      }
      this.#work();
    }, Math.min(wait, this.#isBusy() ? watchMs : idleMs));
  }
}

/** How often silence is looked for while transfers run, and else. */
const watchMs = 250;
const idleMs = 2_000;
/** What is no silence yet; shorter than what live transfers keep. */
const silenceMs = 600;
/** How often one who hears nothing asks. */
const askMs = 2_000;
