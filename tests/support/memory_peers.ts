import {
  KnownPeers,
  type PeerMemory,
} from "../../lib/client/trust/known_peers.ts";

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
