/**
 * The identity keys of other users as first seen, per server (trust on first
 * use). The text of the file is one user a line, `HOST:PORT USER KEY`, with a
 * last word `verified` when the two have compared their codes. Other lines are
 * kept as they are.
 */
import { isUserName } from "../protocol/names.ts";
import { isPublicKey } from "./identity.ts";
import type { Trust } from "./server_pins.ts";

/** A user whose key is known. */
export interface KnownPeer {
  /** Ed25519 public key, base64url. */
  readonly key: string;
  /** True when the users have compared their verification code. */
  readonly verified: boolean;
}

/** The known peers of one server. */
export class KnownPeers {
  readonly #server: string;
  readonly #peers = new Map<string, KnownPeer>();
  readonly #foreign: string[] = [];

  /**
   * @param text The file's text.
   * @param server As `serverLabel` writes it.
   */
  constructor(text: string, server: string) {
    this.#server = server;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const peer = parseLine(line, server);
      if (peer === undefined) this.#foreign.push(line);
      else this.#peers.set(peer.user, peer.peer);
    }
  }

  /** What is known of `user`. */
  find(user: string): KnownPeer | undefined {
    return this.#peers.get(user);
  }

  /**
   * What to think of a key that the server says is `user`'s. A first one is
   * remembered; a changed one is not, and nothing may be sent to it until
   * {@link accept}.
   */
  handleKey(user: string, key: string): Trust {
    const known = this.#peers.get(user);
    if (known !== undefined) return known.key === key ? "same" : "changed";
    this.accept(user, key);
    return "first";
  }

  /**
   * Takes `key` for `user`'s on purpose; it is not verified then.
   *
   * @throws {TypeError} when the name or the key is malformed.
   */
  accept(user: string, key: string): void {
    if (!isUserName(user) || !isPublicKey(key)) {
      throw new TypeError("the name or the key is malformed");
    }
    this.#peers.set(user, { key, verified: false });
  }

  /** Notes that the users have compared their code; false for an unknown one. */
  markVerified(user: string): boolean {
    const known = this.#peers.get(user);
    if (known === undefined) return false;
    this.#peers.set(user, { ...known, verified: true });
    return true;
  }

  /** The file's text. */
  toText(): string {
    const own = [...this.#peers].map(([user, { key, verified }]) =>
      `${this.#server} ${user} ${key}${verified ? " verified" : ""}`
    );
    const lines = [...this.#foreign, ...own];
    return lines.length === 0 ? "" : `${lines.join("\n")}\n`;
  }
}

/** The warning when a user's key is not the one known. */
export function changedPeerMessage(user: string): string {
  return `WARNING: the key of ${user} has changed: ${user} may use another ` +
    "device, or somebody may pose as them; nothing is sent until you compare " +
    `the code with /verify ${user} and accept it`;
}

function parseLine(
  line: string,
  server: string,
): { user: string; peer: KnownPeer } | undefined {
  const [label, user = "", key = "", mark, ...more] = line.split(" ");
  if (
    label !== server || !isUserName(user) || !isPublicKey(key) ||
    (mark !== undefined && mark !== "verified") || more.length > 0
  ) return undefined;
  return { user, peer: { key, verified: mark !== undefined } };
}
