import type { KnownPeers } from "./known_peers.ts";

/** Remembers the keys of other users over the runs of the client. */
export interface PeerMemory {
  /** What is known now, to other clients of the same user as well. */
  read(): KnownPeers;
  /**
   * Changes what is known; {@link read} tells it at once. `edit` may be called
   * several times, with what others have changed meanwhile.
   */
  update(edit: (peers: KnownPeers) => void): void;
}
