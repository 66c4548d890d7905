/** A browser's UDP socket, as far as a client sees it. */
import type { CallCredentials } from "../../lib/client/events/call_port.ts";
import { stunCheck } from "./stun_check.ts";

/** Sends checks and what it is told to, and keeps what comes. */
export class FakeBrowser {
  /** Of the other browser. */
  readonly received: Uint8Array[] = [];
  /** The client's to checks. */
  readonly answers: Uint8Array[] = [];
  readonly #socket = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
  readonly #credentials: CallCredentials;
  readonly #port: number;
  readonly #receiving: Promise<void>;
  #isClosed = false;
  #wake = () => {};

  /** @param port Where the client stands for the other browser. */
  constructor(port: number, credentials: CallCredentials) {
    this.#port = port;
    this.#credentials = credentials;
    this.#receiving = this.#receive();
  }

  /** Shows the client who it is. */
  async check(): Promise<void> {
    const { own, theirs } = this.#credentials;
    const name = `${theirs.ufrag}:${own.ufrag}`;
    await this.send(stunCheck({ name, password: theirs.pwd }));
  }

  async send(bytes: Uint8Array): Promise<void> {
    const hostname = "127.0.0.1";
    const to = { transport: "udp", hostname, port: this.#port } as const;
    await this.#socket.send(bytes, to);
  }

  /** Resolves once what came says so. */
  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#socket.close();
    await this.#receiving;
  }

  async #receive(): Promise<void> {
    while (!this.#isClosed) {
      try {
        const [bytes] = await this.#socket.receive(new Uint8Array(2048));
        const isAnswer = bytes[0] === 1 && bytes[1] === 1;
        (isAnswer ? this.answers : this.received).push(bytes);
        this.#wake();
      } catch {
        // Closed, or the answer to a datagram that found no socket.
      }
    }
  }
}
