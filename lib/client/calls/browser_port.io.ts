/**
 * The UDP port at 127.0.0.1 that is another member of a call for the browser.
 * Any program on this machine can send something there: only the browser knows
 * what its checks must be signed with, and nothing passes before it has shown
 * that, or from elsewhere.
 */
import type { CallCredentials } from "../events/call_port.ts";
import { isCheck } from "./stun.ts";

/** One such port. */
export class BrowserPort {
  readonly #socket: Deno.DatagramConn;
  readonly #onDatagram: (bytes: Uint8Array) => void;
  readonly #receiving: Promise<void>;
  #credentials: CallCredentials | undefined;
  #browser: Deno.NetAddr | undefined;
  #isClosed = false;

  /**
   * @param onDatagram Gets what the browser sends, each in bytes of its own.
   * @throws {Error} when there is no port.
   */
  constructor(onDatagram: (bytes: Uint8Array) => void) {
    this.#onDatagram = onDatagram;
    const hostname = "127.0.0.1";
    this.#socket = Deno.listenDatagram({ transport: "udp", hostname, port: 0 });
    this.#receiving = this.#receive();
  }

  get port(): number {
    return (this.#socket.addr as Deno.NetAddr).port;
  }

  /** Lets the browser in that is known by these; another one than before, too. */
  open(credentials: CallCredentials): void {
    this.#credentials = credentials;
  }

  /** Sends the browser a datagram; lost while it has not shown itself. */
  send(bytes: Uint8Array): void {
    const browser = this.#browser;
    if (browser === undefined || this.#isClosed) return;
    this.#socket.send(bytes, browser).catch(() => {
      // Lost, as on a network that drops it.
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#socket.close();
    await this.#receiving;
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(bufferBytes);
    while (!this.#isClosed) {
      let received: [Uint8Array, Deno.Addr];
      try {
        received = await this.#socket.receive(buffer);
      } catch {
        // Closed, or the answer to a datagram that found no socket.
        continue;
      }
      const [bytes, from] = received;
      if (this.#isBrowser(bytes, from as Deno.NetAddr)) {
        this.#onDatagram(bytes.slice());
      }
    }
  }

  /** True for the browser, whose checks also tell where it is. */
  #isBrowser(bytes: Uint8Array, from: Deno.NetAddr): boolean {
    const credentials = this.#credentials;
    if (credentials === undefined) return false;
    const browser = this.#browser;
    if (from.port === browser?.port && from.hostname === browser.hostname) {
      return true;
    }
    if (!isCheck(bytes, credentials)) return false;
    this.#browser = from;
    return true;
  }
}

/** More than passes: what is cut off here is too large. */
const bufferBytes = 2048;
