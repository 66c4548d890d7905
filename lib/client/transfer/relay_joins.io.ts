/**
 * Keeps this client joined to the relays of its transfers and calls, each at the
 * node that the server names, whether or not they come to be relayed.
 */
import { decodeBase64Url } from "@std/encoding/base64url";
import { decodeHex } from "@std/encoding/hex";
import { Binder } from "../../engine/path/binder.ts";
import { transferKeyOf } from "../../engine/packets/packet.ts";
import type { RelayGrant } from "../events/transfer_port.ts";
import type { UdpEndpoint } from "./udp_endpoint.io.ts";

interface Join {
  readonly binder: Binder;
  /** When it began, monotonic ms. */
  readonly since: number;
}

/** The joins of one socket. */
export class RelayJoins {
  readonly #endpoint: UdpEndpoint;
  readonly #now: () => number;
  /** By the key of the transfer. */
  readonly #joins = new Map<number, Join>();
  #timer: ReturnType<typeof setInterval> | undefined;
  #isClosed = false;

  /** @param now Monotonic ms. */
  constructor(endpoint: UdpEndpoint, now: () => number) {
    this.#endpoint = endpoint;
    this.#now = now;
  }

  /** Joins; what was joined for the same transfer before is left. */
  join(id: string, grant: RelayGrant): void {
    if (this.#isClosed) return;
    const transfer = decodeHex(id);
    const key = transferKeyOf(transfer);
    const now = this.#now();
    const binder = new Binder(
      transfer,
      decodeBase64Url(grant.key),
      now,
      decodeBase64Url(grant.ticket),
      // A relay drops what is not newer than what it had.
      this.#joins.get(key)?.binder.number,
    );
    this.#joins.delete(key);
    this.#joins.set(key, { binder, since: now });
    for (const [oldest] of this.#joins) {
      if (this.#joins.size <= mostJoins) break;
      this.#leave(oldest);
    }
    this.#endpoint.setRelay(
      key,
      grant.addresses ?? [],
      (bytes) => binder.handleDatagram(bytes, this.#now()),
    );
    this.#timer ??= setInterval(() => this.#work(), lookMs);
    this.#work();
  }

  /** Nothing is heard: perhaps this client's address changed, or a node ended. */
  ask(): void {
    for (const { binder } of this.#joins.values()) binder.ask(this.#now());
  }

  close(): void {
    this.#isClosed = true;
    for (const key of [...this.#joins.keys()]) this.#leave(key);
  }

  #work(): void {
    const now = this.#now();
    for (const [key, { binder, since }] of this.#joins) {
      // It may take a while until what it is for begins.
      const isOver = !this.#endpoint.isRegistered(key) &&
        now - since >= unusedMs;
      if (isOver) {
        this.#leave(key);
        continue;
      }
      const bytes = binder.pollTransmit(now);
      if (bytes !== undefined) this.#endpoint.sendToRelay(key, bytes);
    }
  }

  #leave(key: number): void {
    this.#joins.delete(key);
    this.#endpoint.removeRelay(key);
    if (this.#joins.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const lookMs = 250;
const unusedMs = 60_000;
/** More than one client has transfers. */
const mostJoins = 256;
