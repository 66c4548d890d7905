/** A UDP port of the server: what comes is answered, or not. */
import { canonicalIp } from "../../base/ip_address.ts";
import type { WireAddress } from "../../wire/request.ts";
import type { ServerDatagram } from "./udp_probes.ts";

/** Answers a datagram; the bytes are reused after what it returns was sent. */
export type AnswerDatagram = (
  bytes: Uint8Array,
  from: WireAddress,
) => ServerDatagram | undefined;

/** A bound UDP port. */
export class UdpServer {
  readonly #socket: Deno.DatagramConn;
  readonly #serving: Promise<void>;
  /** IPv4 addresses must be written as IPv6 ones on such a socket. */
  readonly #isIpv6: boolean;
  #isClosed = false;

  /** @throws {Error} when the port cannot be had. */
  constructor(host: string, port: number, answer: AnswerDatagram) {
    this.#socket = Deno.listenDatagram({
      transport: "udp",
      hostname: host,
      port,
    });
    this.#isIpv6 = (this.#socket.addr as Deno.NetAddr).hostname.includes(":");
    this.#serving = this.#serve(answer);
  }

  /** The port that was bound. */
  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#socket.close();
    await this.#serving;
  }

  async #serve(answer: AnswerDatagram): Promise<void> {
    const buffer = new Uint8Array(65_536);
    while (!this.#isClosed) {
      try {
        const [bytes, from] = await this.#socket.receive(buffer);
        const { hostname, port } = from as Deno.NetAddr;
        const reply = answer(bytes, { ip: canonicalIp(hostname), port });
        if (reply !== undefined) await this.#send(reply);
      } catch {
        // Closed, or a datagram that the system refused: lost like any other.
        await Promise.resolve();
      }
    }
  }

  async #send({ to, bytes }: ServerDatagram): Promise<void> {
    const isMapped = this.#isIpv6 && !to.ip.includes(":");
    await this.#socket.send(bytes, {
      transport: "udp",
      hostname: isMapped ? `::ffff:${to.ip}` : to.ip,
      port: to.port,
    });
  }
}
