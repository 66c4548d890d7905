import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { join } from "@std/path";
import { createServer } from "node:tls";
import { pbkdf2Sync, X509Certificate } from "node:crypto";
import {
  connectPinned,
  PinFile,
  ServerKeyChangedError,
} from "../../../lib/client/trust/server_pins.io.ts";
import {
  connectTls,
  proveCertificate,
  TlsConnectError,
} from "../../../lib/security/tls_client.io.ts";
import {
  ownTlsCertificate,
  type TlsCertificate,
} from "../../../lib/security/server_certificate.io.ts";
import type { ByteSocket } from "../../../lib/system/tcp_socket.io.ts";
import { StartError } from "../../../lib/system/errors.io.ts";
import { serverLabel } from "../../../lib/client/trust/server_pins.ts";
import {
  channelBindingOf,
  parseCertificate,
  startsLikeTls,
} from "../../../lib/security/certificate.ts";
import { ScramClient } from "../../../lib/security/scram_client.ts";
import { ScramServer } from "../../../lib/security/scram_server.ts";
import { ScramError, serverKeysOf } from "../../../lib/security/scram.ts";
import { formatTime } from "../../../lib/base/time.ts";
import { freePort } from "../../support/free_port.ts";
import { testCertificate } from "../../support/test_certificate.ts";
import { impersonate } from "../../support/tls_impostor.ts";
import { forgedCertificate } from "../../support/forged_certificate.ts";

const host = "127.0.0.1";
const dayMs = 86_400_000;

Deno.test("connectPinned() pins after the login and then connects at once", async () => {
  await inFolder(async (folder, pins) => {
    const certificate = await ownTlsCertificate(folder, Date.now());
    await using server = new EchoServer(certificate);
    const label = serverLabel(host, server.port);
    const first = await connectPinned(host, server.port, pins);
    assert(first.firstContact?.message.includes(certificate.fingerprint));
    assertEquals(first.binding, certificate.binding);
    assertEquals(await echo(first.socket), "hello");
    first.socket.close();
    // The login has not succeeded: nothing is pinned.
    assertEquals(await pins.find(label), undefined);
    await first.remember();
    const { mode } = await Deno.stat(pins.path);
    assertEquals((mode ?? 0) & 0o777, 0o600);

    const before = server.accepted;
    const second = await connectPinned(host, server.port, pins);
    assertEquals(second.firstContact, undefined);
    assertEquals(await echo(second.socket), "hello");
    second.socket.close();
    assertEquals(server.accepted, before + 1);
  });
});

Deno.test("connectPinned() refuses a changed key until it is forgotten", async () => {
  await inFolder(async (folder, pins) => {
    const real = await ownTlsCertificate(folder, Date.now());
    const port = await meet(real, pins);
    const other = made(await testCertificate());
    await using _impostor = new EchoServer(other, port);
    const label = serverLabel(host, port);
    const error = await assertRejects(
      () => connectPinned(host, port, pins),
      ServerKeyChangedError,
      `parley --forget ${label}`,
    );
    assert(error.message.includes(real.fingerprint));
    assert(error.message.includes(other.fingerprint));
    assert(await pins.forget(label));
    assert(!await pins.forget(label));
    const accepted = await connectPinned(host, port, pins);
    assert(accepted.firstContact?.message.includes(other.fingerprint));
    accepted.socket.close();
  });
});

Deno.test("connectPinned() takes a renewed certificate of the same key", async () => {
  await inFolder(async (folder, pins) => {
    const now = Date.now();
    const old = await ownTlsCertificate(folder, now - 3400 * dayMs);
    const port = await meet(old, pins);
    const renewed = await ownTlsCertificate(folder, now);
    assertEquals(renewed.origin, "renewed");
    await using server = new EchoServer(renewed, port);
    const connection = await connectPinned(host, port, pins);
    assertEquals(connection.firstContact, undefined);
    assertEquals(connection.binding, renewed.binding);
    connection.socket.close();
    await connection.remember();
    const before = server.accepted;
    (await connectPinned(host, port, pins)).socket.close();
    assertEquals(server.accepted, before + 1);
  });
});

Deno.test("connectPinned() is not fooled by a certificate with the pinned key", async () => {
  await inFolder(async (folder, pins) => {
    const real = await ownTlsCertificate(folder, Date.now());
    const port = await meet(real, pins);
    const { key } = await testCertificate();
    const spki = new X509Certificate(real.cert).publicKey
      .export({ type: "spki", format: "der" });
    const body = encodeBase64(forgedCertificate(new Uint8Array(spki)));
    const cert =
      `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`;
    const impostor = createServer({ cert, key }, (socket) => {
      socket.on("error", () => {});
      socket.end("got you\n");
    });
    impostor.on("tlsClientError", () => {});
    await new Promise<void>((done) => impostor.listen(port, host, done));
    try {
      // This is why what a connection shows is only a claim.
      const claim = await connectTls(host, port);
      claim.socket.reset();
      assertEquals(claim.certificate.fingerprint, real.fingerprint);
      const error = await assertRejects(
        () => connectPinned(host, port, pins),
        TlsConnectError,
      );
      assertEquals((error as TlsConnectError).kind, "certificate");
    } finally {
      await new Promise((done) => impostor.close(done));
    }
  });
});

Deno.test("SCRAM through a man in the middle with his own certificate fails", async () => {
  await inFolder(async (folder, pins) => {
    const real = await ownTlsCertificate(folder, Date.now());
    const his = made(await testCertificate());
    await using server = new EchoServer(his);
    // First contact: the user accepts what is shown.
    const victim = await connectPinned(host, server.port, pins);
    victim.socket.close();
    const salt = crypto.getRandomValues(new Uint8Array(16));
    const iterations = 4096;
    const salted = new Uint8Array(
      pbkdf2Sync("yodapass", salt, iterations, 32, "sha256"),
    );
    const logIn = (binding = victim.binding) => {
      const client = new ScramClient({
        user: "yoda",
        nonce: "c".repeat(24),
        binding,
      });
      const nonce = "s".repeat(24);
      const genuine = new ScramServer(client.clientFirst(), {
        nonce,
        binding: real.binding,
      });
      client.handleServerFirst(genuine.serverFirst({ salt, iterations }));
      genuine.handleClientFinal(client.clientFinal(salted));
      const final = genuine.verify(serverKeysOf(salted));
      client.handleServerFinal(final ?? "");
    };
    // He passes every message on unchanged; the genuine server notices.
    assertThrows(() => logIn(), ScramError, "bound to another connection");
    logIn(real.binding);
  });
});

Deno.test("TLS and plain text meet with a clear word on both sides", async () => {
  await inFolder(async (folder) => {
    const certificate = await ownTlsCertificate(folder, Date.now());
    await using server = new EchoServer(certificate);
    const plain = await Deno.connect({ hostname: host, port: server.port });
    await plain.write(new TextEncoder().encode('{"do":"hello"}\n'));
    const answer = new Uint8Array(64);
    const count = await plain.read(answer);
    assert(startsLikeTls(answer.subarray(0, count ?? 0)));
    plain.close();

    using listener = Deno.listen({ hostname: host, port: 0 });
    const served = (async () => {
      for (let i = 0; i < 2; i++) {
        const conn = await listener.accept();
        const bytes = new Uint8Array(4096);
        const got = await conn.read(bytes);
        assert(startsLikeTls(bytes.subarray(0, got ?? 0)));
        await conn.write(new TextEncoder().encode('{"error":{}}\n'));
        await conn.closeWrite();
        await conn.read(bytes).catch(() => {});
        conn.close();
      }
    })();
    const parsed = parseCertificate(certificate.cert);
    for (
      const attempt of [
        () => connectTls(host, listener.addr.port),
        () => proveCertificate(host, listener.addr.port, parsed),
      ]
    ) {
      const error = await assertRejects(attempt, TlsConnectError, "--plain");
      assertEquals((error as TlsConnectError).kind, "plain");
    }
    await served;
  });
});

Deno.test("connectPinned() takes an owner's certificate for any name", async () => {
  await inFolder(async (_folder, pins) => {
    for (const name of ["chat.example", "*.chat.example"]) {
      const certificate = made(await testCertificate({ name }));
      await using server = new EchoServer(certificate);
      (await connectPinned(host, server.port, pins)).socket.close();
    }
  });
});

Deno.test("proveCertificate() says in one line why it cannot be proved", async () => {
  const expired = await testCertificate({ from: -2000, until: -1000 });
  await using server = new EchoServer(made(expired));
  const attempt = (port: number) =>
    proveCertificate(host, port, parseCertificate(expired.cert));
  await assertRejects(
    () => attempt(server.port),
    TlsConnectError,
    `expired on ${
      formatTime(parseCertificate(expired.cert).notAfter)
    }, and the clock here says`,
  );
  const port = freePort();
  await assertRejects(() => attempt(port), TlsConnectError, "refused");
  await assertRejects(
    () => connectTls(host, port),
    TlsConnectError,
    "refused",
  );
});

Deno.test("connectPinned() tells a certificate that is out of date from one that is wrong", async () => {
  await inFolder(async (_folder, pins) => {
    const year = 365 * 86_400_000;
    const kinds = [];
    for (
      const options of [
        { from: -year, until: -1000 },
        { from: year, until: 2 * year },
        { authority: true },
      ]
    ) {
      const certificate = made(await testCertificate(options));
      await using server = new EchoServer(certificate);
      const attempt = () => connectPinned(host, server.port, pins);
      const error = await assertRejects(attempt, TlsConnectError);
      kinds.push((error as TlsConnectError).kind);
    }
    assertEquals(kinds, ["outdated", "outdated", "certificate"]);
  });
});

Deno.test("connectTls() streams both ways, holds back and half-closes", async () => {
  await inFolder(async (folder) => {
    const certificate = await ownTlsCertificate(folder, Date.now());
    const listener = Deno.listenTls({
      hostname: host,
      port: 0,
      ...certificate,
    });
    const size = 32 * 1024 * 1024;
    let written = 0;
    const served = (async () => {
      const conn = await listener.accept();
      const chunk = new Uint8Array(64 * 1024).fill(7);
      while (written < size) written += await conn.write(chunk);
      await conn.closeWrite();
      let received = 0;
      for await (const bytes of conn.readable) received += bytes.length;
      return received;
    })();
    const { socket } = await connectTls(host, listener.addr.port);
    // Nobody reads: the writer stops once the buffers between them are full.
    let seen = -1;
    for (let i = 0; i < 50 && seen !== written; i++) {
      seen = written;
      await new Promise((done) => setTimeout(done, 50));
    }
    assert(written < size, `${written} bytes were taken without a reader`);
    let received = 0;
    await new Promise<void>((done) =>
      socket.start({
        handleBytes: (bytes) => received += bytes.length,
        handleEnd: () => done(),
      })
    );
    assertEquals(received, written);
    // The server has said that it sends no more; the other way is still open.
    await socket.write(new Uint8Array(1000));
    socket.closeWrite();
    assertEquals(await served, 1000);
    socket.close();
    listener.close();
  });
});

Deno.test("PinFile knows what it could not write until it is closed", async () => {
  await inFolder(async (folder) => {
    const pins = new PinFile(join(folder, "missing", "folder"));
    const pin = {
      fingerprint: `SHA256:${"A".repeat(43)}`,
      certificate: new Uint8Array([1]),
    };
    await assertRejects(() => pins.remember("a:1", pin), StartError, pins.path);
    assertEquals(await pins.find("a:1"), pin);
    assertEquals(await pins.find("b:1"), undefined);
  });
});

Deno.test("connectTls() refuses who shows a certificate without its key", async () => {
  const shown = await testCertificate();
  const certificate = parseCertificate(shown.cert);
  const other = await testCertificate();
  await inFolder(async (_folder, pins) => {
    for (const { key } of [shown, other]) {
      using listener = Deno.listen({ hostname: host, port: 0 });
      const { port } = listener.addr;
      const { fingerprint, der } = certificate;
      await pins.remember(serverLabel(host, port), {
        fingerprint,
        certificate: der,
      });
      const served = listener.accept().then(async (conn) => {
        await impersonate(conn, { certificate: der, key });
        return conn;
      });
      if (key === shown.key) {
        const { socket, firstContact } = await connectPinned(host, port, pins);
        assertEquals(firstContact, undefined);
        socket.reset();
      } else {
        await assertRejects(
          () => connectPinned(host, port, pins),
          TlsConnectError,
        );
      }
      (await served).close();
    }
  });
});

Deno.test("connectPinned() suspects a known server that answers without TLS", async () => {
  await inFolder(async (folder, pins) => {
    const port = await meet(await ownTlsCertificate(folder, Date.now()), pins);
    using listener = Deno.listen({ hostname: host, port });
    const served = (async () => {
      const conn = await listener.accept();
      await conn.write(new TextEncoder().encode('{"error":{}}\n'));
      await conn.closeWrite();
      await conn.read(new Uint8Array(4096)).catch(() => {});
      conn.close();
    })();
    await assertRejects(
      () => connectPinned(host, port, pins),
      TlsConnectError,
      "used TLS before",
    );
    await served;
  });
});

Deno.test("PinFile refuses to go on when the pins cannot be read", async () => {
  await inFolder(async (_folder, pins) => {
    await Deno.mkdir(pins.path);
    await assertRejects(() => pins.find("a:1"), StartError, pins.path);
    await assertRejects(() => connectPinned(host, 1, pins), StartError);
  });
});

/** Accepts connections and sends back what comes. */
class EchoServer implements AsyncDisposable {
  accepted = 0;
  readonly #listener: Deno.TlsListener;
  readonly #done: Promise<void>;

  constructor(certificate: TlsCertificate, port = 0) {
    this.#listener = Deno.listenTls({
      hostname: host,
      port,
      ...certificate,
    });
    this.#done = this.#serve();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async [Symbol.asyncDispose]() {
    this.#listener.close();
    await this.#done;
  }

  async #serve(): Promise<void> {
    const all: Promise<void>[] = [];
    for (;;) {
      try {
        const conn = await this.#listener.accept();
        this.accepted++;
        all.push(this.#echo(conn));
      } catch {
        break;
      }
    }
    await Promise.all(all);
  }

  async #echo(conn: Deno.TlsConn): Promise<void> {
    const buffer = new Uint8Array(1024);
    try {
      for (;;) {
        const count = await conn.read(buffer);
        if (count === null) break;
        await conn.write(buffer.subarray(0, count));
      }
    } catch {
      // A probe or a refused handshake.
    }
    conn.close();
  }
}

/** Lets `pins` know a server with this certificate; returns its port. */
async function meet(
  certificate: TlsCertificate,
  pins: PinFile,
): Promise<number> {
  const port = freePort();
  const { fingerprint } = certificate;
  const { der } = parseCertificate(certificate.cert);
  await pins.remember(serverLabel(host, port), {
    fingerprint,
    certificate: der,
  });
  return port;
}

/** A pair of PEM texts as a server's certificate. */
function made(pair: { cert: string; key: string }): TlsCertificate {
  const certificate = parseCertificate(pair.cert);
  const { fingerprint, notBefore, notAfter } = certificate;
  const binding = channelBindingOf(certificate);
  return {
    ...pair,
    fingerprint,
    binding,
    notBefore,
    notAfter,
    origin: "loaded",
  };
}

async function echo(socket: ByteSocket): Promise<string> {
  const answered = new Promise<Uint8Array>((resolve, reject) =>
    socket.start({
      handleBytes: resolve,
      handleEnd: () => reject(new Error("the server hung up")),
    })
  );
  await socket.write(new TextEncoder().encode("hello"));
  return new TextDecoder().decode(await answered);
}

async function inFolder(
  run: (folder: string, pins: PinFile) => Promise<void>,
) {
  const folder = await Deno.makeTempDir();
  try {
    const config = join(folder, "config");
    await Deno.mkdir(config);
    await run(folder, new PinFile(config));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
