/**
 * What is offered again when the connection to the server is back. A server that
 * was started anew knows of no offers, and not at once of those to whom they go:
 * who was there before is given some time to come back, too.
 */
import type { Instant } from "../../base/ports.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { OfferRequests } from "./offer_requests.ts";
import type { OpenOffer, OpenOffers } from "./open_offers.ts";
import type { PrivateSessions } from "./private_sessions.ts";

/** Offers whose receivers may not be back yet. */
export class RepeatedOffers {
  readonly #open: OpenOffers;
  readonly #requests: OfferRequests;
  readonly #sessions: PrivateSessions;
  readonly #now: () => Instant;
  /** When each is offered again, monotonic ms. */
  readonly #due = new Map<OpenOffer, number>();
  /** Until then who is away may come back, monotonic ms. */
  #until = 0;

  constructor(
    open: OpenOffers,
    requests: OfferRequests,
    sessions: PrivateSessions,
    now: () => Instant,
  ) {
    this.#open = open;
    this.#requests = requests;
    this.#sessions = sessions;
    this.#now = now;
  }

  /** When {@link handleTimeout} is due, monotonic ms; Infinity for never. */
  get nextAt(): number {
    return Math.min(Infinity, ...this.#due.values());
  }

  /** The session with the server is open, perhaps on one that forgot the offers. */
  handleOpened(): void {
    this.#until = this.#now().mono + returnMs;
    for (const offer of this.#open.all()) this.#repeat(offer);
  }

  /** All of it begins anew with the next {@link handleOpened}. */
  handleDisconnected(): void {
    this.#due.clear();
  }

  /** The time of {@link nextAt} has come. */
  handleTimeout(now: Instant): void {
    for (const [offer, at] of [...this.#due]) {
      if (at > now.mono) continue;
      this.#due.delete(offer);
      if (this.#open.has(offer)) this.#repeat(offer);
    }
  }

  #repeat(offer: OpenOffer): void {
    if (offer.direction === "incoming" || offer.state !== "offered") return;
    const refused = (why: PeerRefusal) => this.#handleRefused(offer, why);
    if (offer.kind === "file") this.#requests.offer(offer, refused);
    else this.#sessions.offer(offer, refused);
  }

  #handleRefused(offer: OpenOffer, why: PeerRefusal): void {
    const { mono } = this.#now();
    const isAway = awayCodes.has(why.code) && mono < this.#until;
    if (isAway) this.#due.set(offer, mono + againMs);
    else this.#requests.giveUp(offer, why);
  }
}

/** Refusals of the server that say that the receiver, or the device, is not there. */
const awayCodes: ReadonlySet<string> = new Set([
  "user_offline",
  "unknown_device",
]);
/** As long as a client usually takes to notice and to come back. */
const returnMs = 30_000;
const againMs = 1_000;
