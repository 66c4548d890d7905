/** The file of the peers a client has met (see `known_peers.ts`). */
import { join } from "@std/path";
import {
  KnownPeers,
  type PeerMemory,
  type ServerIdentity,
} from "./known_peers.ts";
import { withoutMark } from "../../base/text_file.ts";
import { updateFileAtomically } from "../../system/files.io.ts";
import { reasonOf, StartError, writeReason } from "../../system/errors.io.ts";
import { readPlainTextSync } from "../../system/read_file.io.ts";

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
  /** Of the key that the server has shown; absent without TLS. */
  #fingerprint: string | undefined;
  #identity: ServerIdentity | undefined;
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

  /**
   * A connection is there.
   *
   * @param fingerprint Of the key that the server has proved to have; absent
   * without TLS.
   */
  handleConnected(fingerprint: string | undefined): void {
    this.#fingerprint = fingerprint;
  }

  handleOpened(store: string): void {
    const fingerprint = this.#fingerprint;
    this.#identity = fingerprint === undefined
      ? undefined
      : { fingerprint, store };
    this.#peers = this.#withEdits();
    if (this.#peers.toText() === this.#text) return;
    // Where it cannot be written nobody needs to hear of it yet.
    this.#writing = this.#writing.then(() => this.#write());
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

  /** @param edit Absent to write down which server is there. */
  async #write(edit?: Edit): Promise<void> {
    try {
      await updateFileAtomically(this.path, (text) => {
        const peers = this.#peersOf(text ?? "");
        edit?.(peers);
        return peers.toText();
      });
      if (edit !== undefined) this.#edits.splice(this.#edits.indexOf(edit), 1);
      this.#text = this.#readText();
    } catch (error) {
      if (edit === undefined) return;
      const reason = writeReason(error);
      this.#onFault(
        `cannot write "${this.path}": ${reason}; the keys of other users are ` +
          "remembered only until this client ends",
      );
    }
    this.#peers = this.#withEdits();
  }

  #withEdits(): KnownPeers {
    const peers = this.#peersOf(this.#text);
    for (const edit of this.#edits) edit(peers);
    return peers;
  }

  #peersOf(text: string): KnownPeers {
    return new KnownPeers(text, this.#server, this.#identity);
  }

  #readText(): string {
    try {
      return withoutMark(readPlainTextSync(this.path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }
}
