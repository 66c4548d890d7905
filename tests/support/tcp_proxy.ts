/**
 * Passes bytes between clients and a server, until a test cuts it: a network
 * that fails while both programs live.
 */
import type { TestServer } from "./test_server.ts";

type Server = Pick<TestServer, "port" | "plain">;

/** A proxy on a free port of this machine. */
export class TcpProxy implements AsyncDisposable {
  readonly #listener: Deno.TcpListener;
  readonly #target: Server;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;
  /** What the server sends is lost when false; so is each new connection. */
  #answers = true;

  /** @param target The server, on this machine. */
  constructor(target: Server) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  /** Whether the server speaks without TLS. */
  get plain(): boolean {
    return this.#target.plain;
  }

  /** Where clients connect to. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** From now on what the server sends is lost, though the connection lives. */
  swallowAnswers(): void {
    this.#answers = false;
  }

  /** Ends every connection; new ones work again. */
  cut(): void {
    for (const connection of this.#open) close(connection);
    this.#open.clear();
    this.#answers = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    this.cut();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      try {
        const { port } = this.#target;
        const server = await Deno.connect({ hostname: "127.0.0.1", port });
        this.#open.add(client).add(server);
        this.#pass(client, server, () => true);
        this.#pass(server, client, () => this.#answers);
      } catch {
        close(client);
      }
    }
  }

  async #pass(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    passes: () => boolean,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        let sent = passes() ? 0 : count;
        while (sent < count) {
          sent += await to.write(buffer.subarray(sent, count));
        }
      }
    } catch { /* cut */ }
    for (const each of [from, to]) {
      this.#open.delete(each);
      close(each);
    }
  }
}

function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch { /* closed already */ }
}
