/**
 * How much the relay carries for each user: so many bytes a day (UTC), counted
 * for the one who offered, and at most so many a second. Kept in memory: a
 * restart of the server begins a new count.
 */
import type { Instant } from "../protocol/instant.ts";
import { limits } from "../protocol/limits.ts";
import type { RelayRefusal } from "../protocol/rendezvous_datagram.ts";
import type { User } from "./user.ts";

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
