/** The file of the peers a client has met (see `known_peers.ts`). */
import { join } from "@std/path";
import { KnownPeers } from "../client/known_peers.ts";
import { updateFileAtomically } from "./atomic_file.ts";
import { readTextFile } from "./read_text_file.ts";
import { reasonOf } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

/** Reads and rewrites `known_peers` in a configuration folder. */
export class KnownPeersFile {
  readonly path: string;
  readonly #server: string;

  /** @param server As `serverLabel` writes it. */
  constructor(configFolder: string, server: string) {
    this.path = join(configFolder, "known_peers");
    this.#server = server;
  }

  /** The peers known on this server. @throws {StartError} when unreadable. */
  async load(): Promise<KnownPeers> {
    return new KnownPeers(await readTextFile(this.path) ?? "", this.#server);
  }

  /**
   * Changes the file, together with what other clients have written meanwhile;
   * returns the peers that are known then.
   *
   * @throws {StartError} when it cannot be written.
   */
  async update(edit: (peers: KnownPeers) => void): Promise<KnownPeers> {
    let peers = new KnownPeers("", this.#server);
    try {
      await updateFileAtomically(this.path, (text) => {
        peers = new KnownPeers(text ?? "", this.#server);
        edit(peers);
        return peers.toText();
      });
    } catch (error) {
      throw new StartError(`cannot write "${this.path}": ${reasonOf(error)}`);
    }
    return peers;
  }
}
