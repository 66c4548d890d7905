/**
 * A man in the middle: answers with TLS and a certificate of his own, passes
 * everything on to the genuine server, and keeps what he reads.
 */
import { connect, type TLSSocket } from "node:tls";
import { Buffer } from "node:buffer";
import { testCertificate } from "./test_certificate.ts";

/** One intruder between clients and a server. */
export class Intruder implements AsyncDisposable {
  /** Everything read so far, of both directions, one character a byte. */
  seen = "";
  readonly #listener: Deno.TlsListener;
  readonly #serverPort: number;
  readonly #edit: (text: string) => string;
  readonly #serving: Promise<void>;
  readonly #open = new Set<{ close(): void }>();

  private constructor(
    listener: Deno.TlsListener,
    serverPort: number,
    edit: (text: string) => string,
  ) {
    this.#listener = listener;
    this.#serverPort = serverPort;
    this.#edit = edit;
    this.#serving = this.#serve();
  }

  /**
   * Starts one.
   *
   * @param edit What he makes of a client's bytes before he passes them on.
   */
  static async start(
    serverPort: number,
    edit: (text: string) => string = (text) => text,
  ): Promise<Intruder> {
    const { cert, key } = await testCertificate();
    const hostname = "127.0.0.1";
    const listener = Deno.listenTls({ hostname, port: 0, cert, key });
    return new Intruder(listener, serverPort, edit);
  }

  /** Where clients find him. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const each of this.#open) each.close();
    await this.#serving;
  }

  async #serve(): Promise<void> {
    const all: Promise<void>[] = [];
    for (;;) {
      try {
        const client = await this.#listener.accept();
        all.push(this.#relay(client).catch(() => {}));
      } catch {
        break;
      }
    }
    await Promise.all(all);
  }

  async #relay(client: Deno.TlsConn): Promise<void> {
    this.#open.add(client);
    await client.handshake();
    const server = await connectTo(this.#serverPort);
    const ended = new Promise<void>((resolve) => {
      server.on("close", () => resolve());
    });
    server.on("data", (bytes: Uint8Array) => {
      this.seen += text(bytes);
      client.write(bytes).catch(() => {});
    });
    const buffer = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await client.read(buffer);
        if (count === null) break;
        const from = text(buffer.subarray(0, count));
        this.seen += from;
        server.write(Buffer.from(this.#edit(from), "latin1"));
      }
    } finally {
      server.destroy();
      await ended;
      this.#open.delete(client);
      client.close();
    }
  }
}

function connectTo(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect(
      { host: "127.0.0.1", port, rejectUnauthorized: false },
      () => resolve(socket),
    );
    socket.once("error", reject);
  });
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
