import { encodeHex } from "@std/encoding/hex";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { Random } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { ActionQueue } from "../model/actions.ts";
import type { User } from "../model/user.ts";

/** What is known of a client at the UDP port. */
interface Binding {
  readonly user: User;
  addresses: readonly WireAddress[];
}

/**
 * The clients that may bind at the server's UDP port, and from where they are
 * seen there. The rendezvous is told of each change.
 */
export class Bindings {
  readonly #actions: ActionQueue;
  readonly #random: Random;
  readonly #bindings = new Map<number, Binding>();
  /** Those of users who may come back, the longest away first. */
  readonly #away = new Set<User>();

  constructor(actions: ActionQueue, random: Random) {
    this.#actions = actions;
    this.#random = random;
  }

  /** Gives a user's client what it needs to bind; what it had before is void. */
  issue(user: User): { id: string; key: string } {
    const id = encodeHex(this.#random.bytes(8));
    const key = this.#random.bytes(32);
    this.#bindings.set(user.id, { user, addresses: [] });
    const change = { do: "bind", client: user.id, id, key } as const;
    this.#actions.push({ action: "rendezvous", change });
    return { id, key: encodeBase64Url(key) };
  }

  /** The user left for good. */
  remove(user: User): void {
    this.#away.delete(user);
    if (!this.#bindings.delete(user.id)) return;
    const change = { do: "unbind", client: user.id } as const;
    this.#actions.push({ action: "rendezvous", change });
  }

  /** The user lost the connection, and may come back by token. */
  handleAway(user: User): void {
    if (this.#bindings.has(user.id)) this.#away.add(user);
  }

  /** The user is online. */
  handleBack(user: User): void {
    this.#away.delete(user);
  }

  /** From where the user's client is seen, IPv4 first. */
  addresses(user: User): WireAddress[] {
    return [...this.#bindings.get(user.id)?.addresses ?? []];
  }

  /** The client is seen from there; whose it is. */
  handleSeen(
    client: number,
    addresses: readonly WireAddress[],
  ): User | undefined {
    const binding = this.#bindings.get(client);
    if (binding !== undefined) binding.addresses = addresses;
    return binding?.user;
  }

  /** When to call {@link handleTimeout}, monotonic ms; else `Infinity`. */
  get timeout(): number {
    for (const user of this.#away) return user.awaySince + limits.tokenMs;
    return Infinity;
  }

  /**
   * Removes those whose token is no longer good.
   *
   * @param now Monotonic ms.
   */
  handleTimeout(now: number): void {
    for (const user of this.#away) {
      if (user.awaySince + limits.tokenMs > now) return;
      this.remove(user);
    }
  }
}
