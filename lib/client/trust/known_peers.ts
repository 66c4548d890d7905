/**
 * The identity keys of other users as first seen, per server (trust on first
 * use). The text of the file is one user a line, `HOST:PORT USER KEY`, followed
 * by the id of the account, if the server told it, and by `verified` when the two
 * have compared their safety number. Under another account the name is another
 * person's, whatever the key. A line of this server whose key is damaged
 * stands for a key that nobody has: the user must be accepted anew.
 *
 * A line `HOST:PORT @ KEY STORE` says which server was found there last: its key,
 * and its database. One that is known by several addresses has the same lines for
 * each of them, so that whoever was met by one is known by all; should an address
 * lead to another key one day, it keeps what it has. Lines of other servers are
 * kept as they are.
 */
import { encodeHex } from "@std/encoding/hex";
import { isUserName } from "../../wire/names.ts";
import { lineEndingOf } from "../../base/text_file.ts";
import { isPublicKey, publicKeyBytes } from "./identity.ts";
import { createHash } from "node:crypto";

/** A user whose key is known. */
export interface KnownPeer {
  /** Ed25519 public key, base64url. */
  readonly key: string;
  /** True when the users have compared their safety number. */
  readonly verified: boolean;
  /** Id of the user's account, as the server told it. */
  readonly account?: string;
}

/** What to think of a key that the server says is a user's. */
export type PeerTrust =
  /** Neither the user nor the key was met before. */
  | { readonly trust: "first" }
  | { readonly trust: "same"; readonly verified: boolean }
  /** The user is new, the key is known: a person under another name. */
  | {
    readonly trust: "renamed";
    readonly formerly: string;
    readonly verified: boolean;
  }
  /** The user had another key; `isOther`: or is another person. */
  | {
    readonly trust: "changed";
    readonly verified: boolean;
    readonly isOther?: true;
  };

/** A server, whichever address it was found at. */
export interface ServerIdentity {
  /** Fingerprint of its key, which it has proved to have. */
  readonly fingerprint: string;
  /** Names its database; may be anything. */
  readonly store: string;
}

/** The known peers of one server. */
export class KnownPeers {
  /** What the server is known by; the first is how it was found this time. */
  readonly #labels: readonly string[];
  readonly #mark: string | undefined;
  readonly #ending: string;
  readonly #peers = new Map<string, KnownPeer>();
  readonly #foreign: string[] = [];

  /**
   * @param text The file's text.
   * @param server As `serverLabel` writes it.
   * @param identity Which server is there; absent while that is not proved.
   */
  constructor(text: string, server: string, identity?: ServerIdentity) {
    this.#ending = lineEndingOf(text);
    const lines = text.split(/\r?\n/).filter((line) => line !== "");
    const mark = this.#mark = identity && identityMark(identity);
    const labels = new Set([server]);
    for (const line of lines) {
      const [label = "", ...rest] = line.split(" ");
      if (mark !== undefined && rest.join(" ") === mark) labels.add(label);
    }
    this.#labels = [...labels];
    const known = new Map(
      this.#labels.map((label) => [label, new Map<string, KnownPeer>()]),
    );
    for (const line of lines) {
      const label = this.#labels.find((label) => line.startsWith(`${label} `));
      const peer = label && parseLine(line, label);
      if (peer) known.get(label)?.set(peer.user, peer.peer);
      else if (mark === undefined || !isMarkOf(line, label)) {
        this.#foreign.push(line);
      }
    }
    for (const peers of known.values()) {
      for (const [user, peer] of peers) this.#merge(user, peer);
    }
  }

  /** True when no further user can be remembered. */
  get isFull(): boolean {
    return this.#peers.size >= mostPeers;
  }

  /** What is known of `user`. */
  find(user: string): KnownPeer | undefined {
    return this.#peers.get(user);
  }

  /**
   * What to think of `key` as `user`'s; remembers nothing.
   *
   * @param account Id of the user's account, if the server told it.
   */
  judge(user: string, key: string, account?: string): PeerTrust {
    const known = this.#peers.get(user);
    if (known !== undefined) {
      const { verified } = known;
      const isOther = account !== undefined && known.account !== undefined &&
        account !== known.account;
      if (isOther) return { trust: "changed", verified, isOther };
      return { trust: known.key === key ? "same" : "changed", verified };
    }
    for (const [formerly, peer] of this.#peers) {
      if (peer.key !== key) continue;
      return { trust: "renamed", formerly, verified: peer.verified };
    }
    return { trust: "first" };
  }

  /**
   * Takes `key` for `user`'s from now on.
   *
   * @param verified True when the two have compared their safety number.
   * @param account Id of the user's account; what is known stays without it.
   * @throws {TypeError} when the name or the key is malformed.
   * @throws {RangeError} when there are too many users.
   */
  pin(
    user: string,
    key: string,
    verified = false,
    account = this.#peers.get(user)?.account,
  ): void {
    if (!isUserName(user) || !isPublicKey(key)) {
      throw new TypeError("the name or the key is malformed");
    }
    if (this.isFull && !this.#peers.has(user)) {
      throw new RangeError("too many peers are known");
    }
    const id = account === undefined ? {} : { account };
    this.#peers.set(user, { key, verified, ...id });
  }

  /**
   * Somebody has another name: the key is expected there, too. It stays with the
   * old name, so that whoever takes that is not taken for the one who had it.
   */
  handleRenamed(from: string, to: string): void {
    const known = this.#peers.get(from);
    if (known === undefined || this.#peers.has(to)) return;
    if (this.isFull || !isUserName(to)) return;
    this.#peers.set(to, known);
  }

  /** The file's text. */
  toText(): string {
    const own = this.#peers.size === 0 ? [] : this.#labels.flatMap((label) => [
      ...this.#mark === undefined ? [] : [`${label} ${this.#mark}`],
      ...[...this.#peers].map(([user, peer]) =>
        `${label} ${formatPeer(user, peer)}`
      ),
    ]);
    return [...this.#foreign, ...own].map((line) => line + this.#ending)
      .join("");
  }

  /** The known peers for another device, one a line: `USER KEY`, and the marks. */
  toLines(): string {
    return [...this.#peers].filter(([, { key }]) => isPublicKey(key))
      .map(([user, peer]) => `${formatPeer(user, peer)}\n`).join("");
  }

  /**
   * Adds what another device knows: who is not known here, and with whom the
   * safety number was compared. No key that is known here is replaced.
   *
   * @param lines As {@link toLines} writes them; what is malformed is skipped.
   * @returns How many were added, and who has another key there, or is another.
   */
  join(lines: string): { readonly added: number; readonly others: string[] } {
    let added = 0;
    const others: string[] = [];
    const [server = ""] = this.#labels;
    for (const line of lines.split("\n")) {
      const parsed = parseLine(`${server} ${line}`, server);
      if (parsed === undefined || !isPublicKey(parsed.peer.key)) continue;
      const { user, peer } = parsed;
      const known = this.#peers.get(user);
      if (known === undefined) {
        if (this.isFull) continue;
        this.#peers.set(user, peer);
        added++;
        continue;
      }
      const { account = peer.account } = known;
      if (known.key !== peer.key || account !== (peer.account ?? account)) {
        others.push(user);
        continue;
      }
      const verified = known.verified || peer.verified;
      this.pin(user, known.key, verified, account);
    }
    return { added, others };
  }

  /**
   * Takes what is known of a user by a further address. Where they differ, whom
   * the user has compared a number with counts.
   */
  #merge(user: string, peer: KnownPeer): void {
    const known = this.#peers.get(user);
    const isNew = known === undefined && !this.isFull;
    const isBetter = known?.verified === false && peer.verified;
    if (isNew || isBetter) this.#peers.set(user, peer);
  }
}

/** What stands behind a label to say which server is there. */
function identityMark({ fingerprint, store }: ServerIdentity): string {
  return `@ ${fingerprint} ${encodeHex(store)}`;
}

function isMarkOf(line: string, label: string | undefined): boolean {
  return label !== undefined && line.startsWith(`${label} @ `);
}

function formatPeer(
  user: string,
  { key, verified, account }: KnownPeer,
): string {
  return [
    ...[user, key],
    ...(account === undefined ? [] : [account]),
    ...(verified ? ["verified"] : []),
  ].join(" ");
}

function parseLine(
  line: string,
  server: string,
): { user: string; peer: KnownPeer } | undefined {
  const [label, user = "", key = "", ...marks] = line.split(" ");
  if (label !== server || !isUserName(user)) return undefined;
  const known = knownMarks.exec(marks.map((mark) => ` ${mark}`).join(""));
  if (isPublicKey(key) && known !== null) {
    const account = known[1] === undefined ? {} : { account: known[1].trim() };
    const verified = known[2] !== undefined;
    return { user, peer: { key, verified, ...account } };
  }
  const damaged = [key, ...marks].join(" ");
  return { user, peer: { key: damaged, verified: false } };
}

const knownMarks = /^( [0-9a-f]{16})?( verified)?$/;
/** Most users that are known on one server. */
const mostPeers = 10_000;

/** Remembers the keys of other users over the runs of the client. */
export interface PeerMemory {
  /** What is known now, to other clients of the same user as well. */
  read(): KnownPeers;
  /**
   * Changes what is known; {@link read} tells it at once. `edit` may be called
   * several times, with what others have changed meanwhile.
   */
  update(edit: (peers: KnownPeers) => void): void;
  /**
   * A session is open: what is known is that of the server with this database
   * from now on, by whichever address it is known.
   */
  handleOpened?(store: string): void;
}

// What two users read to each other to be sure that nobody is in between.

/**
 * 8 groups of 5 digits, the same for both, from both public keys: 40 digits of
 * SHA-512, worth 132 bits. Names are no part of it, so that it outlives a
 * renaming.
 *
 * @throws {TypeError} when one is no public key.
 */
export function safetyNumber(mine: string, theirs: string): string {
  const hash = createHash("sha512").update("parley safety number 1\n");
  for (const key of [mine, theirs].sort()) {
    const bytes = publicKeyBytes(key);
    if (bytes === undefined) throw new TypeError("this is no public key");
    hash.update(bytes);
  }
  const digest = new DataView(new Uint8Array(hash.digest()).buffer);
  return Array.from({ length: groups }, (_, group) => {
    // 64 bits for each group leave no digit more likely than another.
    const number = digest.getBigUint64(group * 8) % 100_000n;
    return String(number).padStart(5, "0");
  }).join(" ");
}

const groups = 8;
