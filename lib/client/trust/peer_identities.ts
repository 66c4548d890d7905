/**
 * Who the other users are: compares the key that the server names for each with
 * the one that was met first, tells the user of new and of changed ones, and
 * says with whom nothing may be exchanged. A changed key is never taken by
 * itself.
 */
import type { RequestFields, RequestName } from "../../wire/request.ts";
import type { ClientEvent } from "../events/client_event.ts";
import type { QuietEvent } from "../events/quiet_event.ts";
import { type Identity, isPublicKey } from "./identity.ts";
import {
  type KnownPeers,
  type PeerMemory,
  type PeerTrust,
  safetyNumber,
} from "./known_peers.ts";
import { type KeyPlace, noOwnKey, type OwnIdentity } from "./own_identity.ts";
import type { OnReply } from "../../wire/server_frame.ts";

/** What it needs from the session it belongs to. */
export interface PeerIdentitiesHost {
  emit(event: ClientEvent | QuietEvent): void;
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
  readonly #own: OwnIdentity;
  readonly #host: PeerIdentitiesHost;
  readonly #memory: PeerMemory;
  /** Changed keys that the user was told of, by user. */
  readonly #told = new Map<string, Told>();
  /** The account of each user, as the server told it last. */
  readonly #accounts = new Map<string, string>();
  /** Whose key was asked for because of a message. */
  readonly #asked = new Set<string>();

  constructor(
    host: PeerIdentitiesHost,
    own: OwnIdentity,
    memory: PeerMemory,
  ) {
    this.#host = host;
    this.#own = own;
    this.#memory = memory;
  }

  /** What this device signs with; absent where no key could be kept. */
  get own(): Identity | undefined {
    return this.#own.identity;
  }

  /** Why a device without its user's key signs nothing. */
  get noUserKey(): PeerRefusal {
    return this.#own.noUserKey;
  }

  /** What is known of other users now. */
  get known(): KnownPeers {
    return this.#memory.read();
  }

  /** Changes what is known of other users. */
  update(edit: (peers: KnownPeers) => void): void {
    this.#memory.update(edit);
  }

  /** What this user and the owner of `key` can compare; empty without a key. */
  safetyNumber(key: string): string {
    if (this.own === undefined || key === "") return "";
    return safetyNumber(this.own.publicKey, key);
  }

  /** Why nothing may be exchanged with `user` under `key`; remembers nothing. */
  mistrust(user: string, key: string | undefined): PeerRefusal | undefined {
    const { refusal } = this.#own;
    if (refusal !== undefined) return refusal;
    if (key === undefined || !isPublicKey(key)) {
      const message =
        `The client of ${user} has no identity key; without one there are no ` +
        "files and no private sessions";
      return { code: "no_identity", message };
    }
    const { known } = this;
    const judged = this.judge(user, key);
    const { trust } = judged;
    if (trust === "changed") {
      this.#tellChanged(user, key, judged.isOther);
      const what = judged.isOther
        ? `Another person has the name ${user} now`
        : `The key of ${user} has changed`;
      const message = `${what}; nothing is exchanged until you accept it: ` +
        `/verify ${user}`;
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
    const judged = this.judge(user, key);
    if (judged.trust !== "first" && judged.trust !== "renamed") {
      this.#learnAccount(user, key);
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
    const account = this.#accounts.get(user);
    this.update((peers) => {
      if (peers.find(user) === undefined && !peers.isFull) {
        peers.pin(user, key, verified, account);
      }
    });
  }

  /** Takes `key` for `user`'s, whoever had the name before. */
  accept(user: string, key: string, verified = false): void {
    const account = this.#accounts.get(user);
    this.update((peers) => peers.pin(user, key, verified, account));
  }

  /** What to think of `key` as `user`'s. */
  judge(user: string, key: string): PeerTrust {
    return this.known.judge(user, key, this.#accounts.get(user));
  }

  /** The server says of which account `user` is. */
  handleAccount(user: string, account: string | undefined): void {
    if (account === undefined) return;
    if (this.#accounts.size >= mostTold) this.#accounts.clear();
    this.#accounts.set(user, account);
  }

  /** The account of `user`, as far as the server told it. */
  accountOf(user: string): string | undefined {
    return this.#accounts.get(user);
  }

  /** A session is open: whoever had a name before may be somebody else now. */
  handleOpened(): void {
    this.#asked.clear();
  }

  /**
   * The server names this user's key. One that this device does not have is
   * told: what it signs, others would not believe.
   *
   * @param key Absent when it is this device's, or there is none.
   * @param tells False for a script's visit, which may need no key.
   */
  handleUserKey(key: string | undefined, tells = true): void {
    const { lacksUserKey: lacked } = this.#own;
    if (this.#own.handleUserKey(key)) this.#tellKey();
    if (!this.#own.lacksUserKey || lacked || !tells) return;
    this.#host.emit({ event: "warning", message: this.#own.noUserKey.message });
  }

  /** Another device gave the user's key to this one. */
  takeUserKey(place: KeyPlace, identity: Identity): void {
    this.#own.take(place, identity);
    this.#tellKey();
  }

  /**
   * Adds what another device of the user knows of others.
   *
   * @param lines As {@link KnownPeers.toLines} writes them.
   */
  join(lines: string): ReturnType<KnownPeers["join"]> {
    const joined: ReturnType<KnownPeers["join"]>[] = [];
    this.update((peers) => joined.push(peers.join(lines)));
    return joined[0] ?? { added: 0, others: [] };
  }

  /**
   * Makes this device's key this user's, whatever it was before.
   *
   * @param onDone Gets why not, or whether it was that before, as far as the
   *     server had told.
   */
  replaceUserKey(
    onDone: (refusal: PeerRefusal | undefined, wasUserKey?: true) => void,
  ): void {
    const { own } = this;
    if (own === undefined) return onDone(noOwnKey);
    const { lacksUserKey } = this.#own;
    const fields = { identity: own.publicKey, replace: true };
    this.#host.request("identity-set", fields, (reply) => {
      if (reply.ok === undefined) return onDone(reply);
      this.handleUserKey(undefined);
      if (lacksUserKey) onDone(undefined);
      else onDone(undefined, true);
    });
  }

  /** True when the safety number of the two users was compared. */
  isVerified(user: string): boolean {
    return this.known.find(user)?.verified ?? false;
  }

  /** The server names a user's key: a changed one is told. */
  note(user: string, key: string | undefined, account?: string): void {
    this.handleAccount(user, account);
    const named = key !== undefined && isPublicKey(key) ? key : "";
    const judged = this.judge(user, named);
    // Another person is told also when there is no key to compare.
    if (judged.trust === "changed" && (judged.isOther || named !== "")) {
      this.#tellChanged(user, named, judged.isOther);
    } else if (named !== "") this.#told.delete(user);
    if (judged.trust !== "same") return;
    const trust = this.isVerified(user) ? "verified" : "unverified";
    this.#host.emit({ event: "trust", user, trust });
  }

  /** A message came from `user`: asks once for the key of who is known. */
  handleReceived(user: string): void {
    if (this.#asked.has(user) || this.known.find(user) === undefined) return;
    this.#asked.add(user);
    this.#host.request("identity", { user }, (reply) => {
      // After a lost connection the next message asks again.
      if (reply.ok === undefined) this.#asked.delete(user);
      else this.note(user, reply.ok.identity, reply.ok.account);
    });
  }

  /** A message went to `user`: whose key has changed is told each time. */
  handleSent(user: string): void {
    const changed = this.#told.get(user);
    if (changed === undefined) return this.handleReceived(user);
    this.#told.delete(user);
    this.note(user, changed.key, changed.account);
  }

  /** The changed key of `user` that this user was told of, if any. */
  toldKey(user: string): string | undefined {
    return this.#told.get(user)?.key;
  }

  /** Somebody has another name. */
  handleRenamed(from: string, to: string): void {
    this.handleAccount(to, this.#accounts.get(from));
    this.#accounts.delete(from);
    const { known } = this;
    if (known.find(from) === undefined || known.find(to) !== undefined) return;
    this.update((peers) => peers.handleRenamed(from, to));
  }

  /** The server learns that this device has the user's key. */
  #tellKey(): void {
    const { publicKey } = this.#own;
    if (publicKey === undefined) return;
    this.#host.request("identity-set", { identity: publicKey }, (reply) => {
      // With the connection lost, the next login says it.
      if (reply.ok !== undefined || reply.code === "connection_lost") return;
      this.#host.emit({ event: "warning", message: reply.message });
    });
  }

  /** What was pinned before the server told accounts is bound to one, too. */
  #learnAccount(user: string, key: string): void {
    const account = this.#accounts.get(user);
    const known = this.known.find(user);
    if (account === undefined || known?.account !== undefined) return;
    this.update((peers) => {
      const { key: pinned, verified } = peers.find(user) ?? {};
      if (pinned === key) peers.pin(user, key, verified, account);
    });
  }

  #tellChanged(user: string, key: string, isOther = false): void {
    const account = this.#accounts.get(user);
    const told = this.#told.get(user);
    if (told?.key === key && told.account === account) return;
    if (this.#told.size >= mostTold) this.#told.clear();
    this.#told.set(user, { key, ...account !== undefined && { account } });
    const verified = this.known.find(user)?.verified ?? false;
    const known = verified ? "verified key" : "key";
    const what = isOther
      ? `another person has the name ${user} now: the account of the ${user} ` +
        "you know was removed, and this is another one"
      : `the ${known} of ${user} has changed: ${user} may use another ` +
        "device, or somebody may pose as them and read along";
    this.#host.emit({
      event: "key-changed",
      user,
      safetyNumber: this.safetyNumber(key),
      verified,
      ...(isOther ? { another: true } : {}),
      message: `WARNING: ${what}; no file and no private session with them ` +
        "until you have compared the safety number " +
        `(/verify ${user}) and accepted it (/verify ${user} accept)`,
    });
  }
}

/** What a user was told of another one's key. */
interface Told {
  readonly key: string;
  readonly account?: string;
}

/** Most users whose changed key is remembered as told. */
const mostTold = 10_000;
