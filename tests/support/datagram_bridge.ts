/** Two ports of this machine: what comes to one goes out of the other. */
import { IncomingMedia, OutgoingMedia } from "../../lib/engine/call_media.ts";

/** A forwarder between two who speak first, of what goes over in a call. */
export class DatagramBridge implements Disposable {
  /** Where each of the two sends. */
  readonly ports: readonly [number, number];
  /** Most bytes of a datagram so far. */
  largest = 0;
  readonly #sockets: readonly [Deno.DatagramConn, Deno.DatagramConn];
  readonly #sources: (Deno.Addr | undefined)[] = [undefined, undefined];

  constructor() {
    const open = () =>
      Deno.listenDatagram({
        transport: "udp",
        hostname: "127.0.0.1",
        port: 0,
      });
    this.#sockets = [open(), open()];
    const port = ({ addr }: Deno.DatagramConn) => (addr as Deno.NetAddr).port;
    this.ports = [port(this.#sockets[0]), port(this.#sockets[1])];
    this.#forward(0);
    this.#forward(1);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.close();
  }

  async #forward(from: 0 | 1): Promise<void> {
    const to = from === 0 ? 1 : 0;
    const [outgoing, incoming] = [new OutgoingMedia(), new IncomingMedia()];
    let number = 0;
    for await (const [data, source] of this.#sockets[from]) {
      this.#sources[from] = source;
      this.largest = Math.max(this.largest, data.length);
      outgoing.push(data);
      for (let part = outgoing.next(); part; part = outgoing.next()) {
        incoming.take(part, number++);
      }
      const whole = incoming.shift();
      const target = this.#sources[to];
      if (whole === undefined || target === undefined) continue;
      // One that is closed by now has nobody who waits.
      await this.#sockets[to].send(whole, target).catch(() => 0);
    }
  }
}
