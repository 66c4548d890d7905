/**
 * The key that this device signs with, and whether it is its user's: a user has
 * one key on all devices, and a device that makes its own at first is given that
 * one, or does without.
 */
import type { Identity } from "./identity.ts";
import type { PeerRefusal } from "./peer_identities.ts";

/** Whose key it is. */
export interface KeyPlace {
  /** Names the server's database. */
  readonly store: string;
  /** Of the user there, as the server tells it. */
  readonly account: string;
}

/** Keeps the keys that this device was given, over the runs of the client. */
export interface GivenKeys {
  /** The one with this public key; `undefined` when none was given. */
  find(store: string, publicKey: string): Identity | undefined;
  /** Puts a key in the place of the one before. */
  keep(place: KeyPlace, identity: Identity): void;
}

/** This device's key. */
export class OwnIdentity {
  readonly #given: GivenKeys;
  #identity: Identity | undefined;
  /** The user's, as the server says; absent when it is this device's. */
  #userKey: string | undefined;
  #store = "";
  #isSingle = false;

  /** @param identity Of all accounts; absent where none could be kept. */
  constructor(identity: Identity | undefined, given: GivenKeys) {
    this.#identity = identity;
    this.#given = given;
  }

  /** Signs; absent where no key could be kept. */
  get identity(): Identity | undefined {
    return this.#identity;
  }

  /** Its public key, if there is one. */
  get publicKey(): string | undefined {
    return this.#identity?.publicKey;
  }

  /** True when the user's key is another one: nobody believes what this signs. */
  get lacksUserKey(): boolean {
    return this.#userKey !== undefined && this.#identity !== undefined &&
      this.#userKey !== this.#identity.publicKey;
  }

  /** Why nothing can be signed. */
  get refusal(): PeerRefusal | undefined {
    if (this.#identity === undefined) return noOwnKey;
    return this.lacksUserKey ? this.noUserKey : undefined;
  }

  /** Why a device without its user's key signs nothing, and how it comes to one. */
  get noUserKey(): PeerRefusal {
    const ways = this.#isSingle
      ? `${copyAdvice}, or /link new makes this one's key yours`
      : "/link gets it from a device that has it; when none has, /link new " +
        "makes a new one";
    const message = "This device does not have your key: it can chat, but " +
      `neither call nor send or receive files. ${ways}`;
    return { code: "no_key", message };
  }

  /** True where the user's devices are never online together. */
  get isSingle(): boolean {
    return this.#isSingle;
  }

  /**
   * A session is open, with the server that has this database.
   *
   * @param isSingle The server lets the user have one at a time.
   */
  handleOpened(store: string, isSingle = false): void {
    this.#store = store;
    this.#isSingle = isSingle;
  }

  /**
   * The server names the user's key; one that was given is this device's from
   * then on.
   *
   * @param key Absent when it is this device's, or there is none.
   * @returns True when it is now, which the server does not know yet.
   */
  handleUserKey(key: string | undefined): boolean {
    this.#userKey = key;
    if (key === undefined || key === this.publicKey) return false;
    const given = this.#given.find(this.#store, key);
    if (given === undefined) return false;
    this.#identity = given;
    return true;
  }

  /** This device was given the user's key. */
  take(place: KeyPlace, identity: Identity): void {
    this.#identity = identity;
    this.#userKey = identity.publicKey;
    this.#given.keep(place, identity);
  }
}

/** Why a device without any key signs nothing. */
export const noOwnKey: PeerRefusal = {
  code: "no_identity",
  message:
    "This client could not keep an identity key; without one there are no " +
    "files and no private sessions",
};

/** How a device gets its user's key where no other one can give it. */
export const copyAdvice =
  "As this server lets you in on one device at a time, " +
  "copy identity.pem from one that has it and start here with --identity FILE";
