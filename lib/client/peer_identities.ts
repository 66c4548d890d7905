/**
 * Who the other users are: compares the key that the server names for each with
 * the one that was met first, tells the user of new and of changed ones, and
 * says with whom nothing may be exchanged. A changed key is never taken by
 * itself.
 */
import type { RequestFields, RequestName } from "../protocol/request.ts";
import type { ClientEvent } from "./client_event.ts";
import { type Identity, isPublicKey } from "./identity.ts";
import type { KnownPeers } from "./known_peers.ts";
import type { PeerMemory } from "./peer_memory.ts";
import type { OnReply } from "./request_queue.ts";
import { safetyNumber } from "./safety_number.ts";

/** What it needs from the session it belongs to. */
export interface PeerIdentitiesHost {
  emit(event: ClientEvent): void;
  request<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void;
}

/** Why something is not done: an error code and one line for people. */
export interface PeerRefusal {
  readonly code: string;
  readonly message: string;
}

/** The identities of this user and of all others. */
export class PeerIdentities {
  /** This user's; absent where none could be kept. */
  readonly own: Identity | undefined;
  readonly #host: PeerIdentitiesHost;
  readonly #memory: PeerMemory;
  /** Changed keys that the user was told of, by user. */
  readonly #told = new Map<string, string>();
  /** Whose key was asked for because of a message. */
  readonly #asked = new Set<string>();

  constructor(
    host: PeerIdentitiesHost,
    own: Identity | undefined,
    memory: PeerMemory,
  ) {
    this.#host = host;
    this.own = own;
    this.#memory = memory;
  }

  /** What is known of other users now. */
  get known(): KnownPeers {
    return this.#memory.read();
  }

  /** Changes what is known of other users. */
  update(edit: (peers: KnownPeers) => void): void {
    this.#memory.update(edit);
  }

  /** What this user and the owner of `key` can compare. */
  safetyNumber(key: string): string {
    return this.own === undefined ? "" : safetyNumber(this.own.publicKey, key);
  }

  /** Why nothing may be exchanged with `user` under `key`; remembers nothing. */
  mistrust(user: string, key: string | undefined): PeerRefusal | undefined {
    if (this.own === undefined) {
      const message =
        "This client could not keep an identity key; without one there are no " +
        "files and no private sessions";
      return { code: "no_identity", message };
    }
    if (key === undefined || !isPublicKey(key)) {
      const message =
        `The client of ${user} has no identity key; without one there are no ` +
        "files and no private sessions";
      return { code: "no_identity", message };
    }
    const { known } = this;
    const { trust } = known.judge(user, key);
    if (trust === "changed") {
      this.#tellChanged(user, key);
      const message = `The key of ${user} has changed; nothing is exchanged ` +
        `until you accept it: /verify ${user}`;
      return { code: "key_changed", message };
    }
    if (trust !== "same" && known.isFull) {
      const message = `No further key can be remembered, so nothing is ` +
        `exchanged with ${user}; remove lines from the file known_peers`;
      return { code: "too_many_peers", message };
    }
    return undefined;
  }

  /**
   * `user` has proved to own `key`: a first one is remembered and told.
   *
   * @returns Why nothing may be exchanged all the same.
   */
  meet(user: string, key: string): PeerRefusal | undefined {
    const refusal = this.mistrust(user, key);
    if (refusal !== undefined) return refusal;
    const judged = this.known.judge(user, key);
    if (judged.trust !== "first" && judged.trust !== "renamed") {
      return undefined;
    }
    const isRenamed = judged.trust === "renamed";
    this.pin(user, key, isRenamed && judged.verified);
    const number = this.safetyNumber(key);
    const message = isRenamed
      ? `${user} has the key that you know as ${judged.formerly}'s`
      : `First contact with ${user}: your safety number is ${number}; ` +
        `compare it with ${user} (/verify ${user})`;
    this.#host.emit({
      event: "peer-key",
      user,
      safetyNumber: number,
      ...(isRenamed ? { formerly: judged.formerly } : {}),
      message,
    });
    return undefined;
  }

  /** Takes `key` for `user`'s from now on, unless somebody else did before. */
  pin(user: string, key: string, verified: boolean): void {
    this.update((peers) => {
      if (peers.find(user) === undefined && !peers.isFull) {
        peers.pin(user, key, verified);
      }
    });
  }

  /** The server names a user's key: a changed one is told. */
  note(user: string, key: string | undefined): void {
    if (key === undefined || !isPublicKey(key)) return;
    const { trust } = this.known.judge(user, key);
    if (trust === "changed") this.#tellChanged(user, key);
    else this.#told.delete(user);
  }

  /** A message came from `user`: asks once for the key of who is known. */
  handleReceived(user: string): void {
    if (this.#asked.has(user) || this.known.find(user) === undefined) return;
    this.#asked.add(user);
    this.#host.request("identity", { user }, (reply) => {
      // After a lost connection the next message asks again.
      if (reply.ok === undefined) this.#asked.delete(user);
      else this.note(user, reply.ok.identity);
    });
  }

  /** A message went to `user`: whose key has changed is told each time. */
  handleSent(user: string): void {
    const changed = this.#told.get(user);
    if (changed === undefined) return this.handleReceived(user);
    this.#told.delete(user);
    this.note(user, changed);
  }

  /** The changed key of `user` that this user was told of, if any. */
  toldKey(user: string): string | undefined {
    return this.#told.get(user);
  }

  /** Somebody has another name. */
  handleRenamed(from: string, to: string): void {
    const { known } = this;
    if (known.find(from) === undefined || known.find(to) !== undefined) return;
    this.update((peers) => peers.handleRenamed(from, to));
  }

  #tellChanged(user: string, key: string): void {
    if (this.#told.get(user) === key) return;
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.set(user, key);
    const verified = this.known.find(user)?.verified ?? false;
    const known = verified ? "verified key" : "key";
    this.#host.emit({
      event: "key-changed",
      user,
      safetyNumber: this.safetyNumber(key),
      verified,
      message:
        `WARNING: the ${known} of ${user} has changed: ${user} may use ` +
        "another device, or somebody may pose as them and read along; no file " +
        "and no private session with them until you have compared the safety " +
        `number (/verify ${user}) and accepted it (/verify ${user} accept)`,
    });
  }
}

/** Most users whose changed key is remembered as told. */
const mostTold = 10_000;
