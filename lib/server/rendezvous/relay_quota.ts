/**
 * How much the relay carries for each user: so many bytes a day (UTC), counted
 * for the one who offered, and at most so many a second. One of several relays
 * counts its own part, tells it, and is told when all together are at the end.
 */
import { DailyQuota } from "../../base/daily_quota.ts";
import type { Instant } from "../../base/ports.ts";
import { TokenBucket } from "../../base/token_bucket.ts";
import { limits } from "../../wire/limits.ts";
import type { RelayRefusal } from "../../wire/rendezvous_datagram.ts";
import type { RendezvousNews } from "../model/rendezvous_change.ts";
import type { RelaySide } from "./relay_ticket.ts";

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
  /** Until when all relays together have done enough, ms since 1970 UTC. */
  readonly #usedUp = new Map<number, number>();
  /** Of whom there is something to tell. */
  #untold = new Set<number>();
  /** All of whom something was counted. */
  #counted = new Set<number>();
  #day = -1;

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
    if (wall < (this.#usedUp.get(user) ?? 0)) return "quota";
    if (rate.take(bytes, mono) > 0) return "rate";
    this.#bytes.take(user, bytes, wall);
    this.#note(user, wall);
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

  /** All relays together have done enough for a user, until `at`. */
  handleUsedUp(user: number, at: number): void {
    this.#usedUp.set(user, at);
  }

  /** Whoever is told from now on knows nothing of today. */
  tellAnew(): void {
    this.#untold = new Set(this.#counted);
  }

  /** What there is to tell, at most {@link mostUses} at once. */
  pollUses(
    { wall }: Pick<Instant, "wall">,
  ): Extract<RendezvousNews, { what: "relayed" }> | undefined {
    this.#turn(wall);
    if (this.#untold.size === 0) return undefined;
    const uses: { account: number; bytes: number }[] = [];
    for (const account of this.#untold) {
      if (uses.length === mostUses) break;
      this.#untold.delete(account);
      const bytes = this.#bytes.perDay - this.#bytes.left(account, wall);
      uses.push({ account, bytes });
    }
    return { what: "relayed", day: this.#day, uses };
  }

  #note(user: number, wall: number): void {
    this.#turn(wall);
    this.#counted.add(user);
    this.#untold.add(user);
  }

  /** Looks whether a new day has begun. */
  #turn(wall: number): void {
    const day = Math.floor(wall / dayMs);
    if (day === this.#day) return;
    this.#day = day;
    this.#counted.clear();
    this.#untold.clear();
    for (const [user, at] of this.#usedUp) {
      if (at <= wall) this.#usedUp.delete(user);
    }
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

/** Most bytes of a datagram that is relayed. */
export const mostRelayed = 1_500;

/** Users that are told of at once. */
export const mostUses = 1_000;

const burstBytes = 256 * 1024;
const tellMs = 1_000;
const dayMs = 86_400_000;
