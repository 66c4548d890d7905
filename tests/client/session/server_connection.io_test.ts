import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ServerConnection } from "../../../lib/client/session/server_connection.io.ts";
import { PinFile } from "../../../lib/client/trust/server_pins.io.ts";
import { ServerPlaces } from "../../../lib/client/trust/server_places.ts";
import { freePort } from "../../support/free_port.ts";
import { systemSockets } from "../../support/system_sockets.ts";
import { testCertificate } from "../../support/test_certificate.ts";
import { waitUntil } from "../../support/wait_until.ts";

const hostname = "127.0.0.1";

/** Accepts connections and reads nothing, or nothing more, of them. */
class DeafServer implements AsyncDisposable {
  /** The other ends of all connections. */
  readonly callers: number[] = [];
  readonly #listener: Deno.Listener;
  readonly #open: Deno.Conn[] = [];
  readonly #accepting: Promise<void>;

  /** @param certificate Makes it finish the handshakes. */
  constructor(certificate?: { cert: string; key: string }) {
    this.#listener = certificate === undefined
      ? Deno.listen({ hostname, port: 0 })
      : Deno.listenTls({ hostname, port: 0, ...certificate });
    this.#accepting = this.#accept();
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Of the connections to it, the ends that the system still has. */
  async left(): Promise<number> {
    const found = await Promise.all(
      this.callers.map((port) => systemSockets(port, this.port)),
    );
    return found.flat().length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const conn of this.#open) conn.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    for await (const conn of this.#listener) {
      this.#open.push(conn);
      this.callers.push((conn.remoteAddr as Deno.NetAddr).port);
      (conn as Deno.TlsConn).handshake?.().catch(() => {});
    }
  }
}

/** A connection to it, and what that told. */
function connect(port: number, pins?: PinFile) {
  const told: string[] = [];
  const connection = new ServerConnection(
    new ServerPlaces({ host: hostname, port }),
    {
      connected: () => told.push("connected"),
      data: () => told.push("data"),
      disconnected: (reason) => told.push(reason),
    },
    pins,
  );
  return { connection, told };
}

Deno.test("ServerConnection tries all places, and says what is wrong with the last", async () => {
  const server = Deno.listen({ hostname, port: 0 });
  const { port } = server.addr;
  const closed = { host: hostname, port: freePort() };
  const told: string[] = [];
  const handler = {
    connected: () => told.push("connected"),
    data() {},
    disconnected: (reason: string) => told.push(reason),
  };
  const placesWith = (port: number) =>
    new ServerPlaces({ ...closed, others: [{ host: hostname, port }] });
  const connection = new ServerConnection(placesWith(port), handler);
  (await server.accept()).close();
  await waitUntil("both", () => told.length === 2);
  assertEquals(told, ["connected", "the connection was lost"]);
  connection.close();
  server.close();
  new ServerConnection(placesWith(freePort()), handler);
  await waitUntil("it fails", () => told.length === 3);
  assert(
    told[2]?.startsWith(
      `cannot reach the server at ${hostname}:${closed.port}: nothing`,
    ),
    told[2],
  );
});

Deno.test("ServerConnection: known servers that cannot be read just now may pass", async () => {
  await inFolder(async (pins) => {
    await Deno.mkdir(pins.path, { recursive: true });
    const kinds: string[] = [];
    new ServerConnection(
      new ServerPlaces({ host: hostname, port: freePort() }),
      {
        connected() {},
        data() {},
        disconnected: (_, kind) => kinds.push(kind),
      },
      pins,
    );
    await waitUntil("it fails", () => kinds.length === 1);
    assertEquals(kinds, ["passing"]);
  });
});

async function inFolder(run: (pins: PinFile) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(new PinFile(join(folder, "config")));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("ServerConnection: nothing is left of a handshake that the server does not answer", async () => {
  await inFolder(async (pins) => {
    await using server = new DeafServer();
    const { connection, told } = connect(server.port, pins);
    await waitUntil("the connection", () => server.callers.length === 1);
    assertEquals(await server.left(), 1);
    connection.close();
    await waitUntil("its end", async () => await server.left() === 0);
    assertEquals(told, []);
  });
});

Deno.test("ServerConnection: nothing is left of a write to a server that does not read", async () => {
  const certificate = await testCertificate();
  await inFolder(async (pins) => {
    for (const isPlain of [true, false]) {
      await using server = new DeafServer(isPlain ? undefined : certificate);
      const { connection, told } = connect(
        server.port,
        isPlain ? undefined : pins,
      );
      await waitUntil("the connection", () => told.includes("connected"));
      // More than any system takes for somebody who does not read.
      connection.write(new Uint8Array(64 * 1024 * 1024));
      await Promise.resolve();
      connection.close();
      await waitUntil("its end", async () => await server.left() === 0);
      assertEquals(told, ["connected"]);
    }
  });
});

Deno.test("ServerConnection: what the system takes is sent before a close", async () => {
  using listener = Deno.listen({ hostname, port: 0 });
  const served = listener.accept().then((conn) =>
    new Response(conn.readable).text()
  );
  const { connection, told } = connect(listener.addr.port);
  await waitUntil("the connection", () => told.includes("connected"));
  connection.write(new TextEncoder().encode("good"));
  connection.write(new TextEncoder().encode("bye"));
  connection.close();
  assertEquals(await served, "goodbye");
  assert(!told.includes("the connection was lost"));
});

Deno.test("ServerConnection finds a host by its name, at the address that answers", async () => {
  using listener = Deno.listen({ hostname, port: 0 });
  const served = listener.accept();
  const { connection, told } = connect(listener.addr.port);
  const conn = await served;
  await waitUntil("the connection", () => told.includes("connected"));
  assertEquals(connection.serverIp, hostname);
  conn.close();
  await waitUntil("its loss", () => told.length === 2);
  assertEquals(told, ["connected", "the connection was lost"]);
});

Deno.test("ServerConnection knows who left out the brackets of an address", async () => {
  const told = await new Promise<string>((resolve) => {
    new ServerConnection(new ServerPlaces({ host: "::1:6997", port: 6000 }), {
      connected: () => resolve("connected"),
      data: () => resolve("data"),
      disconnected: resolve,
    });
  });
  assertStringIncludes(
    told,
    "if that is an address and a port, write [::1]:6997",
  );
});
