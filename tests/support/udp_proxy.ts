/**
 * Passes datagrams between two endpoints, until a test cuts it: a network that
 * fails while both programs live. Each side sees the proxy as the other side.
 */
import type { WireAddress } from "../../lib/protocol/request.ts";

/** A proxy on two free ports of this machine. */
export class UdpProxy implements AsyncDisposable {
  /** What reaches each side comes from here, and what it sends goes there. */
  readonly #left = listen();
  readonly #right = listen();
  readonly #passing: Promise<unknown>;
  #isClosed = false;
  /** Nothing passes while true. */
  isDown = false;

  /**
   * @param left Port of one side, on this machine.
   * @param right Port of the other side.
   */
  constructor(left: number, right: number) {
    this.#passing = Promise.all([
      this.#pass(this.#left, this.#right, right),
      this.#pass(this.#right, this.#left, left),
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
    this.#left.close();
    this.#right.close();
    await this.#passing;
  }

  async #pass(
    from: Deno.DatagramConn,
    to: Deno.DatagramConn,
    port: number,
  ): Promise<void> {
    const target = { transport: "udp", hostname: "127.0.0.1", port } as const;
    const buffer = new Uint8Array(65_536);
    while (!this.#isClosed) {
      try {
        const [bytes] = await from.receive(buffer);
        if (!this.isDown) await to.send(bytes, target);
      } catch {
        // Closed, or nobody is there.
      }
    }
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
