/**
 * Offers of files, private sessions and calls: one device offers, all devices of the
 * receiver are asked, and with the one that accepts it goes on. The server relays
 * what both sides say about an offer and forgets it when it ends; what is offered
 * never passes here.
 */
import type { Instant } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { ConnectionId } from "./actions.ts";
import type { Device } from "./device.ts";
import type { RendezvousChange } from "./rendezvous_change.ts";
import type { User } from "./user.ts";

/** An offer that waits for its answer, or was accepted and runs. */
export interface Offer {
  /** Chosen by the one who offers: 16 hexadecimal digits. */
  readonly id: string;
  readonly from: Device;
  readonly to: User;
  /** True when it is for one device of the receiver, whichever there are. */
  readonly isForOne: boolean;
  /** The devices of the receiver that were asked. */
  readonly asked: readonly Device[];
  /** Those that may still accept it; once one has, that one alone. */
  open: readonly Device[];
  readonly kind: "file" | "session" | "call";
  /** What is offered, of an offer of a file. */
  readonly file?:
    | {
      readonly name: string;
      readonly size: number;
      /** Of folders or several files. */
      readonly tree?: { readonly roots: number } | undefined;
      readonly stream?: boolean | undefined;
    }
    | undefined;
  /** Of a call: see `lib/wire/offers.ts`. */
  readonly call?: {
    readonly id: string;
    readonly media: "voice" | "video";
    readonly joins?: boolean;
  } | undefined;
  /** When it was made, monotonic ms. */
  readonly at: number;
  accepted: boolean;
  /** When it was, ms since 1970 UTC. */
  acceptedAt?: number;
}

/** True while a device is on one side of an offer that was accepted. */
export function isBetween(offer: Offer, device: Device): boolean {
  return offer.accepted &&
    (offer.from === device || offer.open.includes(device));
}

/** Every offer that has not ended. */
export class OfferTable {
  // In the order they were made, so the first one waiting expires first.
  readonly #waiting = new Map<string, Offer>();
  /** Those of calls, which do not wait as long. */
  readonly #ringing = new Map<string, Offer>();
  readonly #accepted = new Map<string, Offer>();
  /** How long those of each kind wait for an answer, ms. */
  readonly #spans = [
    [this.#waiting, limits.offerMs],
    [this.#ringing, limits.ringMs],
  ] as const;
  readonly #made = new Map<User, number>();
  readonly #tell: (change: RendezvousChange, at?: ConnectionId) => void;

  /** @param tell Tells the rendezvous, of all nodes or of the one of a connection. */
  constructor(tell: (change: RendezvousChange, at?: ConnectionId) => void) {
    this.#tell = tell;
  }

  find(id: string): Offer | undefined {
    return this.#waiting.get(id) ?? this.#ringing.get(id) ??
      this.#accepted.get(id);
  }

  /** True when the user has as many offers as one may have. */
  isFull(user: User): boolean {
    return (this.#made.get(user) ?? 0) >= limits.offersPerUser;
  }

  add(offer: Offer): void {
    const { user } = offer.from;
    this.#unanswered(offer).set(offer.id, offer);
    this.#made.set(user, (this.#made.get(user) ?? 0) + 1);
  }

  /** A device accepted the offer: it runs until one side ends it. */
  accept(offer: Offer, device: Device, now: Instant): void {
    this.#unanswered(offer).delete(offer.id);
    offer.accepted = true;
    offer.acceptedAt = now.wall;
    offer.open = [device];
    this.#accepted.set(offer.id, offer);
    const { id: transfer, from } = offer;
    const clients = { from: from.number, to: device.number };
    this.#tell(
      { do: "relay", transfer, ...clients, account: from.user.id },
      from.session?.connection.id,
    );
  }

  /** A device will not accept the offer; true when that was the last one. */
  withdraw(offer: Offer, device: Device): boolean {
    offer.open = offer.open.filter((each) => each !== device);
    return offer.open.length === 0;
  }

  /** The offer is over; false when it was before. */
  remove(offer: Offer): boolean {
    const wasAccepted = this.#accepted.delete(offer.id);
    const wasOpen = wasAccepted || this.#unanswered(offer).delete(offer.id);
    if (!wasOpen) return false;
    if (wasAccepted) this.#tell({ do: "relay-end", transfer: offer.id });
    const { user } = offer.from;
    const made = (this.#made.get(user) ?? 1) - 1;
    if (made > 0) this.#made.set(user, made);
    else this.#made.delete(user);
    return true;
  }

  /** The offers that a device has made or may accept, or has accepted. */
  ofDevice(device: Device): Offer[] {
    return this.#all().filter(({ from, open }) =>
      from === device || open.includes(device)
    );
  }

  /** The user's offers, made or received by any device. */
  of(user: User): Offer[] {
    return this.#all().filter(({ from, to }) =>
      from.user === user || to === user
    );
  }

  /** When the next offer expires unanswered, monotonic ms. */
  get nextExpiry(): number | undefined {
    let next: number | undefined;
    for (const [offers, ms] of this.#spans) {
      for (const { at } of offers.values()) {
        next = Math.min(next ?? Infinity, at + ms);
        break;
      }
    }
    return next;
  }

  /** Accepted offers of which a side has been away for too long. */
  abandoned(now: number): Offer[] {
    return [...this.#accepted.values()].filter(({ kind, from, open }) => {
      // A session needs its token to come back, a transfer nothing.
      const most = kind === "file" ? limits.awayMs : limits.tokenMs;
      return [from, ...open].some(({ session, awaySince }) =>
        session === undefined && now - awaySince >= most
      );
    });
  }

  /** Offers that waited too long. */
  expired(now: number): Offer[] {
    const expired: Offer[] = [];
    for (const [offers, ms] of this.#spans) {
      for (const offer of offers.values()) {
        if (offer.at + ms > now) break;
        expired.push(offer);
      }
    }
    return expired;
  }

  #all(): Offer[] {
    return [this.#waiting, this.#ringing, this.#accepted]
      .flatMap((offers) => [...offers.values()]);
  }

  #unanswered({ kind }: Offer): Map<string, Offer> {
    return kind === "call" ? this.#ringing : this.#waiting;
  }
}
