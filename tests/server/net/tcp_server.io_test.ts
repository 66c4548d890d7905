import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { StartError } from "../../../lib/system/errors.io.ts";
import type { RemoteAddress } from "../../../lib/server/model/actions.ts";
import {
  ownTlsCertificate,
  type TlsCertificate,
} from "../../../lib/security/server_certificate.io.ts";
import { generatedServerName } from "../../../lib/security/certificate.ts";
import { TcpServer } from "../../../lib/server/net/tcp_server.io.ts";
import { OutgoingQueue } from "../../../lib/server/model/outgoing_queue.ts";
import { systemSockets } from "../../support/system_sockets.ts";
import { waitUntil } from "../../support/wait_until.ts";

/** A server that answers every line `x` with `<x>`, and `quit` with an end. */
class EchoServer {
  readonly server: TcpServer;
  readonly opened: { readonly id: number; readonly remote: RemoteAddress }[] =
    [];
  readonly closed: number[] = [];
  /** How long it works on each read, ms. */
  busyMs = 0;
  /** Reads that had something, and most connections at once without one. */
  heard = 0;
  mostUnheard = 0;
  readonly queues = new Map<number, OutgoingQueue>();

  readonly #certificate: TlsCertificate | undefined;

  /** @param starts Accepts at once. */
  constructor(
    certificate?: TlsCertificate,
    { host = "127.0.0.1", starts = true } = {},
  ) {
    this.#certificate = certificate;
    this.server = new TcpServer(
      host,
      0,
      {
        handleOpen: (id, remote) => {
          this.opened.push({ id, remote });
          const unheard = this.opened.length - this.heard;
          this.mostUnheard = Math.max(this.mostUnheard, unheard);
          this.queues.set(id, new OutgoingQueue(64 * 1024 * 1024));
        },
        handleData: (id, bytes) => {
          this.heard++;
          const end = performance.now() + this.busyMs;
          while (performance.now() < end);
          const text = new TextDecoder().decode(bytes);
          this.send(id, `<${text.trim()}>`);
          if (text.includes("quit")) this.server.finish(id);
        },
        takeFrames: (id, enoughBytes) =>
          this.queues.get(id)?.take(enoughBytes) ?? [],
        handleClosed: (id) => {
          this.closed.push(id);
          this.queues.delete(id);
        },
      },
      () => {},
      certificate,
    );
    if (starts) this.server.start();
  }

  send(id: number, text: string): void {
    this.queues.get(id)?.push(text);
    this.server.wake([id]);
  }

  async connect(hostname = "127.0.0.1"): Promise<Deno.TcpConn | Deno.TlsConn> {
    const conn = await Deno.connect({ hostname, port: this.server.port });
    const { cert } = this.#certificate ?? {};
    if (cert === undefined) return conn;
    return await Deno.startTls(conn, {
      hostname: generatedServerName,
      caCerts: [cert],
    });
  }
}

async function readAll(conn: Deno.Conn): Promise<string> {
  return await new Response(conn.readable).text();
}

async function write(conn: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  let written = 0;
  while (written < bytes.length) {
    written += await conn.write(bytes.subarray(written));
  }
}

const folder = await Deno.makeTempDir();
const kinds = [
  ["plain", undefined],
  ["TLS", await ownTlsCertificate(folder, Date.now())],
] as const;
await Deno.remove(folder, { recursive: true });

for (const [kind, certificate] of kinds) {
  Deno.test(`TcpServer answers, and closes after the last answer is out (${kind})`, async () => {
    const echo = new EchoServer(certificate);
    const conn = await echo.connect();
    await write(conn, "quit");
    assertEquals(await readAll(conn), "<quit>");
    await waitUntil("it is released", () => echo.server.size === 0);
    assertEquals(echo.closed, [1]);
    assert(echo.opened[0]?.remote.local);
    assertEquals(echo.opened[0]?.remote.ip, "127.0.0.1");
    await echo.server.close();
  });

  Deno.test(`TcpServer writes out an answer to a client that stopped sending (${kind})`, async () => {
    const echo = new EchoServer(certificate);
    const conn = await echo.connect();
    await write(conn, "hi");
    await conn.closeWrite();
    assertEquals(await readAll(conn), "<hi>");
    await waitUntil("it is released", () => echo.server.size === 0);
    assertEquals(echo.closed, [1]);
    await echo.server.close();
  });

  Deno.test(`TcpServer gets its last words to a client that is still sending (${kind})`, async () => {
    const echo = new EchoServer(certificate);
    const conn = await echo.connect();
    const flood = write(conn, "quit" + "x".repeat(8_000_000)).catch(() => {});
    const text = await readAll(conn).catch((error) => String(error));
    assert(text.startsWith("<quit"), text.slice(0, 100));
    await flood;
    await waitUntil("it is released", () => echo.server.size === 0);
    assertEquals(echo.closed, [1]);
    await echo.server.close();
  });

  Deno.test(`TcpServer reports the end of a connection once, however it ends (${kind})`, async () => {
    const echo = new EchoServer(certificate);
    const conns = await Promise.all([1, 2, 3].map(() => echo.connect()));
    await waitUntil("all are open", () => echo.opened.length === 3);
    conns[0]?.close();
    echo.server.abort(2);
    echo.server.finish(3);
    await waitUntil("all are released", () => echo.server.size === 0);
    assertEquals(echo.closed.toSorted(), [1, 2, 3]);
    conns[1]?.close();
    conns[2]?.close();
    await echo.server.close();
  });

  Deno.test(`TcpServer hears who is in before all who log in are heard (${kind})`, async () => {
    const echo = new EchoServer(certificate);
    const clients: Deno.Conn[] = [];
    for (let count = 0; count < 20; count++) clients.push(await echo.connect());
    const chatter = await echo.connect();
    await write(chatter, "hello\n");
    await chatter.read(new Uint8Array(100));
    const [{ id = 0 } = {}] = echo.opened.slice(-1);
    echo.server.enter(id);
    echo.busyMs = 5;
    const before = echo.heard;
    await Promise.all(clients.map((each) => write(each, "login\n")));
    await write(chatter, "chat\n");
    await chatter.read(new Uint8Array(100));
    assert(echo.heard - before < clients.length);
    for (const each of [...clients, chatter]) each.close();
    await echo.server.close();
  });

  Deno.test(`TcpServer hears of each in a crowd what they have said (${kind})`, async () => {
    const echo = new EchoServer(certificate);
    const clients = await Promise.all(
      Array.from({ length: 30 }, () => echo.connect()),
    );
    const answers = await Promise.all(clients.map(async (each, index) => {
      const told = String(index).repeat(400 * (index + 1));
      await write(each, `${told}\n`);
      // Nothing may be taken for what somebody else says meanwhile.
      await write(each, "quit");
      const answer = await readAll(each);
      return answer.replaceAll(/\D/g, "") === told;
    }));
    assertEquals(answers, clients.map(() => true));
    await echo.server.close();
  });

  // A handshake of TLS takes more than one turn: many are then on their way.
  const most = certificate === undefined ? 130 : 260;
  Deno.test(`TcpServer accepts no more than it gets to hear (${kind})`, async () => {
    const echo = new EchoServer(certificate, { starts: false });
    echo.busyMs = 1;
    let said = 0;
    const all = Promise.all(Array.from({ length: 300 }, async () => {
      const client = await echo.connect();
      await write(client, "hello\n");
      said++;
      await client.read(new Uint8Array(100));
      return client;
    }));
    // Where there is no TLS, all have said it before anybody is accepted.
    if (certificate === undefined) {
      await waitUntil("all have said it", () => said === 300);
    }
    echo.server.start();
    for (const client of await all) client.close();
    assertEquals(echo.opened.length, 300);
    assert(echo.mostUnheard <= most, `${echo.mostUnheard} at once`);
    await echo.server.close();
  });

  Deno.test(`TcpServer.close ends with a reader that does not read (${kind})`, async () => {
    const echo = new EchoServer(certificate);
    const conn = await echo.connect();
    await waitUntil("it is open", () => echo.opened.length === 1);
    echo.send(1, "x".repeat(32_000_000));
    const start = performance.now();
    await echo.server.close();
    assert(performance.now() - start < 6000);
    assertEquals(echo.closed, [1]);
    // Whoever did not read in time is cut off, with what was under way.
    await assertRejects(() => readAll(conn), Deno.errors.ConnectionReset);
  });
}

for (const [kind, certificate] of kinds) {
  Deno.test({
    name:
      `TcpConnection.abort leaves nothing of a reader that does not read (${kind})`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const echo = new EchoServer(certificate);
      const conn = await echo.connect();
      await write(conn, "hi");
      await waitUntil("it is heard", () => echo.heard > 0);
      echo.send(1, "x".repeat(32_000_000));
      await waitUntil(
        "the write blocks",
        () => echo.queues.get(1)?.bytes === 0,
      );
      const { port } = conn.localAddr as Deno.NetAddr;
      const sockets = () => systemSockets(echo.server.port, port);
      assertEquals((await sockets()).length, 1);
      echo.server.abort(1);
      await waitUntil("it is gone", async () => (await sockets()).length === 0);
      conn.close();
      await echo.server.close();
    },
  });
}

for (const [kind, certificate] of kinds) {
  Deno.test({
    name:
      `TcpConnection.finish leaves nothing of a client that does not hang up (${kind})`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const echo = new EchoServer(certificate);
      const conn = await echo.connect();
      await write(conn, "quit");
      await waitUntil("it is hung up on", () => echo.heard > 0);
      const { port } = conn.localAddr as Deno.NetAddr;
      await waitUntil(
        "it is gone",
        async () => (await systemSockets(echo.server.port, port)).length === 0,
      );
      assertEquals(echo.closed, [1]);
      conn.close();
      await echo.server.close();
    },
  });
}

Deno.test({
  name: "TcpConnection.finish cuts off who does not finish its handshake",
  ignore: Deno.build.os !== "linux",
  async fn() {
    const echo = new EchoServer(kinds[1][1]);
    const { port } = echo.server;
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(Uint8Array.of(22, 3, 1));
    await waitUntil("it is open", () => echo.opened.length === 1);
    echo.server.finish(1);
    const { port: remote } = conn.localAddr as Deno.NetAddr;
    await waitUntil(
      "it is gone",
      async () => (await systemSockets(port, remote)).length === 0,
    );
    assertEquals(echo.closed, [1]);
    conn.close();
    await echo.server.close();
  },
});

Deno.test("TcpServer that reads from nobody does not read from those who come meanwhile", async () => {
  const [echo, other] = [new EchoServer(), new EchoServer()];
  const early = await echo.connect();
  await waitUntil("it is there", () => echo.opened.length === 1);
  echo.server.setReading(false);
  const late = await echo.connect();
  for (const each of [early, late]) await write(each, "hi");
  await waitUntil("both are there", () => echo.opened.length === 2);
  // What comes elsewhere meanwhile is heard.
  const witness = await other.connect();
  for (let count = 0; count < 20; count++) {
    await write(witness, "x");
    await witness.read(new Uint8Array(100));
  }
  assertEquals(echo.heard, 0);
  echo.server.setReading(true);
  for (const each of [early, late]) {
    const bytes = new Uint8Array(4);
    await each.read(bytes);
    assertEquals(new TextDecoder().decode(bytes), "<hi>");
  }
  for (const each of [early, late, witness]) each.close();
  await Promise.all([echo.server.close(), other.server.close()]);
});

Deno.test("TcpServer lets no more than a few linger who were hung up on", async () => {
  const echo = new EchoServer();
  const conns = await Promise.all(
    Array.from({ length: 200 }, () => echo.connect()),
  );
  await waitUntil("all are open", () => echo.opened.length === 200);
  for (const { id } of echo.opened) echo.server.finish(id);
  assertEquals(echo.server.size, 128);
  for (const conn of conns) conn.close();
  await echo.server.close();
});

Deno.test("TcpServer accepts no more than it may, says so once, and goes on when one ends", async () => {
  const reports: string[] = [];
  const opened: number[] = [];
  const server = new TcpServer(
    "127.0.0.1",
    0,
    {
      handleOpen: (id) => void opened.push(id),
      handleData: () => {},
      takeFrames: () => [],
      handleClosed: () => {},
    },
    (_, text) => void reports.push(text),
    undefined,
    3,
  );
  server.start();
  const { port } = server;
  const conns = await Promise.all(
    Array.from({ length: 5 }, () => Deno.connect({ port })),
  );
  for (let more = 0; more <= 2; more++) {
    await waitUntil("they are accepted", () => opened.length === 3 + more);
    await waitUntil("no more are there", () => server.size === 3);
    // Whoever was accepted first.
    server.abort(opened[more]!);
  }
  assertEquals(reports.length, 1);
  assertMatch(reports[0]!, /^3 connections are all that there may be/);
  for (const conn of conns) conn.close();
  await server.close();
});

Deno.test("TcpServer reads bursts larger than its small buffers whole", async () => {
  let received = 0;
  const server = new TcpServer("127.0.0.1", 0, {
    handleOpen: () => {},
    handleData: (_id, bytes) => {
      for (const byte of bytes) assertEquals(byte, received++ % 251);
    },
    takeFrames: () => [],
    handleClosed: () => {},
  }, () => {});
  server.start();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  for (let sent = 0; sent < bytes.length;) {
    sent += await conn.write(bytes.subarray(sent, sent + 5000));
  }
  await waitUntil("all is read", () => received === bytes.length);
  conn.close();
  await server.close();
});

Deno.test("TcpServer listens on IPv6 and shows IPv4 clients as such", async () => {
  const echo = new EchoServer(undefined, { host: "::" });
  const four = await echo.connect("127.0.0.1");
  const six = await echo.connect("::1");
  await waitUntil("both are open", () => echo.opened.length === 2);
  const ips = echo.opened.map(({ remote }) => remote.ip).toSorted();
  assertEquals(ips, ["127.0.0.1", "::1"]);
  assert(echo.opened.every(({ remote }) => remote.local));
  four.close();
  six.close();
  await echo.server.close();
});

Deno.test("TcpServer refuses a port in use or a foreign address in one line", async () => {
  const echo = new EchoServer();
  const events = {
    handleOpen() {},
    handleData() {},
    takeFrames: () => [],
    handleClosed() {},
  };
  const port = echo.server.port;
  const error = assertThrows(
    () => new TcpServer("127.0.0.1", port, events, () => {}),
    StartError,
    `127.0.0.1:${port}`,
  );
  assert(error.message.includes("the port is in use"), error.message);
  assertThrows(
    () => new TcpServer("192.0.2.1", 0, events, () => {}),
    StartError,
    "192.0.2.1",
  );
  await echo.server.close();
});
