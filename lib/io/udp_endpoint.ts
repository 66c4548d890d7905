/**
 * The client's UDP socket: one for all transfers, told apart by the transfer id
 * in each datagram. `Deno.listenDatagram` receives 100 times as many datagrams a
 * second as `node:dgram` does on Deno 2.9, whose option for a larger receive
 * buffer moreover has no effect; so bursts are kept within the default buffer.
 */
import { transferKey } from "../transfer/packet.ts";
import type { WireAddress } from "../protocol/request.ts";

/** Who gets the datagrams of a transfer; the bytes are reused after the call. */
export type DatagramHandler = (bytes: Uint8Array, path: number) => void;

/** One UDP socket, shared by transfers. */
export class UdpEndpoint {
  readonly #socket: Deno.DatagramConn;
  readonly #handlers = new Map<number, DatagramHandler>();
  /** Address of each path number. */
  readonly #addresses: Deno.NetAddr[] = [];
  readonly #pathOf = new Map<string, number>();
  readonly #receiving: Promise<void>;
  #isClosed = false;

  /**
   * @param port 0 for any free one.
   * @throws {Error} when the port cannot be had.
   */
  constructor(port: number, hostname = "0.0.0.0") {
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port });
    this.#receiving = this.#receive();
  }

  /** The port that was bound. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /**
   * Where this socket can be reached: every address of this machine, IPv4, most
   * useful first, loopback last; at most 16.
   */
  localAddresses(): WireAddress[] {
    let found: string[] = [];
    try {
      found = Deno.networkInterfaces().filter(({ family }) => family === "IPv4")
        .map(({ address }) => address);
    } catch {
      // Not allowed to list them: peers on this machine can still be reached.
    }
    const outer = found.filter((ip) => !isLoopback(ip));
    const ips = [...new Set([...outer.slice(0, 15), "127.0.0.1"])];
    return ips.map((ip) => ({ ip, port: this.port }));
  }

  /** True when `ip` is this machine. */
  isLocal(ip: string): boolean {
    return isLoopback(ip) || this.localAddresses().some((a) => a.ip === ip);
  }

  /** The number by which an address is meant from now on. */
  path(address: WireAddress): number {
    const key = `${address.ip} ${address.port}`;
    const known = this.#pathOf.get(key);
    if (known !== undefined) return known;
    // Forged senders must not fill the memory; running transfers keep theirs.
    if (this.#addresses.length >= maxPaths) return -1;
    const path = this.#addresses.length;
    this.#addresses.push({
      transport: "udp",
      hostname: address.ip,
      port: address.port,
    });
    this.#pathOf.set(key, path);
    return path;
  }

  /** The address behind a path number. */
  address(path: number): WireAddress {
    const { hostname, port } = this.#addresses[path]!;
    return { ip: hostname, port };
  }

  /** Datagrams whose key is `key` go to `handler`. */
  register(key: number, handler: DatagramHandler): void {
    this.#handlers.set(key, handler);
  }

  unregister(key: number): void {
    this.#handlers.delete(key);
  }

  /**
   * Sends a datagram. One that the system refuses (no route, too large) is lost
   * like one that a network drops; the engine repairs that.
   */
  async send(bytes: Uint8Array, path: number): Promise<void> {
    const address = this.#addresses[path];
    if (address === undefined || this.#isClosed) return;
    try {
      await this.#socket.send(bytes, address);
    } catch {
      // Lost.
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
    await this.#receiving;
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let lastHost = "";
    let lastPort = 0;
    let lastPath = -1;
    while (!this.#isClosed) {
      let bytes: Uint8Array;
      let from: Deno.NetAddr;
      try {
        const received = await this.#socket.receive(buffer);
        bytes = received[0];
        from = received[1] as Deno.NetAddr;
      } catch {
        // Closed, or the answer to a datagram that found no socket.
        continue;
      }
      const handler = this.#handlers.get(transferKey(bytes));
      if (handler === undefined) continue;
      if (from.port !== lastPort || from.hostname !== lastHost) {
        lastHost = from.hostname;
        lastPort = from.port;
        lastPath = this.path({ ip: lastHost, port: lastPort });
      }
      if (lastPath >= 0) handler(bytes, lastPath);
    }
  }
}

function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1";
}

const maxPaths = 4096;
