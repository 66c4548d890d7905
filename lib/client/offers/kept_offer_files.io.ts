/**
 * Keeps {@link KeptOffer}s in the state folder, a small file for each, for its
 * owner's eyes alone. Who works with one holds a lock beside it, which the system
 * takes back however the program ends: so it is offered by one client at a time,
 * and by the next one after a kill. A file is replaced at once, so that a killed
 * client or a full disk leaves what was there before.
 */
import { encodeHex } from "@std/encoding/hex";
import { join } from "@std/path";
import { reasonOf, StartError } from "../../system/errors.io.ts";
import { stateFolderPath } from "../../system/folders.io.ts";
import { closeLocked } from "../../system/own_file.io.ts";
import { limits } from "../../wire/limits.ts";
import { KeptUploads } from "./kept_uploads.io.ts";
import { writeAll } from "../files/write_all.io.ts";
import {
  formatKeptOffer,
  type KeptOffer,
  type KeptOfferMemory,
  type KeptOwner,
  parseKeptOffer,
} from "./kept_offer.ts";
import { readPlainTextSync } from "../../system/read_file.io.ts";

/** The files `later/STORE-ACCOUNT-ID` of the state folder. */
export class KeptOfferFiles implements KeptOfferMemory {
  readonly #env: (name: string) => string | undefined;
  readonly #uploads: KeptUploads;
  /** Those that this program works with, by their ids. */
  readonly #held = new Map<string, HeldFile>();

  /** @param env Looks up an environment variable: where the folder is. */
  constructor(env: (name: string) => string | undefined) {
    this.#env = env;
    this.#uploads = new KeptUploads(env);
  }

  take(owner: KeptOwner): { offers: KeptOffer[]; faults: string[] } {
    const offers: KeptOffer[] = [];
    const faults: string[] = [];
    for (const path of this.#paths(owner)) {
      try {
        const found = this.#takeFile(path);
        if (found !== undefined) offers.push(found);
      } catch (error) {
        const why = error instanceof KeptFault
          ? error.message
          : reasonOf(error);
        faults.push(`what waits in "${path}" cannot be used: ${why}`);
      }
    }
    offers.sort((one, other) => one.since - other.since);
    return { offers, faults };
  }

  put(owner: KeptOwner, offer: KeptOffer): string | undefined {
    const isKnown = this.#held.has(offer.id);
    try {
      const text = formatKeptOffer(offer);
      if (text.length > mostCharacters) return "these are too many paths";
      const held = this.#held.get(offer.id) ?? this.#begin(owner, offer.id);
      writeWhole(held.path + nextEnding, new TextEncoder().encode(text));
      Deno.renameSync(held.path + nextEnding, held.path);
      if (offer.to.length === 0) this.#uploads.removeOf(offer.paths);
      return undefined;
    } catch (error) {
      if (!isKnown) this.remove(offer.id);
      if (error instanceof KeptFault || error instanceof StartError) {
        return error.message;
      }
      return `cannot write to "${this.#folder()}": ${reasonOf(error)}`;
    }
  }

  remove(id: string): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    this.#held.delete(id);
    removeQuietly(held.path);
    this.#release(held);
  }

  close(): void {
    for (const { lock } of this.#held.values()) closeLocked(lock);
    this.#held.clear();
  }

  /**
   * The paths of what is kept for anybody, whichever client works on it.
   *
   * @throws {Error} when they cannot be read.
   */
  usedPaths(): string[] {
    const folder = this.#folder();
    const offers = namesIn(folder).filter((name) => !name.includes("."))
      .map((name) => parseKeptOffer(readIfThere(join(folder, name))));
    return offers.flatMap((kept) => kept?.to.length ? kept.paths : []);
  }

  /** The paths of an account's files, by the locks that stand beside them. */
  #paths(owner: KeptOwner): string[] {
    const prefix = prefixOf(owner);
    try {
      const folder = this.#folder();
      return [...Deno.readDirSync(folder)].map(({ name }) => name)
        .filter((name) => name.startsWith(prefix) && name.endsWith(lockEnding))
        .map((name) => join(folder, name.slice(0, -lockEnding.length)))
        .filter((path) => !this.#held.has(idOf(path)));
    } catch {
      // Nothing was ever kept.
      return [];
    }
  }

  /** What is in a file, if no other client works on it. */
  #takeFile(path: string): KeptOffer | undefined {
    const lock = Deno.openSync(path + lockEnding, toLock);
    if (!lock.tryLockSync(true)) {
      closeLocked(lock);
      return undefined;
    }
    const held = { path, lock };
    let text: string;
    try {
      text = readBounded(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) {
        closeLocked(lock);
        throw error;
      }
      // It was forgotten, and a kill left the rest.
      this.#release(held);
      return undefined;
    }
    const offer = parseKeptOffer(text);
    if (offer === undefined || offer.id !== idOf(path)) {
      const aside = path + brokenEnding;
      Deno.renameSync(path, aside);
      this.#release(held);
      throw new KeptFault(`it is damaged; it is kept as "${aside}"`);
    }
    this.#held.set(offer.id, held);
    return offer;
  }

  /** A place for one that was not kept before. */
  #begin(owner: KeptOwner, id: string): HeldFile {
    const folder = this.#folder();
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const prefix = prefixOf(owner);
    const others = [...Deno.readDirSync(folder)].filter(({ name }) =>
      name.startsWith(prefix) && name.endsWith(lockEnding)
    );
    if (others.length >= limits.laterOffers) {
      const message =
        `${others.length} things wait already; /transfers lists them, /cancel N takes one back`;
      throw new KeptFault(message);
    }
    const path = join(folder, prefix + id);
    const lock = Deno.openSync(path + lockEnding, fresh);
    if (!lock.tryLockSync(true)) {
      closeLocked(lock);
      throw new KeptFault(`"${path}" is in use`);
    }
    const held = { path, lock };
    this.#held.set(id, held);
    return held;
  }

  #release({ path, lock }: HeldFile): void {
    removeQuietly(path + nextEnding);
    // Removed while it is held: who waits for it finds that there is nothing.
    removeQuietly(path + lockEnding);
    closeLocked(lock);
  }

  /** @throws {StartError} when the environment names no place for it. */
  #folder(): string {
    return join(stateFolderPath(this.#env), "later");
  }
}

/** A file that this program works with. */
interface HeldFile {
  readonly path: string;
  readonly lock: Deno.FsFile;
}

/** Why something cannot be kept or used, in one line for people. */
class KeptFault extends Error {}

function prefixOf({ store, account }: KeptOwner): string {
  // Both come from elsewhere.
  return `${encodeHex(store)}-${encodeHex(account)}-`;
}

function idOf(path: string): string {
  return path.slice(path.lastIndexOf("-") + 1);
}

function writeWhole(path: string, bytes: Uint8Array): void {
  using file = Deno.openSync(path, fresh);
  writeAll(file, bytes);
  file.syncSync();
}

function readBounded(path: string): string {
  if (Deno.statSync(path).size > mostCharacters * 4) return "";
  return readPlainTextSync(path);
}

/** @throws {Error} when the folder is there and cannot be read. */
function namesIn(folder: string): string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Empty when there is none any more. */
function readIfThere(path: string): string {
  try {
    return readBounded(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // There is none.
  }
}

const fresh = { write: true, create: true, truncate: true, mode: 0o600 };
/** Opened to be written alone, a pipe would wait for a reader. */
const toLock = { read: true, write: true };
const lockEnding = ".lock";
const nextEnding = ".next";
const brokenEnding = ".broken";
/** Most characters in a file. */
const mostCharacters = 512 * 1024;
