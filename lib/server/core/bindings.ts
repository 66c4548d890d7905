import { encodeHex } from "@std/encoding/hex";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { Random } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { ActionQueue } from "../model/actions.ts";
import type { Device } from "../model/device.ts";

/** What is known of a client at the UDP port. */
interface Binding {
  readonly device: Device;
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
  /** Those of devices that may come back, the longest away first. */
  readonly #away = new Set<Device>();

  constructor(actions: ActionQueue, random: Random) {
    this.#actions = actions;
    this.#random = random;
  }

  /** Gives a device what it needs to bind; what it had before is void. */
  issue(device: Device): { id: string; key: string } {
    const id = encodeHex(this.#random.bytes(8));
    const key = this.#random.bytes(32);
    const { number: client } = device;
    this.#bindings.set(client, { device, addresses: [] });
    const change = { do: "bind", client, id, key } as const;
    const at = device.session?.connection.id;
    this.#actions.push({ action: "rendezvous", change, at });
    return { id, key: encodeBase64Url(key) };
  }

  /** The device left for good. */
  remove(device: Device): void {
    const { number: client } = device;
    this.#away.delete(device);
    if (!this.#bindings.delete(client)) return;
    const change = { do: "unbind", client } as const;
    this.#actions.push({ action: "rendezvous", change });
  }

  /** The device lost the connection, and may come back by token. */
  handleAway(device: Device): void {
    if (this.#bindings.has(device.number)) this.#away.add(device);
  }

  /** The device is online. */
  handleBack(device: Device): void {
    this.#away.delete(device);
  }

  /** From where the device is seen, IPv4 first. */
  addresses(device: Device): WireAddress[] {
    return [...this.#bindings.get(device.number)?.addresses ?? []];
  }

  /** The client is seen from there; which device it is. */
  handleSeen(
    client: number,
    addresses: readonly WireAddress[],
  ): Device | undefined {
    const binding = this.#bindings.get(client);
    if (binding !== undefined) binding.addresses = addresses;
    return binding?.device;
  }

  /** When to call {@link handleTimeout}, monotonic ms; else `Infinity`. */
  get timeout(): number {
    for (const { awaySince } of this.#away) return awaySince + limits.tokenMs;
    return Infinity;
  }

  /**
   * Removes those whose token is no longer good.
   *
   * @param now Monotonic ms.
   */
  handleTimeout(now: number): void {
    for (const device of this.#away) {
      if (device.awaySince + limits.tokenMs > now) return;
      this.remove(device);
    }
  }
}
