/**
 * Keeps the devices that this installation is ({@link DeviceSlot}) in the state
 * folder, one small file for each. Who works with one holds a lock on its file,
 * which the system takes back however the program ends: so the next client is
 * the same device again, also after a kill, and two at a time are two devices.
 *
 * A file is written in place in one write after every message, which a killed
 * program either made or did not. Where there is no folder that can be written,
 * or no locks, the client works as well; only, it is a new device each time, and
 * says so.
 */
import { encodeHex } from "@std/encoding/hex";
import { join } from "@std/path";
import type { Random } from "../../base/ports.ts";
import { reasonOf, StartError } from "../../system/errors.io.ts";
import { configFolderPath, stateFolderPath } from "../../system/folders.io.ts";
import { closeLocked } from "../../system/own_file.io.ts";
import {
  type DeviceSlot,
  formatSlot,
  isSameName,
  nameAfter,
  newSlot,
  otherNameText,
  parseMark,
  parseSlot,
} from "./device_slot.ts";
import { type InboxOwner, isSameOwner, type SeenMark } from "./inbox.ts";
import type { OwnDevice } from "./login.ts";
import type { DeviceMemory } from "./session_parts.ts";
import { userKey } from "../../wire/names.ts";
import { readPlainTextSync } from "../../system/read_file.io.ts";

/** The files `devices/STORE-USER-NUMBER` of the state folder. */
export class DeviceSlots implements DeviceMemory {
  readonly #env: (name: string) => string | undefined;
  readonly #random: Random;
  readonly #name: string;
  #held: HeldSlot | undefined;
  #fault: string | undefined;

  /**
   * @param env Looks up an environment variable: where the folders are.
   * @param name Which device to be: one that the server calls so, or that was
   * asked for so; by default whichever is free of those that nobody asked for.
   */
  constructor(
    env: (name: string) => string | undefined,
    random: Random,
    name = "",
  ) {
    this.#env = env;
    this.#random = random;
    this.#name = name;
  }

  /**
   * Why the device in use is none again at the next start, or is not called as
   * it was asked for: one line for people.
   */
  get fault(): string | undefined {
    const called = this.#held?.slot.called ?? "";
    return this.#fault ?? otherNameText(this.#name, called);
  }

  device(owner: InboxOwner): OwnDevice {
    const { id, name, called } = this.#hold(owner).slot;
    const also = called === "" ? this.#elsewhere(owner) : [];
    return {
      ...{ id, name: name === "" ? nameAfter(machineName()) : name },
      ...also.length > 0 && { also: also.map(({ slot }) => slot.id) },
    };
  }

  read(owner: InboxOwner): SeenMark {
    return this.#hold(owner).slot.mark;
  }

  write(owner: InboxOwner, mark: SeenMark): void {
    const held = this.#hold(owner);
    held.slot = { ...held.slot, mark };
    this.#save(held);
  }

  learnName(owner: InboxOwner, name: string, is?: string): void {
    const held = this.#hold(owner);
    const { id, called } = held.slot;
    if (called === name && is === undefined) return;
    held.slot = { ...held.slot, id: is ?? id, called: name };
    this.#save(held);
    if (is === undefined) return;
    // It has its place under the new name from now on.
    for (const { path, slot } of this.#elsewhere(owner)) {
      if (slot.id === is) removeFile(path);
    }
  }

  rename(owner: InboxOwner, user: string): void {
    const held = this.#held;
    if (held === undefined || !isSameOwner(held.owner, owner)) return;
    held.owner = { ...owner, user };
    const { place } = held;
    if (place === undefined) return;
    try {
      const path = this.#pathOf(held.owner, place.number);
      Deno.renameSync(place.path, path);
      held.place = { ...place, path };
    } catch {
      // It is found under the old name, or not at all.
    }
  }

  /** Leaves the device to the next client. */
  close(): void {
    const file = this.#held?.place?.file;
    if (file !== undefined) closeLocked(file);
    this.#held = undefined;
  }

  #save({ place, slot }: HeldSlot): void {
    try {
      if (place !== undefined) write(place.file, slot);
    } catch {
      // After a kill the server may repeat what it was not yet told about.
    }
  }

  #hold(owner: InboxOwner): HeldSlot {
    if (this.#held !== undefined && isSameOwner(this.#held.owner, owner)) {
      return this.#held;
    }
    this.close();
    return this.#held = this.#take(owner) ??
      { owner, slot: this.#newSlot(owner) };
  }

  /** Takes the first slot that is free; `undefined` when there is none. */
  #take(owner: InboxOwner): HeldSlot | undefined {
    this.#fault = undefined;
    try {
      Deno.mkdirSync(this.#folder(), { recursive: true, mode: 0o700 });
      return this.#takeOf(owner, "called") ?? this.#takeOf(owner, "asked");
    } catch (error) {
      const why = error instanceof StartError
        ? error.message
        : `cannot write to "${this.#folder()}": ${reasonOf(error)}`;
      this.#fault = `${why}; so each start is another device (/devices)`;
    }
    return undefined;
  }

  #takeOf(owner: InboxOwner, wanted: Wanted): HeldSlot | undefined {
    if (wanted === "called" && this.#name === "") return undefined;
    for (let number = 1; number <= mostSlots; number++) {
      const held = this.#takeNumber(owner, number, wanted);
      if (held !== undefined) return held;
    }
    return undefined;
  }

  #takeNumber(
    owner: InboxOwner,
    number: number,
    wanted: Wanted,
  ): HeldSlot | undefined {
    const path = this.#pathOf(owner, number);
    const create = wanted === "asked";
    // What is no file could keep whoever opens or reads it waiting for ever.
    const isFile = isFileAt(path);
    if (isFile === false || !create && isFile === undefined) return undefined;
    const options = { read: true, write: true, create, mode: 0o600 };
    const file = Deno.openSync(path, options);
    try {
      const slot = this.#slotIn(file, owner, wanted);
      if (slot !== undefined) {
        return { owner, slot, place: { number, path, file } };
      }
    } catch (error) {
      closeLocked(file);
      throw error;
    }
    closeLocked(file);
    return undefined;
  }

  /** The slot in a file, also a new one; `undefined` when it is another's. */
  #slotIn(
    file: Deno.FsFile,
    owner: InboxOwner,
    wanted: Wanted,
  ): DeviceSlot | undefined {
    // Nothing is read before: on some systems a lock shuts out readers, too.
    if (!file.tryLockSync(true)) return undefined;
    const known = parseSlot(readAll(file));
    if (known !== undefined) {
      const name = wanted === "called" ? known.called : known.name;
      return isSameName(name, this.#name) ? known : undefined;
    }
    if (wanted === "called") return undefined;
    const slot = this.#newSlot(owner);
    write(file, slot);
    this.#forgetEarlier(owner);
    return slot;
  }

  /** One that was none before, with what an earlier version showed. */
  #newSlot(owner: InboxOwner): DeviceSlot {
    let mark: SeenMark | undefined;
    try {
      mark = parseMark(readPlainTextSync(this.#earlierPath(owner)));
    } catch {
      // There was no earlier version here.
    }
    return newSlot(this.#name, this.#random, mark);
  }

  #forgetEarlier(owner: InboxOwner): void {
    removeFile(this.#earlierPath(owner));
  }

  /**
   * The slots of users of other names that nobody works with: what this client
   * is, if its user was renamed from another device.
   */
  #elsewhere(owner: InboxOwner): FormerSlot[] {
    const found: FormerSlot[] = [];
    try {
      const own = `${nameOf(owner)}-`;
      const names = [...Deno.readDirSync(this.#folder())]
        .map(({ name }) => name)
        .filter((name) => name.startsWith(storePrefix(owner)))
        .filter((name) => !name.startsWith(own)).sort();
      for (const name of names.slice(0, mostLookedAt)) {
        const path = join(this.#folder(), name);
        const slot = freeSlotAt(path);
        if (slot !== undefined && this.#fits(slot)) found.push({ path, slot });
      }
    } catch {
      // Then it is a new one.
    }
    return found.slice(0, mostSlots);
  }

  /** True for what the same start would be given under its own user's name. */
  #fits({ name, called }: DeviceSlot): boolean {
    if (this.#name !== "" && isSameName(called, this.#name)) return true;
    return isSameName(name, this.#name);
  }

  /** Where versions before devices kept up to which message all was shown. */
  #earlierPath(owner: InboxOwner): string {
    return join(configFolderPath(this.#env), "seen", spelledNameOf(owner));
  }

  /** @throws {StartError} when the environment names no place for it. */
  #folder(): string {
    return join(stateFolderPath(this.#env), "devices");
  }

  #pathOf(owner: InboxOwner, number: number): string {
    return join(this.#folder(), `${nameOf(owner)}-${number}`);
  }
}

/** A slot that this program works with. */
interface HeldSlot {
  owner: InboxOwner;
  slot: DeviceSlot;
  /** Where it is kept, locked; absent when it is not. */
  place?: SlotFile;
}

/**
 * How a slot is looked for: by what the server calls the device, or by what was
 * asked for, where one that nobody has is made.
 */
type Wanted = "called" | "asked";

interface SlotFile {
  readonly number: number;
  readonly path: string;
  readonly file: Deno.FsFile;
}

/** One that is kept under another user's name. */
interface FormerSlot {
  readonly path: string;
  readonly slot: DeviceSlot;
}

/** The slot in a file, unless a client works with it. */
function freeSlotAt(path: string): DeviceSlot | undefined {
  if (!isFileAt(path)) return undefined;
  const file = Deno.openSync(path, { read: true, write: true });
  try {
    return file.tryLockSync(true) ? parseSlot(readAll(file)) : undefined;
  } finally {
    closeLocked(file);
  }
}

function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // There is none.
  }
}

/** `undefined` where nothing is. */
function isFileAt(path: string): boolean | undefined {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return undefined;
  }
}

function write(file: Deno.FsFile, slot: DeviceSlot): void {
  file.seekSync(0, Deno.SeekMode.Start);
  file.writeSync(new TextEncoder().encode(formatSlot(slot)));
}

/** What is in a file, if that is not more than a slot's can be. */
function readAll(file: Deno.FsFile): string {
  const buffer = new Uint8Array(mostBytes);
  let size = 0;
  for (;;) {
    const count = file.readSync(buffer.subarray(size));
    if (count === null || count === 0) break;
    size += count;
  }
  return new TextDecoder().decode(buffer.subarray(0, size));
}

/** The same in whatever case the user's name was typed. */
function nameOf({ store, user }: InboxOwner): string {
  return spelledNameOf({ store, user: userKey(user) });
}

function spelledNameOf({ store, user }: InboxOwner): string {
  // Both come from elsewhere; and not every file system tells Yoda from yoda.
  return `${storePrefix({ store })}${encodeHex(user)}`;
}

function storePrefix({ store }: Pick<InboxOwner, "store">): string {
  return `${encodeHex(store)}-`;
}

/** Empty when the system does not tell. */
function machineName(): string {
  try {
    return Deno.hostname();
  } catch {
    return "";
  }
}

/** Most devices of one user in one installation; those beyond are not kept. */
const mostSlots = 32;
/** Most of all other users' that are looked at once. */
const mostLookedAt = 256;
const mostBytes = 4096;
