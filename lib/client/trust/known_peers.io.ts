/** The file of the peers a client has met (see `known_peers.ts`). */
import { join } from "@std/path";
import { KnownPeers, type PeerMemory } from "./known_peers.ts";
import { withoutMark } from "../../base/text_file.ts";
import { updateFileAtomically } from "../../system/files.io.ts";
import { reasonOf, StartError } from "../../system/errors.io.ts";

type Edit = (peers: KnownPeers) => void;

/**
 * Reads and rewrites `known_peers` in a configuration folder, which several
 * clients may do at once. What could not be written is known until this client
 * ends.
 */
export class KnownPeersFile implements PeerMemory {
  readonly path: string;
  readonly #server: string;
  readonly #onFault: (message: string) => void;
  /** The file as it was last read. */
  #text: string;
  #peers: KnownPeers;
  /** Changes that the file does not have yet, oldest first. */
  readonly #edits: Edit[] = [];
  #writing: Promise<void> = Promise.resolve();

  /**
   * @param server As `serverLabel` writes it.
   * @param onFault Gets one line for people when the file cannot be written.
   * @throws {StartError} when the file is there and cannot be read.
   */
  constructor(
    configFolder: string,
    server: string,
    onFault: (message: string) => void,
  ) {
    this.path = join(configFolder, "known_peers");
    this.#server = server;
    this.#onFault = onFault;
    try {
      this.#text = this.#readText();
    } catch (error) {
      throw new StartError(`cannot read "${this.path}": ${reasonOf(error)}`);
    }
    this.#peers = new KnownPeers(this.#text, server);
  }

  read(): KnownPeers {
    let text = this.#text;
    try {
      text = this.#readText();
    } catch {
      // What was known before still is.
    }
    if (text !== this.#text) {
      this.#text = text;
      this.#peers = this.#withEdits();
    }
    return this.#peers;
  }

  update(edit: Edit): void {
    this.#edits.push(edit);
    this.#peers = this.#withEdits();
    this.#writing = this.#writing.then(() => this.#write(edit));
  }

  /** Resolves when everything was written, or was found not to be writable. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(edit: Edit): Promise<void> {
    try {
      await updateFileAtomically(this.path, (text) => {
        const peers = new KnownPeers(text ?? "", this.#server);
        edit(peers);
        return peers.toText();
      });
      this.#edits.splice(this.#edits.indexOf(edit), 1);
      this.#text = this.#readText();
    } catch (error) {
      const reason = reasonOf(error);
      this.#onFault(
        `cannot write "${this.path}": ${reason}; the keys of other users are ` +
          "remembered only until this client ends",
      );
    }
    this.#peers = this.#withEdits();
  }

  #withEdits(): KnownPeers {
    const peers = new KnownPeers(this.#text, this.#server);
    for (const edit of this.#edits) edit(peers);
    return peers;
  }

  #readText(): string {
    try {
      return withoutMark(Deno.readTextFileSync(this.path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }
}
