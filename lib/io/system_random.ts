import type { Random } from "../protocol/random.ts";

/** The operating system's cryptographic randomness. */
export const systemRandom: Random = {
  bytes(length) {
    return crypto.getRandomValues(new Uint8Array(length));
  },
};
