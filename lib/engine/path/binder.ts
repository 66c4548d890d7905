/**
 * The client's side of binding: asks the server's UDP port from which address
 * this client is seen, and again every now and then, so that address translators
 * on the way keep the place. Pure; one for each id that the server gave, and for
 * each transfer that has a relay.
 */
import { limits } from "../../wire/limits.ts";
import {
  encodeBind,
  encodeJoin,
  openBound,
} from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";

/** Binds one client to its server, or joins a relay. All times are monotonic ms. */
export class Binder {
  readonly #id: Uint8Array;
  readonly #key: Uint8Array;
  readonly #ticket: Uint8Array | undefined;
  #number: number;
  #tries = 0;
  #askAt: number;
  #seen: WireAddress | undefined;

  /**
   * @param id As the server gave it, 8 bytes; of a transfer, to join its relay.
   * @param key As the server gave it, 32 bytes.
   * @param ticket As the server gave it, to join a relay.
   * @param number Of what was sent before with this id.
   */
  constructor(
    id: Uint8Array,
    key: Uint8Array,
    now: number,
    ticket?: Uint8Array,
    number = 0,
  ) {
    this.#id = id;
    this.#key = key;
    this.#ticket = ticket;
    this.#number = number;
    this.#askAt = now;
  }

  /** From where the server sees this client; `undefined` while it is silent. */
  get seen(): WireAddress | undefined {
    return this.#seen;
  }

  /** Of the last question. */
  get number(): number {
    return this.#number;
  }

  /** A datagram for the server, when one is due. */
  pollTransmit(now: number): Uint8Array<ArrayBuffer> | undefined {
    if (now < this.#askAt) return undefined;
    const pause = Math.min(firstPauseMs * 2 ** this.#tries++, limits.bindMs);
    this.#askAt = now + pause;
    if (this.#tries > silentTries) this.#seen = undefined;
    const number = ++this.#number;
    return this.#ticket === undefined
      ? encodeBind(this.#id, this.#key, number)
      : encodeJoin(this.#id, this.#key, number, this.#ticket);
  }

  /** Asks again at `now`: this client may have moved. */
  ask(now: number): void {
    this.#askAt = Math.min(this.#askAt, now);
  }

  /** When {@link pollTransmit} has something. */
  pollTimeout(): number {
    return this.#askAt;
  }

  /** A datagram came from the server; true when it was the answer. */
  handleDatagram(bytes: Uint8Array, now: number): boolean {
    const bound = openBound(bytes, this.#id, this.#key);
    // An older answer may tell of a place that is no more.
    if (bound === undefined || bound.number !== this.#number) return false;
    this.#seen = bound.seen;
    this.#tries = 0;
    this.#askAt = now + limits.bindMs;
    return true;
  }
}

const firstPauseMs = 250;
/** After so many questions without an answer the server is not reached. */
const silentTries = 5;
