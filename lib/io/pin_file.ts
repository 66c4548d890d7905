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

/** Reads and rewrites `known_servers` in a configuration folder. */
export class PinFile {
  readonly path: string;
  /** What could not be written, good for as long as the program runs. */
  readonly #unwritten = new Map<string, ServerPin>();

  constructor(configFolder: string) {
    this.path = join(configFolder, "known_servers");
  }

  /**
   * What is known of a server.
   *
   * @param label As `serverLabel` writes it.
   * @throws {StartError} when the file cannot be read: without it, a changed
   * key could not be told from a new server.
   */
  async find(label: string): Promise<ServerPin | undefined> {
    const unwritten = this.#unwritten.get(label);
    return unwritten ??
      findServerPin(await readTextFile(this.path) ?? "", label);
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
