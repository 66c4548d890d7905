/** The files of the user's keys that this device was given. */
import { dirname, join } from "@std/path";
import { encodeHex } from "@std/encoding/hex";
import { reasonOf } from "../../system/errors.io.ts";
import { updateFileAtomically } from "../../system/files.io.ts";
import { Identity } from "./identity.ts";
import type { GivenKeys, KeyPlace } from "./own_identity.ts";
import { readPlainTextSync } from "../../system/read_file.io.ts";

/**
 * Keeps each key in `identities/STORE-ACCOUNT.pem` of the configuration folder.
 * What could not be written is the device's until this client ends; a file that
 * cannot be read counts for nothing, as the key can be given anew.
 */
export class GivenKeyFiles implements GivenKeys {
  readonly #folder: string;
  readonly #onFault: (message: string) => void;
  #writing: Promise<void> = Promise.resolve();

  /** @param onFault Gets one line for people when a key cannot be kept. */
  constructor(configFolder: string, onFault: (message: string) => void) {
    this.#folder = join(configFolder, "identities");
    this.#onFault = onFault;
  }

  find(store: string, publicKey: string): Identity | undefined {
    try {
      const start = `${encodeHex(store)}-`;
      for (const { name } of Deno.readDirSync(this.#folder)) {
        if (!name.startsWith(start) || !name.endsWith(ending)) continue;
        const identity = readKey(join(this.#folder, name));
        if (identity?.publicKey === publicKey) return identity;
      }
    } catch {
      // None was ever given.
    }
    return undefined;
  }

  keep(place: KeyPlace, identity: Identity): void {
    this.#writing = this.#writing.then(() => this.#write(place, identity));
  }

  /** Resolves when everything was written, or was found not to be writable. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(
    { store, account }: KeyPlace,
    identity: Identity,
  ): Promise<void> {
    // Both come from elsewhere.
    const name = `${encodeHex(store)}-${encodeHex(account)}${ending}`;
    const path = join(this.#folder, name);
    try {
      await Deno.mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await updateFileAtomically(path, () => identity.toPem());
    } catch (error) {
      this.#onFault(
        `cannot write "${path}": ${reasonOf(error)}; this device has your ` +
          "key only until this client ends",
      );
    }
  }
}

/** The key in a file; `undefined` when that is damaged. */
function readKey(path: string): Identity | undefined {
  try {
    return Identity.fromPem(readPlainTextSync(path));
  } catch {
    return undefined;
  }
}

const ending = ".pem";
