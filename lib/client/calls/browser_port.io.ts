/**
 * The UDP port at 127.0.0.1 that is another member of a call for the browser.
 * Any program on this machine can send something there: only the browser knows
 * what its checks must be signed with, and nothing passes before it has shown
 * that, or from elsewhere. Its checks are answered here: for a browser the way
 * ends at its own client, which is there however slow the other browser is.
 */
import type { CallCredentials } from "../events/call_port.ts";
import { checkAnswer, isCheck } from "./stun.ts";

/** One such port. */
export class BrowserPort {
  readonly #socket: Deno.DatagramConn;
  readonly #onDatagram: (bytes: Uint8Array) => void;
  readonly #receiving: Promise<void>;
  #credentials: CallCredentials | undefined;
  #browser: Deno.NetAddr | undefined;
  /** What came for a browser that had not shown itself. */
  #early: Uint8Array[] = [];
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

  /**
   * Sends the browser a datagram, whose bytes are kept. Of what comes before it
   * has shown itself it gets the latest then: the other browser, if it was first,
   * repeats the begin of its handshake after pauses that grow.
   */
  send(bytes: Uint8Array): void {
    if (this.#browser !== undefined) return this.#send(bytes, this.#browser);
    if (this.#early.length >= mostEarly) this.#early.shift();
    this.#early.push(bytes);
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
      this.#handle(bytes, from as Deno.NetAddr);
    }
  }

  #handle(bytes: Uint8Array, from: Deno.NetAddr): void {
    const credentials = this.#credentials;
    if (credentials === undefined) return;
    if (isCheck(bytes, credentials)) {
      this.#browser = from;
      this.#send(checkAnswer(bytes, from.port, credentials), from);
      for (const early of this.#early.splice(0)) this.#send(early, from);
      return;
    }
    const browser = this.#browser;
    if (from.port !== browser?.port || from.hostname !== browser.hostname) {
      return;
    }
    this.#onDatagram(bytes.slice());
  }

  #send(bytes: Uint8Array, to: Deno.NetAddr): void {
    if (this.#isClosed) return;
    this.#socket.send(bytes, to).catch(() => {
      // Lost, as on a network that drops it.
    });
  }
}

/** Datagrams that wait for the browser: a handshake begins with one or two. */
const mostEarly = 4;
/** More than passes: what is cut off here is too large. */
const bufferBytes = 2048;
