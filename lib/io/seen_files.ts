/**
 * Remembers in the configuration folder up to which message a user was shown
 * everything, one small file for each database and user. It is written in place
 * in one write after every message, which a killed program either made or did
 * not. Where nothing can be written, the client works as well; only, after it
 * was killed, the server may repeat what it was not yet told about.
 */
import { encodeHex } from "@std/encoding/hex";
import { join } from "@std/path";
import type { InboxOwner, SeenMemory } from "../client/inbox.ts";
import { configFolderPath } from "./config_folder.ts";

/** The files `seen/STORE-USER` of a configuration folder. */
export class SeenFiles implements SeenMemory {
  readonly #env: (name: string) => string | undefined;
  #open: { readonly path: string; readonly file: Deno.FsFile } | undefined;

  /** @param env Looks up an environment variable: where the folder is. */
  constructor(env: (name: string) => string | undefined) {
    this.#env = env;
  }

  read(owner: InboxOwner): number | undefined {
    try {
      const text = Deno.readTextFileSync(this.#pathOf(owner)).trim();
      const id = Number(text);
      return /^[0-9]+$/.test(text) && Number.isSafeInteger(id) ? id : undefined;
    } catch {
      return undefined;
    }
  }

  write(owner: InboxOwner, id: number): void {
    try {
      const path = this.#pathOf(owner);
      if (this.#open?.path !== path) this.#openFile(path);
      // Always as long as the one before, so that nothing of it is left.
      const text = `${String(id).padStart(idDigits)}\n`;
      this.#open?.file.seekSync(0, Deno.SeekMode.Start);
      this.#open?.file.writeSync(new TextEncoder().encode(text));
    } catch {
      this.#close();
    }
  }

  #openFile(path: string): void {
    this.#close();
    Deno.mkdirSync(this.#folder(), { recursive: true, mode: 0o700 });
    const file = Deno.openSync(path, {
      write: true,
      create: true,
      mode: 0o600,
    });
    this.#open = { path, file };
  }

  #close(): void {
    this.#open?.file.close();
    this.#open = undefined;
  }

  /** @throws {StartError} when the environment names no place for it. */
  #folder(): string {
    return join(configFolderPath(this.#env), "seen");
  }

  #pathOf({ store, user }: InboxOwner): string {
    // Both come from elsewhere; and not every file system tells Yoda from yoda.
    const name = `${encodeHex(store)}-${encodeHex(user)}`;
    return join(this.#folder(), name);
  }
}

/** Digits of the largest safe integer. */
const idDigits = 16;
