/** How much is sent to each of the others in a call, by how many there are. */

/** Most of each, bits/s. */
export interface CallRates {
  readonly voice: number;
  /** Camera and screen, each. */
  readonly video: number;
}

/** What a call of so many people, oneself among them, may take. */
export function ratesFor(people: number): CallRates {
  if (people <= 2) return { voice: 40_000, video: 700_000 };
  if (people === 3) return { voice: 32_000, video: 300_000 };
  return { voice: 24_000, video: 150_000 };
}
