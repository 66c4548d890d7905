/**
 * Passes datagrams between two endpoints, as a link would and until a test cuts
 * it: a network that is far, loses or fails while both programs live. Each side
 * sees the proxy as the other side.
 */
import type { WireAddress } from "../../lib/wire/request.ts";
import { type LinkOptions, SimulatedLink } from "./simulated_link.ts";

/** A proxy on two free ports of this machine. */
export class UdpProxy implements AsyncDisposable {
  /** What reaches each side comes from here, and what it sends goes there. */
  readonly #left = listen();
  readonly #right = listen();
  readonly #passing: Promise<unknown>;
  readonly #timers = new Map<SimulatedLink, ReturnType<typeof setTimeout>>();
  #isClosed = false;
  /** Nothing passes while true. */
  isDown = false;

  /**
   * @param left Port of one side, on this machine.
   * @param right Port of the other side.
   * @param link What each direction does; nothing by default.
   */
  constructor(left: number, right: number, link?: LinkOptions) {
    const there = this.#way(this.#right, right, link);
    const back = this.#way(this.#left, left, link);
    this.#passing = Promise.all([
      this.#pass(this.#left, there),
      this.#pass(this.#right, back),
    ]);
  }

  /** Where the left side finds the right one. */
  get forLeft(): WireAddress {
    return addressOf(this.#left);
  }

  /** Where the right side finds the left one. */
  get forRight(): WireAddress {
    return addressOf(this.#right);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#left.close();
    this.#right.close();
    await this.#passing;
  }

  async #pass(
    from: Deno.DatagramConn,
    way: (bytes: Uint8Array) => Promise<unknown>,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.#isClosed) {
      try {
        const [bytes] = await from.receive(buffer);
        if (!this.isDown) await way(bytes);
      } catch {
        // Closed, or nobody is there.
      }
    }
  }

  /** How a datagram gets to a port. */
  #way(socket: Deno.DatagramConn, port: number, options?: LinkOptions) {
    const target = { transport: "udp", hostname: "127.0.0.1", port } as const;
    const send = (bytes: Uint8Array) => socket.send(bytes, target);
    if (options === undefined) return send;
    const link = new SimulatedLink(options);
    return (bytes: Uint8Array) => {
      link.send(bytes, performance.now());
      this.#arm(link, send);
      return Promise.resolve();
    };
  }

  #arm(link: SimulatedLink, send: (bytes: Uint8Array) => Promise<unknown>) {
    if (this.#timers.has(link) || link.nextAt === Infinity) return;
    const wait = Math.max(link.nextAt - performance.now(), 0);
    const timer = setTimeout(() => {
      this.#timers.delete(link);
      for (;;) {
        const bytes = link.receive(performance.now());
        if (bytes === undefined || this.#isClosed) break;
        if (!this.isDown) send(bytes).catch(() => {});
      }
      if (!this.#isClosed) this.#arm(link, send);
    }, wait);
    this.#timers.set(link, timer);
  }
}

function listen(): Deno.DatagramConn {
  const hostname = "127.0.0.1";
  return Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
}

function addressOf(socket: Deno.DatagramConn): WireAddress {
  const { hostname, port } = socket.addr as Deno.NetAddr;
  return { ip: hostname, port };
}
