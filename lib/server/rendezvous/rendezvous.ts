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
 * alone. Of several, one for each node, a transfer takes the one of the node that
 * its sender is at. Both sides join it by tickets that need no core (see
 * `grantRelay`), so that it goes on while the core becomes another one.
 *
 * After any call of a `handle*` method, {@link Rendezvous.pollNews} tells
 * what the core is to know, and {@link Rendezvous.timeout} when to call again.
 */
import { decodeHex, encodeHex } from "@std/encoding/hex";
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
  rendezvousType,
  ticketOf,
} from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import { mostRelayed, RelayQuota } from "./relay_quota.ts";
import { readTicket, type RelaySide } from "./relay_ticket.ts";
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
  readonly of: Binding | Joined;
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

/** A transfer whose sides have come by their tickets. */
interface Joined {
  readonly transfer: string;
  readonly account: number;
  from?: Seen;
  to?: Seen;
  /** How often a side may be somewhere else. */
  moves?: TokenBucket;
}

/** A transfer that may be relayed. */
interface Relayed {
  readonly transfer: string;
  readonly from: number;
  readonly to: number;
  /** The user whose quota it is. */
  readonly account: number;
}

/** Bindings of clients, and the relay. */
export class Rendezvous {
  readonly #byId = new Map<string, Binding>();
  readonly #byClient = new Map<number, Binding>();
  readonly #relayed = new Map<string, Relayed>();
  readonly #joined = new Map<string, Joined>();
  /** When the quotas begin anew of which the core was told that they are used up. */
  readonly #againAt = new Map<string, number>();
  /** Every place where a client is seen, the one longest silent first. */
  readonly #seen = new Set<Seen>();
  readonly #binds = new RateLimit(limits.datagramsPerAddress);
  readonly #quota: RelayQuota;
  #news: RendezvousNews[] = [];
  #secret: Uint8Array | undefined;
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
      case "secret":
        return this.#begin(change.secret);
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
        this.#relayed.set(transfer, { transfer, from, to, account });
        return;
      }
      case "relay-end":
        return this.#end(change.transfer);
      case "used-up":
        return this.#quota.handleUsedUp(change.account, change.at);
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
    const ticket = ticketOf(bytes);
    if (ticket !== undefined) return this.#join(bytes, ticket, from, now);
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
      if ("client" in seen.of) this.#tellSeen(seen.of);
      else this.#leave(seen.of, seen);
    }
  }

  /** What it has relayed, as far as that was not told. */
  pollUses(now: Instant): RendezvousNews | undefined {
    return this.#quota.pollUses(now);
  }

  /** The next thing that the core is to know, until there is none. */
  pollNews(): RendezvousNews | undefined {
    return this.#news.shift();
  }

  #drop(why: DropReason): undefined {
    this.dropped[why]++;
    return undefined;
  }

  /** Another core: what clients were given by the one before is void. */
  #begin(secret: Uint8Array): void {
    for (const client of [...this.#byClient.keys()]) this.#unbind(client);
    this.#relayed.clear();
    this.#againAt.clear();
    this.#secret = secret;
    this.#probes = new UdpProbes(secret);
    this.#quota.tellAnew();
  }

  /** Nothing of the transfer is relayed any more. */
  #end(transfer: string): void {
    this.#relayed.delete(transfer);
    this.#againAt.delete(transfer);
    const joined = this.#joined.get(transfer);
    if (joined === undefined) return;
    for (const seen of [joined.from, joined.to]) {
      if (seen !== undefined) this.#seen.delete(seen);
    }
    this.#joined.delete(transfer);
  }

  /** A side was silent for long. */
  #leave(joined: Joined, seen: Seen): void {
    if (joined.from === seen) delete joined.from;
    if (joined.to === seen) delete joined.to;
    const isEmpty = joined.from === undefined && joined.to === undefined;
    if (!isEmpty) return;
    this.#joined.delete(joined.transfer);
    this.#againAt.delete(joined.transfer);
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
    const isSame = isAt(before, from);
    if (!isSame && !mayMove(binding, now)) return this.#drop("rate");
    const isKnown = before !== undefined && this.#seen.has(before);
    const seen = this.#see(binding, before, from, number, now);
    binding[family] = seen;
    if (!isSame || !isKnown) this.#tellSeen(binding);
    const { address } = seen;
    return { to: address, bytes: encodeBound(id, key, number, address) };
  }

  /** A side of a transfer comes to be relayed, or says that it is still there. */
  #join(
    bytes: Uint8Array,
    ticket: Uint8Array,
    from: WireAddress,
    { mono, wall }: Instant,
  ): ServerDatagram | undefined {
    if (!this.#binds.take(networkOf(from.ip), mono)) return this.#drop("rate");
    const id = bytes.slice(1, 9);
    const said = this.#secret && readTicket(this.#secret, id, ticket, wall);
    if (said === undefined) return this.#drop("unknown");
    const { side, account, key } = said;
    const number = openBind(bytes, key);
    if (number === undefined) return this.#drop("malformed");
    const transfer = encodeHex(id);
    const joined = this.#joined.get(transfer) ?? { transfer, account };
    const before = joined[side];
    if (before !== undefined && number <= before.number) {
      return this.#drop("repeated");
    }
    if (!isAt(before, from) && !mayMove(joined, mono)) {
      return this.#drop("rate");
    }
    this.#joined.set(transfer, joined);
    const { address } = joined[side] = this.#see(
      joined,
      before,
      from,
      number,
      mono,
    );
    return { to: address, bytes: encodeBound(id, key, number, address) };
  }

  #see(
    of: Binding | Joined,
    before: Seen | undefined,
    from: WireAddress,
    number: number,
    at: number,
  ): Seen {
    if (before !== undefined) this.#seen.delete(before);
    const address = before !== undefined && isAt(before, from)
      ? before.address
      : { ...from };
    const seen = { of, address, number, at };
    this.#seen.add(seen);
    return seen;
  }

  #relay(
    bytes: Uint8Array,
    from: WireAddress,
    now: Instant,
  ): ServerDatagram | undefined {
    if (bytes.length < leastRelayed || bytes.length > mostRelayed) {
      return this.#drop("malformed");
    }
    const id = bytes.subarray(2, 10);
    const transfer = encodeHex(id);
    const account = (this.#joined.get(transfer) ?? this.#relayed.get(transfer))
      ?.account;
    if (account === undefined) return this.#drop("unknown");
    const side = this.#sideAt(transfer, from, now.mono);
    if (side === undefined) return this.#drop("unplaced");
    const other = side === "from" ? "to" : "from";
    const to = this.#nearest(transfer, other, from, now.mono);
    if (to === undefined) return this.#drop("unplaced");
    const refusal = this.#quota.take(account, bytes.length, now);
    if (refusal === undefined) {
      this.relayedBytes += bytes.length;
      return { to, bytes };
    }
    this.dropped[refusal === "rate" ? "rate" : "quota"]++;
    if (refusal === "rate") return undefined;
    if (refusal === "quota") this.#tellUsedUp(transfer, now);
    if (!this.#quota.mayTell(account, side, now.mono)) return undefined;
    return { to: from, bytes: encodeRefused(id, refusal) };
  }

  #tellSeen(binding: Binding): void {
    const { client } = binding;
    const addresses = [binding.ipv4, binding.ipv6]
      .filter((seen) => seen !== undefined && this.#seen.has(seen))
      .map((seen) => seen!.address);
    this.#news.push({ what: "seen", client, addresses });
  }

  /** Once a day. */
  #tellUsedUp(transfer: string, now: Instant): void {
    const at = this.#quota.nextAt(now);
    if (this.#againAt.get(transfer) === at) return;
    this.#againAt.set(transfer, at);
    this.#news.push({ what: "used-up", transfer, at });
  }

  /** Which side of the transfer is at `from`. */
  #sideAt(
    transfer: string,
    from: WireAddress,
    now: number,
  ): RelaySide | undefined {
    return (["from", "to"] as const).find((side) =>
      this.#addresses(transfer, side, now).some(({ ip, port }) =>
        ip === from.ip && port === from.port
      )
    );
  }

  /** The address of a side, of the family of `like` when there is one. */
  #nearest(
    transfer: string,
    side: RelaySide,
    like: WireAddress,
    now: number,
  ): WireAddress | undefined {
    const addresses = this.#addresses(transfer, side, now);
    return addresses.find(({ ip }) => isIpv6(ip) === isIpv6(like.ip)) ??
      addresses[0];
  }

  /** Where a side is that has joined, and as the client that it is. */
  #addresses(transfer: string, side: RelaySide, now: number): WireAddress[] {
    const client = this.#relayed.get(transfer)?.[side];
    const { ipv4, ipv6 } = this.#byClient.get(client ?? -1) ?? {};
    return [this.#joined.get(transfer)?.[side], ipv4, ipv6]
      .filter((seen) => seen !== undefined)
      .filter((seen) => now - seen.at < limits.bindingMs)
      .map((seen) => seen.address);
  }
}

/** Counts that somebody is seen from another address; false when it is too often. */
function mayMove(of: Binding | Joined, now: number): boolean {
  of.moves ??= new TokenBucket(movesPerMs, limits.clientMoves, now);
  return of.moves.take(1, now) === 0;
}

function isAt(seen: Seen | undefined, { ip, port }: WireAddress): boolean {
  return seen?.address.ip === ip && seen.address.port === port;
}

const movesPerMs = 1 / 1000;

/** Type, and the shortest datagram between clients. */
const leastRelayed = 16;
