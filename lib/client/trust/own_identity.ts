/**
 * The key that this device signs with, and whether it is its user's: a user has
 * one key on all devices, and a device that makes its own at first is given that
 * one, or does without.
 */
import type { Identity } from "./identity.ts";
import type { PeerRefusal } from "./peer_identities.ts";

/** This device's key. */
export class OwnIdentity {
  #identity: Identity | undefined;
  /** The user's, as the server says; absent when it is this device's. */
  #userKey: string | undefined;

  /** @param identity Absent where none could be kept. */
  constructor(identity: Identity | undefined) {
    this.#identity = identity;
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
    return this.lacksUserKey ? noUserKey : undefined;
  }

  /**
   * The server names the user's key.
   *
   * @param key Absent when it is this device's, or there is none.
   */
  handleUserKey(key: string | undefined): void {
    this.#userKey = key;
  }
}

/** Why a device without any key signs nothing. */
export const noOwnKey: PeerRefusal = {
  code: "no_identity",
  message:
    "This client could not keep an identity key; without one there are no " +
    "files and no private sessions",
};

/** Why a device without its user's key signs nothing. */
export const noUserKey: PeerRefusal = {
  code: "no_key",
  message: "This device does not have your key: it can chat, but sends " +
    "and receives no files. Copy identity.pem from a device that has it, or, if " +
    "none has, type /link new",
};
