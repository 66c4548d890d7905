/**
 * The client's UDP socket: one for all transfers, told apart by the transfer id
 * in each datagram, and a second one for IPv6 where there is IPv6. Further ones,
 * for subflows, are opened when something is first sent from them. Datagrams
 * that the server relays look to the transfers like those of one more path.
 *
 * `Deno.listenDatagram` receives 100 times as many datagrams a second as
 * `node:dgram` does on Deno 2.9, whose option for a larger receive buffer
 * moreover has no effect; so bursts are kept within the default buffer.
 */
import { canonicalIp, isIpv6 } from "../../base/ip_address.ts";
import { limits } from "../../wire/limits.ts";
import {
  openRefused,
  type RelayRefusal,
  rendezvousType,
} from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";
import { transferKey, transferKeyOf } from "../../engine/packets/packet.ts";
import { staggeredBytes } from "../../engine/blocks/staggered_bytes.ts";
import { EarlyDatagrams } from "./early_datagrams.ts";
import { localAddresses } from "../../system/addresses.io.ts";

/**
 * Who gets the datagrams of a transfer; the bytes are reused after the call. Those
 * that came before there was anybody are early: how long they took tells nothing.
 */
export type DatagramHandler = (
  bytes: Uint8Array,
  path: number,
  isEarly: boolean,
) => void;

/** The relay of a transfer, at a node that may be another than the server. */
interface Relay {
  /** Where it may be; the first one that answers is taken. */
  readonly addresses: readonly Deno.NetAddr[];
  address?: Deno.NetAddr;
  /** True for an authentic answer. */
  readonly onAnswer: (bytes: Uint8Array) => boolean;
}

/** Told when the server does not relay a transfer. */
export type RefusalHandler = (reason: RelayRefusal) => void;

/** One UDP port, shared by transfers. */
export class UdpEndpoint {
  readonly #socket: Deno.DatagramConn;
  /** IPv6 on a port of its own: one of the same number cannot be had. */
  readonly #socket6: Deno.DatagramConn | undefined;
  readonly #handlers = new Map<number, DatagramHandler>();
  readonly #refusalHandlers = new Map<number, RefusalHandler>();
  /** Address of each path number. */
  readonly #addresses: Deno.NetAddr[] = [];
  readonly #pathOf = new Map<string, number>();
  /** Of subflows, by their number; those for IPv6 apart. */
  readonly #further = new Map<number, Deno.DatagramConn | undefined>();
  readonly #further6 = new Map<number, Deno.DatagramConn | undefined>();
  readonly #hostname: string;
  readonly #receiving: Promise<void>[] = [];
  /** Of the transfers that are relayed elsewhere, by their key. */
  readonly #relays = new Map<number, Relay>();
  readonly #early = new EarlyDatagrams<Deno.NetAddr>();
  #server: Deno.NetAddr | undefined;
  #onServer: (bytes: Uint8Array) => void = () => {};
  #received = 0;
  #isClosed = false;

  /**
   * @param port 0 for any free one.
   * @throws {Error} when the port cannot be had.
   */
  constructor(port: number, hostname = "0.0.0.0") {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port });
    this.#socket6 = open("::");
    this.#hostname = hostname;
    for (const socket of [this.#socket, this.#socket6]) {
      if (socket !== undefined) this.#receiving.push(this.#receive(socket));
    }
  }

  /** The port that was bound. */
  get port(): number {
    return portOf(this.#socket);
  }

  /** Datagrams of transfers that came so far. */
  get received(): number {
    return this.#received;
  }

  /** The path through the server, -1 while there is none. */
  get relayPath(): number {
    return this.#server === undefined ? -1 : relayPath;
  }

  /**
   * Where this endpoint can be reached: every address of this machine, IPv4
   * first, loopback last; at most 16.
   */
  localAddresses(): WireAddress[] {
    const all: WireAddress[] = [];
    for (const ip of localAddresses(limits.addresses)) {
      const socket = isIpv6(ip) ? this.#socket6 : this.#socket;
      if (socket !== undefined) all.push({ ip, port: portOf(socket) });
    }
    return all;
  }

  /** Where the server's UDP port is, and who gets what it says. */
  setServer(address: WireAddress, onDatagram: (bytes: Uint8Array) => void) {
    this.#server = placeOf(address);
    this.#onServer = onDatagram;
  }

  /** Sends a datagram to the server's UDP port. */
  async sendToServer(bytes: Uint8Array): Promise<void> {
    await this.#sendTo(this.#server, bytes);
  }

  /**
   * Says where a transfer is relayed.
   *
   * @param addresses Of another node; the server's UDP port when there are none.
   * @param onAnswer Gets what the relay says; true when that is authentic.
   */
  setRelay(
    key: number,
    addresses: readonly WireAddress[],
    onAnswer: (bytes: Uint8Array) => boolean,
  ): void {
    this.#relays.set(key, { addresses: addresses.map(placeOf), onAnswer });
  }

  removeRelay(key: number): void {
    this.#relays.delete(key);
  }

  /** Sends a datagram to all places where the relay of a transfer may be. */
  async sendToRelay(key: number, bytes: Uint8Array): Promise<void> {
    const relay = this.#relays.get(key);
    if (relay === undefined) return;
    const { address, addresses } = relay;
    if (addresses.length === 0) return await this.sendToServer(bytes);
    const places = address === undefined ? addresses : [address];
    for (const place of places) await this.#sendTo(place, bytes);
  }

  /** The number by which an address is meant from now on; -1 for none. */
  path(address: WireAddress): number {
    const place = placeOf(address);
    const { hostname: ip, port } = place;
    const key = `${ip} ${port}`;
    const known = this.#pathOf.get(key);
    if (known !== undefined) return known;
    // Forged senders must not fill the memory; running transfers keep theirs.
    if (this.#addresses.length >= maxPaths) return -1;
    if (isIpv6(ip) && this.#socket6 === undefined) return -1;
    const path = this.#addresses.length;
    this.#addresses.push(place);
    this.#pathOf.set(key, path);
    return path;
  }

  /** The address behind a path number that is not the relay's. */
  address(path: number): WireAddress {
    const { hostname, port } = this.#addresses[path]!;
    return { ip: hostname, port };
  }

  /** Datagrams whose key is `key` go to `handler`, those of a moment ago too. */
  register(
    key: number,
    handler: DatagramHandler,
    onRefused?: RefusalHandler,
  ): void {
    this.#handlers.set(key, handler);
    if (onRefused !== undefined) this.#refusalHandlers.set(key, onRefused);
    const early = this.#early.take(key, performance.now());
    // Whoever registers is not ready for them yet.
    if (early.length > 0) {
      queueMicrotask(() => {
        for (const { bytes, from } of early) {
          this.#handleEarly(key, bytes, from);
        }
      });
    }
  }

  /** True while somebody gets the datagrams with this key. */
  isRegistered(key: number): boolean {
    return this.#handlers.has(key);
  }

  unregister(key: number): void {
    this.#handlers.delete(key);
    this.#refusalHandlers.delete(key);
  }

  /**
   * Sends a datagram, from the socket of a subflow unless that is 0. Rejects
   * when the system refuses it (no route, too large): then it is lost like one
   * that a network drops. Not async itself: that would cost every datagram turns
   * of the event loop.
   */
  send(bytes: Uint8Array, path: number, subflow = 0): Promise<unknown> {
    if (path === relayPath) {
      const relayed = new Uint8Array(bytes.length + 1);
      relayed[0] = rendezvousType.relayed;
      relayed.set(bytes, 1);
      const relay = this.#relays.get(transferKey(bytes));
      return this.#sendTo(relay?.address ?? this.#server, relayed);
    }
    const address = this.#addresses[path];
    if (address === undefined) return Promise.resolve();
    return this.#send(bytes, address, subflow);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    this.#socket6?.close();
    for (const socket of this.#further.values()) socket?.close();
    for (const socket of this.#further6.values()) socket?.close();
    await Promise.all(this.#receiving);
  }

  async #sendTo(
    place: Deno.NetAddr | undefined,
    bytes: Uint8Array,
  ): Promise<void> {
    if (place === undefined) return;
    try {
      await this.#send(bytes, place, 0);
    } catch {
      // Lost.
    }
  }

  #send(
    bytes: Uint8Array,
    address: Deno.NetAddr,
    subflow: number,
  ): Promise<unknown> {
    if (this.#isClosed) return Promise.resolve();
    const is6 = address.hostname.includes(":");
    const socket = subflow > 0
      ? this.#furtherSocket(subflow, is6)
      : is6
      ? this.#socket6
      : this.#socket;
    return socket?.send(bytes, address) ?? Promise.resolve();
  }

  #furtherSocket(subflow: number, is6: boolean): Deno.DatagramConn | undefined {
    const sockets = is6 ? this.#further6 : this.#further;
    if (sockets.has(subflow)) return sockets.get(subflow);
    const socket = open(is6 ? "::" : this.#hostname);
    sockets.set(subflow, socket);
    if (socket !== undefined) this.#receiving.push(this.#receive(socket));
    return socket;
  }

  async #receive(socket: Deno.DatagramConn): Promise<void> {
    const buffer = staggeredBytes(65_536, "datagram");
    let lastHost = "";
    let lastPort = 0;
    let lastPath = -1;
    while (!this.#isClosed) {
      let bytes: Uint8Array;
      let from: Deno.NetAddr;
      try {
        const received = await socket.receive(buffer);
        bytes = received[0];
        from = received[1] as Deno.NetAddr;
      } catch {
        // Closed, or the answer to a datagram that found no socket.
        continue;
      }
      const handler = this.#handlers.get(transferKey(bytes));
      if (handler === undefined) {
        this.#handleServer(bytes, from);
        continue;
      }
      if (from.port !== lastPort || from.hostname !== lastHost) {
        lastHost = from.hostname;
        lastPort = from.port;
        lastPath = this.path({ ip: lastHost, port: lastPort });
      }
      this.#received++;
      if (lastPath >= 0) handler(bytes, lastPath, false);
    }
  }

  #handleEarly(key: number, bytes: Uint8Array, from: Deno.NetAddr): void {
    const handler = this.#handlers.get(key);
    if (handler === undefined) return;
    this.#received++;
    const path = this.path({ ip: from.hostname, port: from.port });
    if (path >= 0) handler(bytes, path, true);
  }

  /** What belongs to no transfer is of the server or a relay, or too early. */
  #handleServer(bytes: Uint8Array, from: Deno.NetAddr): void {
    const isRelayed = bytes[0] === rendezvousType.relayed;
    if (bytes.length < shortest) return;
    const key = transferKeyOf(bytes, isRelayed ? 2 : 1);
    const relay = this.#relays.get(key);
    const isServer = isAt(this.#server, from);
    if (!isServer && !isAt(relay?.address, from)) {
      const place = relay?.addresses.find((each) => isAt(each, from));
      if (place !== undefined && relay?.onAnswer(bytes)) relay.address = place;
      else this.#early.add(transferKey(bytes), bytes, from, performance.now());
      return;
    }
    if (isRelayed) {
      this.#received++;
      const inner = bytes.subarray(1);
      this.#handlers.get(transferKey(inner))?.(inner, relayPath, false);
      return;
    }
    const refusal = openRefused(bytes);
    if (refusal !== undefined) this.#refusalHandlers.get(key)?.(refusal);
    else if (!relay?.onAnswer(bytes) && isServer) this.#onServer(bytes);
  }
}

/** Any free port. A machine may be without IPv6, or out of descriptors. */
function open(hostname: string): Deno.DatagramConn | undefined {
  try {
    return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
  } catch {
    return undefined;
  }
}

function placeOf({ ip, port }: WireAddress): Deno.NetAddr {
  return { transport: "udp", hostname: canonicalIp(ip), port };
}

function isAt(place: Deno.NetAddr | undefined, from: Deno.NetAddr): boolean {
  return place?.port === from.port &&
    place.hostname === canonicalIp(from.hostname);
}

function portOf(socket: Deno.DatagramConn): number {
  return (socket.addr as Deno.NetAddr).port;
}

const maxPaths = 4096;
/** Bytes of a refusal, the shortest that a server says. */
const shortest = 10;
/** Beyond every number that an address can have. */
const relayPath = 1_000_000;
