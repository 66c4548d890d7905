/**
 * A server that lies: passes the frames between clients and a genuine server on
 * after a test has changed them. To the clients it is the server.
 */
import type { Frame } from "./protocol_client.ts";
import type { TestServer } from "./test_server.ts";

/** One on a free port of this machine, without TLS. */
export class LyingServer implements AsyncDisposable {
  readonly plain = true;
  /** What it makes of each frame that goes to a client. */
  edit: (frame: Frame) => Frame = (frame) => frame;
  /** Every frame that a client sent, oldest first. */
  readonly requests: Frame[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #target: TestServer;
  readonly #open = new Set<Deno.TcpConn>();
  readonly #accepting: Promise<void>;

  constructor(target: TestServer) {
    this.#target = target;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#accepting = this.#accept();
  }

  /** Where clients connect to. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    for await (const client of this.#listener) {
      const { port } = this.#target;
      const server = await Deno.connect({ hostname: "127.0.0.1", port })
        .catch(() => undefined);
      if (server === undefined) {
        // A client may look for it while it is down.
        close(client);
        continue;
      }
      this.#open.add(client).add(server);
      this.#pass(client, server, (frame) => {
        this.requests.push(frame);
        return frame;
      });
      this.#pass(server, client, (frame) => this.edit(frame));
    }
  }

  async #pass(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    edit: (frame: Frame) => Frame,
  ): Promise<void> {
    const writer = to.writable.getWriter();
    const encoder = new TextEncoder();
    let rest = "";
    try {
      const texts = from.readable.pipeThrough(new TextDecoderStream());
      for await (const text of texts) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          const frame = JSON.stringify(edit(JSON.parse(line)));
          await writer.write(encoder.encode(`${frame}\n`));
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
