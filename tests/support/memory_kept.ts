import type {
  KeptOffer,
  KeptOfferMemory,
  KeptOwner,
} from "../../lib/client/offers/kept_offer.ts";

/** What is kept, as the files have it, for one client after another. */
export class MemoryKept implements KeptOfferMemory {
  readonly offers = new Map<string, KeptOffer>();
  readonly #held = new Set<string>();
  /** Why nothing more can be kept. */
  fault: string | undefined;
  /** What cannot be read. */
  faults: string[] = [];

  take(_owner: KeptOwner) {
    const offers = [...this.offers.values()]
      .filter(({ id }) => !this.#held.has(id));
    for (const { id } of offers) this.#held.add(id);
    return { offers, faults: this.faults.splice(0) };
  }

  put(_owner: KeptOwner, offer: KeptOffer): string | undefined {
    if (this.fault !== undefined) return this.fault;
    this.#held.add(offer.id);
    this.offers.set(offer.id, offer);
    return undefined;
  }

  remove(id: string): void {
    this.#held.delete(id);
    this.offers.delete(id);
  }

  close(): void {
    this.#held.clear();
  }
}
