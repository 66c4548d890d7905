/** The file of the servers a client has met (see `server_pins.ts`). */
import { join } from "@std/path";
import {
  findServerPin,
  type ServerPin,
  withoutServerPin,
  withServerPin,
} from "../client/server_pins.ts";
import { updateFileAtomically } from "./atomic_file.ts";
import { readTextFile } from "./read_text_file.ts";
import { textFileReason } from "./reason_of.ts";
import { StartError } from "./start_error.ts";

/** A server's key that was not met but told: on the command line, or in a file. */
export interface GivenPin {
  /** As `serverLabel` writes it. */
  readonly label: string;
  readonly fingerprint: string;
}

/** Reads and rewrites `known_servers` in a configuration folder. */
export class PinFile {
  readonly path: string;
  /** What could not be written, good for as long as the program runs. */
  readonly #unwritten = new Map<string, ServerPin>();
  readonly #given: GivenPin | undefined;

  /** @param given Wins over what is known of its server. */
  constructor(configFolder: string, given?: GivenPin) {
    this.path = join(configFolder, "known_servers");
    this.#given = given;
  }

  /** True when the key of this server was given. */
  isGiven(label: string): boolean {
    return this.#given?.label === label;
  }

  /**
   * What is known of a server.
   *
   * @param label As `serverLabel` writes it.
   * @throws {StartError} when the file cannot be read: without it, a changed
   * key could not be told from a new server.
   */
  async find(label: string): Promise<ServerPin | undefined> {
    const known = this.#unwritten.get(label) ??
      findServerPin(await readTextFile(this.path) ?? "", label);
    const { fingerprint } = this.#given ?? {};
    if (fingerprint === undefined || !this.isGiven(label)) return known;
    return known?.fingerprint === fingerprint
      ? known
      // The certificate is asked for at the first connection.
      : { fingerprint, certificate: new Uint8Array(0) };
  }

  /**
   * Remembers a server.
   *
   * @throws {StartError} when it cannot be written: then until the program ends.
   */
  async remember(label: string, pin: ServerPin): Promise<void> {
    this.#unwritten.set(label, pin);
    await this.#update((text) => withServerPin(text, label, pin));
    this.#unwritten.delete(label);
  }

  /**
   * Forgets a server, so that whatever key it shows next is accepted. Resolves
   * to false when it was not known.
   *
   * @throws {StartError} when the file cannot be read or written.
   */
  async forget(label: string): Promise<boolean> {
    if (await this.find(label) === undefined) return false;
    await this.#update((text) => withoutServerPin(text, label));
    this.#unwritten.delete(label);
    return true;
  }

  async #update(edit: (text: string) => string): Promise<void> {
    try {
      await updateFileAtomically(this.path, (text) => edit(text ?? ""));
    } catch (error) {
      throw new StartError(
        `cannot write "${this.path}": ${textFileReason(error)}`,
      );
    }
  }
}
