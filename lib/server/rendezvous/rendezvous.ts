/**
 * What the server's UDP port does (docs/protocol/files.md, "With the server"):
 * tells a client from which address it is seen, so that clients behind address
 * translators can find each other, and relays between the two clients of an
 * accepted offer that found no direct path.
 *
 * Nobody gets more bytes back than were sent, nothing is answered without the
 * key that was given over TCP, and relayed bytes are counted per user and day.
 *
 * It knows what the core told it ({@link RendezvousChange}) and answers by that
 * alone. After any call of a `handle*` method, {@link Rendezvous.pollNews} tells
 * what the core is to know, and {@link Rendezvous.timeout} when to call again.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { DailyQuota } from "../../base/daily_quota.ts";
import { isIpv6, networkOf } from "../../base/ip_address.ts";
import type { Instant } from "../../base/ports.ts";
import { RateLimit } from "../../base/rate_limit.ts";
import { TokenBucket } from "../../base/token_bucket.ts";
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
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import {
  type ProbeFault,
  type ServerDatagram,
  UdpProbes,
} from "./udp_probes.ts";

/**
 * Why a datagram was dropped: besides the faults of any, `repeated`, one that
 * came before; `unplaced`, of a transfer but not from where its two sides are,
 * or to nobody; `quota`, more than is relayed for the user, or no relay at all.
 */
export type DropReason = ProbeFault | "repeated" | "unplaced" | "quota";

/** Where a client was last seen, of one family of addresses. */
interface Seen {
  readonly binding: Binding;
  readonly address: WireAddress;
  /** Of the last authentic bind: older ones are repetitions. */
  number: number;
  /** Monotonic ms. */
  at: number;
}

/** What a client was given over TCP. */
interface Binding {
  readonly client: number;
  /** Hexadecimal. */
  readonly name: string;
  readonly id: Uint8Array;
  readonly key: Uint8Array;
  ipv4?: Seen;
  ipv6?: Seen;
  /** How often it may be somewhere else: the others of its offers are told. */
  moves?: TokenBucket;
}

/** A transfer that may be relayed. */
interface Relayed {
  readonly transfer: string;
  readonly from: number;
  readonly to: number;
  /** The user whose quota it is. */
  readonly account: number;
  /** When the quota begins anew of which the core was told that it is used up. */
  againAt: number | undefined;
}

/** Bindings of clients, and the relay. */
export class Rendezvous {
  readonly #byId = new Map<string, Binding>();
  readonly #byClient = new Map<number, Binding>();
  readonly #relayed = new Map<string, Relayed>();
  /** Every place where a client is seen, the one longest silent first. */
  readonly #seen = new Set<Seen>();
  readonly #binds = new RateLimit(limits.datagramsPerAddress);
  readonly #quota: RelayQuota;
  #news: RendezvousNews[] = [];
  #probes: UdpProbes | undefined;
  /** Datagrams that came. */
  datagrams = 0;
  /** Those that were dropped, by why. */
  readonly dropped: Record<DropReason, number> = {
    malformed: 0,
    unknown: 0,
    repeated: 0,
    unplaced: 0,
    quota: 0,
    rate: 0,
  };
  /** Bytes of file transfers that were relayed. */
  relayedBytes = 0;

  /** @param relayBytes Bytes a day that are relayed for a user; 0 for none. */
  constructor(relayBytes: number) {
    this.#quota = new RelayQuota(relayBytes);
  }

  /** The core tells what is so from now on. */
  handleChange(change: RendezvousChange): void {
    switch (change.do) {
      case "probes":
        this.#probes = new UdpProbes(change.secret);
        return;
      case "bind": {
        const { client, id: name, key } = change;
        this.#unbind(client);
        const binding = { client, name, id: decodeHex(name), key };
        this.#byId.set(name, binding);
        this.#byClient.set(client, binding);
        return;
      }
      case "unbind":
        return this.#unbind(change.client);
      case "relay": {
        const { transfer, from, to, account } = change;
        const clients = { from, to, account };
        this.#relayed.set(transfer, {
          transfer,
          ...clients,
          againAt: undefined,
        });
        return;
      }
      case "relay-end":
        this.#relayed.delete(change.transfer);
        return;
      default:
        change satisfies never;
    }
  }

  /**
   * A datagram came.
   *
   * @param from In canonical form.
   * @returns What to send for it, if anything; the bytes may be the same.
   */
  handleDatagram(
    bytes: Uint8Array,
    from: WireAddress,
    now: Instant,
  ): ServerDatagram | undefined {
    this.datagrams++;
    if (isBind(bytes)) return this.#bind(bytes, from, now.mono);
    if (bytes[0] === rendezvousType.relayed) {
      return this.#relay(bytes, from, now);
    }
    return this.handleProbe(bytes, from, now);
  }

  /** A datagram came to the port that is for probes alone. */
  handleProbe(
    bytes: Uint8Array,
    from: WireAddress,
    now: Instant,
  ): ServerDatagram | undefined {
    const answer = this.#probes?.handleDatagram(bytes, from, now) ?? "unknown";
    return typeof answer === "string" ? this.#drop(answer) : answer;
  }

  /** When to call {@link handleTimeout}, monotonic ms; else `Infinity`. */
  get timeout(): number {
    for (const { at } of this.#seen) return at + limits.bindingMs;
    return Infinity;
  }

  /**
   * Forgets where those were who have long been silent.
   *
   * @param now Monotonic ms.
   */
  handleTimeout(now: number): void {
    for (const seen of this.#seen) {
      if (now - seen.at < limits.bindingMs) return;
      this.#seen.delete(seen);
      this.#tellSeen(seen.binding);
    }
  }

  /** The next thing that the core is to know, until there is none. */
  pollNews(): RendezvousNews | undefined {
    return this.#news.shift();
  }

  #drop(why: DropReason): undefined {
    this.dropped[why]++;
    return undefined;
  }

  #unbind(client: number): void {
    const binding = this.#byClient.get(client);
    if (binding === undefined) return;
    this.#byClient.delete(client);
    this.#byId.delete(binding.name);
    for (const seen of [binding.ipv4, binding.ipv6]) {
      if (seen !== undefined) this.#seen.delete(seen);
    }
  }

  #bind(
    bytes: Uint8Array,
    from: WireAddress,
    now: number,
  ): ServerDatagram | undefined {
    if (!this.#binds.take(networkOf(from.ip), now)) return this.#drop("rate");
    const binding = this.#byId.get(encodeHex(bytes.subarray(1, 9)));
    if (binding === undefined) return this.#drop("unknown");
    const { id, key } = binding;
    const number = openBind(bytes, key);
    if (number === undefined) return this.#drop("malformed");
    const family = isIpv6(from.ip) ? "ipv6" : "ipv4";
    const before = binding[family];
    // A repetition from elsewhere must not move the client.
    if (before !== undefined && number <= before.number) {
      return this.#drop("repeated");
    }
    const isSame = before?.address.ip === from.ip &&
      before.address.port === from.port;
    if (!isSame && !mayMove(binding, now)) return this.#drop("rate");
    const address = isSame ? before.address : { ...from };
    const isKnown = before !== undefined && this.#seen.delete(before);
    const seen = { binding, address, number, at: now };
    binding[family] = seen;
    this.#seen.add(seen);
    if (!isSame || !isKnown) this.#tellSeen(binding);
    return { to: address, bytes: encodeBound(id, key, number, address) };
  }

  #relay(
    bytes: Uint8Array,
    from: WireAddress,
    now: Instant,
  ): ServerDatagram | undefined {
    if (bytes.length < leastRelayed || bytes.length > mostRelayed) {
      return this.#drop("malformed");
    }
    const transfer = bytes.subarray(2, 10);
    const relayed = this.#relayed.get(encodeHex(transfer));
    if (relayed === undefined) return this.#drop("unknown");
    const side = this.#sideAt(relayed, from, now.mono);
    if (side === undefined) return this.#drop("unplaced");
    const other = side === "from" ? relayed.to : relayed.from;
    const to = this.#nearest(other, from, now.mono);
    if (to === undefined) return this.#drop("unplaced");
    const refusal = this.#quota.take(relayed.account, bytes.length, now);
    if (refusal === undefined) {
      this.relayedBytes += bytes.length;
      return { to, bytes };
    }
    this.dropped[refusal === "rate" ? "rate" : "quota"]++;
    if (refusal === "rate") return undefined;
    if (refusal === "quota") this.#tellUsedUp(relayed, now);
    if (!this.#quota.mayTell(relayed.from, side, now.mono)) return undefined;
    return { to: from, bytes: encodeRefused(transfer, refusal) };
  }

  #tellSeen(binding: Binding): void {
    const { client } = binding;
    const addresses = [binding.ipv4, binding.ipv6]
      .filter((seen) => seen !== undefined && this.#seen.has(seen))
      .map((seen) => seen!.address);
    this.#news.push({ what: "seen", client, addresses });
  }

  /** Once a day. */
  #tellUsedUp(relayed: Relayed, now: Instant): void {
    const at = this.#quota.nextAt(now);
    if (relayed.againAt === at) return;
    relayed.againAt = at;
    this.#news.push({ what: "used-up", transfer: relayed.transfer, at });
  }

  /** Which side of the transfer is at `from`. */
  #sideAt(
    relayed: Relayed,
    from: WireAddress,
    now: number,
  ): RelaySide | undefined {
    return (["from", "to"] as const).find((side) =>
      this.#addresses(relayed[side], now).some(({ ip, port }) =>
        ip === from.ip && port === from.port
      )
    );
  }

  /** A client's address, of the family of `like` when there is one. */
  #nearest(
    client: number,
    like: WireAddress,
    now: number,
  ): WireAddress | undefined {
    const addresses = this.#addresses(client, now);
    return addresses.find(({ ip }) => isIpv6(ip) === isIpv6(like.ip)) ??
      addresses[0];
  }

  #addresses(client: number, now: number): WireAddress[] {
    const { ipv4, ipv6 } = this.#byClient.get(client) ?? {};
    return [ipv4, ipv6].filter((seen) => seen !== undefined)
      .filter((seen) => now - seen.at < limits.bindingMs)
      .map((seen) => seen.address);
  }
}

/** Counts that a client is seen from another address; false when it is too often. */
function mayMove(binding: Binding, now: number): boolean {
  binding.moves ??= new TokenBucket(movesPerMs, limits.clientMoves, now);
  return binding.moves.take(1, now) === 0;
}

const movesPerMs = 1 / 1000;

/** Type, and the shortest datagram between clients. */
const leastRelayed = 16;
const mostRelayed = 1_500;

// How much the relay carries for each user: so many bytes a day (UTC), counted
// for the one who offered, and at most so many a second.

/** A side of a transfer: the one who offered it, or the one it was offered to. */
type RelaySide = "from" | "to";

/** What one user uses now. */
interface Use {
  readonly rate: TokenBucket;
  /** When each side was last told of a refusal, monotonic ms. */
  readonly toldAt: Record<RelaySide, number>;
}

/** The relay's accounts. */
export class RelayQuota {
  readonly #bytes: DailyQuota<number>;
  readonly #uses = new Map<number, Use>();

  /** @param bytesPerDay 0 for no relay. */
  constructor(bytesPerDay: number) {
    this.#bytes = new DailyQuota(bytesPerDay);
  }

  /** Takes `bytes` for a user, or says why not; `rate`: just now. */
  take(
    user: number,
    bytes: number,
    { mono, wall }: Instant,
  ): RelayRefusal | "rate" | undefined {
    const { rate } = this.#use(user, mono);
    if (this.#bytes.perDay === 0) return "off";
    if (this.#bytes.left(user, wall) < bytes) return "quota";
    if (rate.take(bytes, mono) > 0) return "rate";
    this.#bytes.take(user, bytes, wall);
    return undefined;
  }

  /** When the count begins anew, ms since 1970 UTC. */
  nextAt({ wall }: Instant): number {
    return this.#bytes.nextAt(wall);
  }

  /** True once a second for each side: a refusal is to be told. */
  mayTell(user: number, side: RelaySide, now: number): boolean {
    const { toldAt } = this.#use(user, now);
    if (now - toldAt[side] < tellMs) return false;
    toldAt[side] = now;
    return true;
  }

  #use(user: number, now: number): Use {
    let use = this.#uses.get(user);
    if (use === undefined) {
      const perMs = limits.relayBytesPerSecond / 1000;
      const rate = new TokenBucket(perMs, burstBytes, now);
      use = { rate, toldAt: { from: -Infinity, to: -Infinity } };
      this.#uses.set(user, use);
    }
    return use;
  }
}

const burstBytes = 256 * 1024;
const tellMs = 1_000;
