import { KnownPeers } from "../../lib/client/known_peers.ts";
import type { PeerMemory } from "../../lib/client/peer_memory.ts";

/** Known peers of one run, without a file. */
export class MemoryPeers implements PeerMemory {
  readonly #peers = new KnownPeers("", "server:6000");

  read(): KnownPeers {
    return this.#peers;
  }

  update(edit: (peers: KnownPeers) => void): void {
    edit(this.#peers);
  }
}
