/**
 * What the server's UDP port does (docs/protocol/files.md, "With the server"):
 * tells a client from which address it is seen, so that clients behind address
 * translators can find each other, and relays between the two clients of an
 * accepted offer that found no direct path.
 *
 * Nobody gets more bytes back than were sent, nothing is answered without the
 * key that was given over TCP, and relayed bytes are counted per user and day.
 */
import { encodeHex } from "@std/encoding/hex";
import { encodeBase64Url } from "@std/encoding/base64url";
import { isIpv6, networkOf } from "../../base/ip_address.ts";
import type { Instant, Random } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import {
  encodeBound,
  encodeRefused,
  isBind,
  openBind,
  type RelayRefusal,
  rendezvousType,
} from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { Offer, OfferTable } from "../model/offer_table.ts";
import { RateLimit } from "../../base/rate_limit.ts";
import { type ServerDatagram, UdpProbes } from "./udp_probes.ts";
import type { User } from "../model/user.ts";

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

// How much the relay carries for each user: so many bytes a day (UTC), counted
// for the one who offered, and at most so many a second. Kept in memory: a
// restart of the server begins a new count.

/** A side of an offer: the one who made it, or the one it was made to. */
export type OfferSide = "from" | "to";

/** What one user has used. */
interface Use {
  day: number;
  bytes: number;
  /** Token bucket: bytes that may go now. */
  tokens: number;
  /** When the tokens were counted, monotonic ms. */
  at: number;
  /** When each side was last told of a refusal, monotonic ms. */
  readonly toldAt: Record<OfferSide, number>;
}

/** The relay's accounts. */
export class RelayQuota {
  readonly #bytesPerDay: number;
  readonly #uses = new Map<User, Use>();

  /** @param bytesPerDay 0 for no relay. */
  constructor(bytesPerDay: number) {
    this.#bytesPerDay = bytesPerDay;
  }

  /** Takes `bytes` for `user`, or says why not; `rate`: just now. */
  take(
    user: User,
    bytes: number,
    now: Instant,
  ): RelayRefusal | "rate" | undefined {
    const use = this.#use(user, now);
    if (this.#bytesPerDay === 0) return "off";
    if (use.bytes + bytes > this.#bytesPerDay) return "quota";
    const earned = (now.mono - use.at) * limits.relayBytesPerSecond / 1000;
    use.tokens = Math.min(use.tokens + earned, burstBytes);
    use.at = now.mono;
    if (use.tokens < bytes) return "rate";
    use.tokens -= bytes;
    use.bytes += bytes;
    return undefined;
  }

  /** When the count begins anew, ms since 1970 UTC. */
  nextAt(now: Instant): number {
    return (Math.floor(now.wall / dayMs) + 1) * dayMs;
  }

  /** True once a second for each side: a refusal is to be told. */
  mayTell(user: User, side: OfferSide, now: number): boolean {
    const use = this.#uses.get(user);
    if (use === undefined || now - use.toldAt[side] < tellMs) return false;
    use.toldAt[side] = now;
    return true;
  }

  #use(user: User, now: Instant): Use {
    const day = Math.floor(now.wall / dayMs);
    let use = this.#uses.get(user);
    if (use === undefined) {
      use = {
        day,
        bytes: 0,
        tokens: burstBytes,
        at: now.mono,
        toldAt: { from: -Infinity, to: -Infinity },
      };
      this.#uses.set(user, use);
    }
    if (use.day !== day) {
      use.day = day;
      use.bytes = 0;
    }
    return use;
  }
}

const dayMs = 86_400_000;
const burstBytes = 256 * 1024;
const tellMs = 1_000;
