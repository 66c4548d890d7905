/**
 * What the server's UDP port does (PROTOCOL.md, "With the server"): tells a
 * client from which address it is seen, so that clients behind address
 * translators can find each other, and relays between the two clients of an
 * accepted offer that found no direct path.
 *
 * Nobody gets more bytes back than were sent, nothing is answered without the
 * key that was given over TCP, and relayed bytes are counted per user and day.
 */
import { encodeHex } from "@std/encoding/hex";
import { encodeBase64Url } from "@std/encoding/base64url";
import { isIpv6, networkOf } from "../protocol/ip_address.ts";
import type { Instant } from "../protocol/instant.ts";
import { limits } from "../protocol/limits.ts";
import type { Random } from "../protocol/random.ts";
import {
  encodeBound,
  encodeRefused,
  isBind,
  openBind,
  rendezvousType,
} from "../protocol/rendezvous_datagram.ts";
import type { WireAddress } from "../protocol/request.ts";
import type { Offer, OfferTable } from "./offer_table.ts";
import { RateLimit } from "./rate_limit.ts";
import { type OfferSide, RelayQuota } from "./relay_quota.ts";
import { UdpProbes } from "./udp_probes.ts";
import type { User } from "./user.ts";

/** A datagram to send; the bytes may be those that came in. */
export interface ServerDatagram {
  readonly to: WireAddress;
  readonly bytes: Uint8Array;
}

/** Where a user's client was last seen, of one family of addresses. */
interface Seen {
  readonly address: WireAddress;
  /** Of the last authentic bind: older ones are repetitions. */
  number: number;
  /** Monotonic ms. */
  at: number;
}

/** What a client was given over TCP. */
interface Binding {
  readonly user: User;
  readonly id: Uint8Array;
  readonly key: Uint8Array;
  ipv4: Seen | undefined;
  ipv6: Seen | undefined;
}

/** Bindings of clients, and the relay. */
export class Rendezvous {
  readonly #random: Random;
  readonly #offers: Pick<OfferTable, "find">;
  readonly #byId = new Map<string, Binding>();
  readonly #byUser = new Map<User, Binding>();
  readonly #binds = new RateLimit(limits.datagramsPerAddress);
  readonly #quota: RelayQuota;
  #moved: User | undefined;
  #exhausted: Offer | undefined;
  /** For clients that look at the way to the server. */
  readonly probes: UdpProbes;

  /** @param relayBytes Bytes a day that are relayed for a user; 0 for none. */
  constructor(
    offers: Pick<OfferTable, "find">,
    relayBytes: number,
    random: Random,
  ) {
    this.#offers = offers;
    this.#random = random;
    this.#quota = new RelayQuota(relayBytes);
    this.probes = new UdpProbes(random);
  }

  /** Gives a user's client what it needs to bind; what it had before is void. */
  issue(user: User): { id: string; key: string } {
    this.remove(user);
    const id = this.#random.bytes(8);
    const key = this.#random.bytes(32);
    const binding = { user, id, key, ipv4: undefined, ipv6: undefined };
    this.#byId.set(encodeHex(id), binding);
    this.#byUser.set(user, binding);
    return { id: encodeHex(id), key: encodeBase64Url(key) };
  }

  /** The user left for good. */
  remove(user: User): void {
    const binding = this.#byUser.get(user);
    if (binding === undefined) return;
    this.#byUser.delete(user);
    this.#byId.delete(encodeHex(binding.id));
  }

  /** From where the user's client was seen lately, IPv4 first. */
  addresses(user: User, now: number): WireAddress[] {
    const { ipv4, ipv6 } = this.#byUser.get(user) ?? {};
    return [ipv4, ipv6].filter((seen) => seen !== undefined)
      .filter((seen) => now - seen.at < limits.bindingMs)
      .map((seen) => seen.address);
  }

  /**
   * A datagram came.
   *
   * @param from In canonical form.
   * @returns What to send for it, if anything.
   */
  handleDatagram(
    bytes: Uint8Array,
    from: WireAddress,
    now: Instant,
  ): ServerDatagram | undefined {
    if (isBind(bytes)) return this.#bind(bytes, from, now.mono);
    if (bytes[0] === rendezvousType.relayed) {
      return this.#relay(bytes, from, now);
    }
    return this.probes.handleDatagram(bytes, from, now.mono);
  }

  /** The user whose address changed since the last call. */
  takeMoved(): User | undefined {
    const moved = this.#moved;
    this.#moved = undefined;
    return moved;
  }

  /** The offer that can no longer be relayed since the last call. */
  takeExhausted(): Offer | undefined {
    const exhausted = this.#exhausted;
    this.#exhausted = undefined;
    return exhausted;
  }

  #bind(
    bytes: Uint8Array,
    from: WireAddress,
    now: number,
  ): ServerDatagram | undefined {
    if (!this.#binds.take(networkOf(from.ip), now)) return undefined;
    const binding = this.#byId.get(encodeHex(bytes.subarray(1, 9)));
    if (binding === undefined) return undefined;
    const { user, id, key } = binding;
    if (user.session === undefined && now - user.awaySince >= limits.tokenMs) {
      this.remove(user);
      return undefined;
    }
    const number = openBind(bytes, key);
    if (number === undefined) return undefined;
    const family = isIpv6(from.ip) ? "ipv6" : "ipv4";
    const before = binding[family];
    // A repetition from elsewhere must not move the client.
    if (before !== undefined && number <= before.number) return undefined;
    const isSame = before?.address.ip === from.ip &&
      before.address.port === from.port;
    const address = isSame ? before.address : { ...from };
    binding[family] = { address, number, at: now };
    if (!isSame) this.#moved = user;
    return { to: address, bytes: encodeBound(id, key, number, address) };
  }

  #relay(
    bytes: Uint8Array,
    from: WireAddress,
    now: Instant,
  ): ServerDatagram | undefined {
    if (bytes.length < leastRelayed || bytes.length > mostRelayed) {
      return undefined;
    }
    const transfer = bytes.subarray(2, 10);
    const offer = this.#offers.find(encodeHex(transfer));
    if (offer === undefined || !offer.accepted) return undefined;
    const side = this.#sideAt(offer, from, now.mono);
    if (side === undefined) return undefined;
    const other = side === "from" ? offer.to : offer.from;
    const to = this.#nearest(other, from, now.mono);
    if (to === undefined) return undefined;
    const refusal = this.#quota.take(offer.from, bytes.length, now);
    if (refusal === undefined) return { to, bytes };
    if (refusal === "rate") return undefined;
    if (refusal === "quota") this.#noteExhausted(offer, now);
    if (!this.#quota.mayTell(offer.from, side, now.mono)) return undefined;
    return { to: from, bytes: encodeRefused(transfer, refusal) };
  }

  /** Both sides are to be told, once a day. */
  #noteExhausted(offer: Offer, now: Instant): void {
    const at = this.#quota.nextAt(now);
    if (offer.relayAgainAt === at) return;
    offer.relayAgainAt = at;
    this.#exhausted = offer;
  }

  /** Which side of the offer is at `from`. */
  #sideAt(
    offer: Offer,
    from: WireAddress,
    now: number,
  ): OfferSide | undefined {
    return (["from", "to"] as const).find((side) =>
      this.addresses(offer[side], now).some(({ ip, port }) =>
        ip === from.ip && port === from.port
      )
    );
  }

  /** A user's address, of the family of `like` when there is one. */
  #nearest(
    user: User,
    like: WireAddress,
    now: number,
  ): WireAddress | undefined {
    const addresses = this.addresses(user, now);
    return addresses.find(({ ip }) => isIpv6(ip) === isIpv6(like.ip)) ??
      addresses[0];
  }
}

/** Type, and the shortest datagram between clients. */
const leastRelayed = 16;
const mostRelayed = 1_500;
