/**
 * Offers between two users: files and private sessions. The server relays what
 * both sides say about an offer and forgets it when it ends; what is offered
 * never passes here.
 */
import { limits } from "../../wire/limits.ts";
import type { RendezvousChange } from "./rendezvous_change.ts";
import type { User } from "./user.ts";

/** An offer that waits for its answer, or was accepted and runs. */
export interface Offer {
  /** Chosen by the one who offers: 16 hexadecimal digits. */
  readonly id: string;
  readonly from: User;
  readonly to: User;
  readonly kind: "file" | "session";
  /** What is offered, of an offer of a file. */
  readonly file?: { readonly name: string; readonly size: number } | undefined;
  /** When it was made, monotonic ms. */
  readonly at: number;
  accepted: boolean;
}

/** Every offer that has not ended. */
export class OfferTable {
  // In the order they were made, so the first one waiting expires first.
  readonly #waiting = new Map<string, Offer>();
  readonly #accepted = new Map<string, Offer>();
  readonly #made = new Map<User, number>();
  readonly #tell: (change: RendezvousChange) => void;

  /** @param tell Tells the rendezvous what may be relayed. */
  constructor(tell: (change: RendezvousChange) => void) {
    this.#tell = tell;
  }

  find(id: string): Offer | undefined {
    return this.#waiting.get(id) ?? this.#accepted.get(id);
  }

  /** True when the user has as many offers as one may have. */
  isFull(user: User): boolean {
    return (this.#made.get(user) ?? 0) >= limits.offersPerUser;
  }

  add(offer: Offer): void {
    this.#waiting.set(offer.id, offer);
    this.#made.set(offer.from, (this.#made.get(offer.from) ?? 0) + 1);
  }

  /** The offer was accepted: it runs until one side ends it. */
  accept(offer: Offer): void {
    this.#waiting.delete(offer.id);
    offer.accepted = true;
    this.#accepted.set(offer.id, offer);
    const { id: transfer, from, to } = offer;
    const clients = { from: from.id, to: to.id };
    this.#tell({ do: "relay", transfer, ...clients, account: from.id });
  }

  /** The offer is over; false when it was before. */
  remove(offer: Offer): boolean {
    const wasAccepted = this.#accepted.delete(offer.id);
    if (!wasAccepted && !this.#waiting.delete(offer.id)) return false;
    if (wasAccepted) this.#tell({ do: "relay-end", transfer: offer.id });
    const made = (this.#made.get(offer.from) ?? 1) - 1;
    if (made > 0) this.#made.set(offer.from, made);
    else this.#made.delete(offer.from);
    return true;
  }

  /** The user's offers, made or received. */
  of(user: User): Offer[] {
    return [...this.#waiting.values(), ...this.#accepted.values()].filter(
      (offer) => offer.from === user || offer.to === user,
    );
  }

  /** When the next offer expires unanswered, monotonic ms. */
  get nextExpiry(): number | undefined {
    for (const offer of this.#waiting.values()) {
      return offer.at + limits.offerMs;
    }
    return undefined;
  }

  /** Accepted offers of which a side has been away longer than a token lasts. */
  abandoned(now: number): Offer[] {
    const isGone = ({ sessions, awaySince }: User) =>
      sessions.length === 0 && now - awaySince >= limits.tokenMs;
    return [...this.#accepted.values()].filter((offer) =>
      isGone(offer.from) || isGone(offer.to)
    );
  }

  /** Offers that waited too long. */
  expired(now: number): Offer[] {
    const expired: Offer[] = [];
    for (const offer of this.#waiting.values()) {
      if (offer.at + limits.offerMs > now) break;
      expired.push(offer);
    }
    return expired;
  }
}
