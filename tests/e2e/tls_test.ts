/** TLS between the real programs, as both speak it unless told otherwise. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { join } from "@std/path";
import { encodeBase64 } from "@std/encoding/base64";
import { accountLine } from "../support/account_line.ts";
import { Intruder } from "../support/intruder.ts";
import { clientCommand, serverCommand } from "../support/programs.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { TestClient } from "../support/test_client.ts";
import { testCertificate } from "../support/test_certificate.ts";
import { TcpProxy } from "../support/tcp_proxy.ts";
import { TestServer } from "../support/test_server.ts";
import { waitUntil } from "../support/wait_until.ts";

const password = "luminous-beings";
const accounts = accountLine("yoda", password) + accountLine("luke", "blue");
const login = { user: "yoda", password };

Deno.test("tls: both programs use it by default, chat, and pin the server's key", async () => {
  await using server = await startWithTls();
  const fingerprint = keyOf(server);
  await using yoda = await TestClient.login(server, "yoda", password);
  const contact = await yoda.event("first-contact");
  assertEquals(contact.fingerprint, fingerprint);
  assertEquals(contact.server, `127.0.0.1:${server.port}`);
  await using luke = await TestClient.login(server, "luke", "blue");
  await yoda.succeed("/msgto luke do or do not");
  const message = await luke.event("message", { from: "yoda" });
  assertEquals(message.text, "do or do not");
  await yoda.succeed("/verify luke");
  await yoda.succeed("/verify luke ok");
  assertEquals(await yoda.finish(), 0);

  const pins = join(yoda.folder, ".config", "parley", "known_servers");
  assert((await Deno.readTextFile(pins)).includes(fingerprint));
  for (const name of ["tls-key.pem", "tls-cert.pem"]) {
    assertEquals(await modeOf(server.path("data", name)), 0o600);
  }
  assertEquals(await modeOf(pins), 0o600);
  // Known from now on: nothing to tell.
  const config = join(yoda.folder, ".config");
  await using again = await TestClient.login(server, "yoda", password, {
    config,
  });
  const told = again.events().map((each) => each.event);
  const rest = told.filter((each) => each !== "unseen" && each !== "delivered");
  assertEquals(rest, ["welcome"]);
  assertEquals(await again.finish(), 0);

  // Another address of a server that is known leads to who is known there.
  await using proxy = new TcpProxy(server);
  await using elsewhere = await TestClient.login(proxy, "yoda", password, {
    config,
  });
  const { message: same } = await elsewhere.event("first-contact");
  assertMatch(
    String(same),
    new RegExp(`it has the key of ${contact.server}, which you know`),
  );
  const { trust } = await elsewhere.succeed("/verify luke");
  assertEquals(trust, "verified");
});

Deno.test("tls: a session is resumed over a new connection after a restart", async () => {
  await using server = await startWithTls();
  const fingerprint = keyOf(server);
  await using yoda = await TestClient.login(server, "yoda", password);
  await server.restart("SIGKILL");
  assertEquals(keyOf(server), fingerprint);
  await yoda.event("welcome", { resumed: true });
  const names = yoda.events().map((each) => each.event);
  assertEquals(
    names.filter((name) => name === "first-contact").length,
    1,
    String(names),
  );
});

Deno.test("tls: a changed key is refused, also while connected, until it is forgotten", async () => {
  await using server = await startWithTls();
  const label = `127.0.0.1:${server.port}`;
  await using yoda = await TestClient.login(server, "yoda", password);
  const config = join(yoda.folder, ".config");
  await server.stop();
  for (const name of ["tls-key.pem", "tls-cert.pem"]) {
    await Deno.remove(server.path("data", name));
  }
  const old = keyOf(server);
  await server.restart();
  const changed = keyOf(server);
  assert(changed !== old);

  // The client that was connected gives up for good.
  assertEquals((await yoda.process.end()).code, 1);
  const end = await yoda.event("disconnected", { retrying: false });
  assertEquals(end.code, "untrusted_server");
  assertMatch(String(end.message), new RegExp(`parley --forget ${label}$`));

  const attempt = await run({ config, args: plainArgs(server) });
  assertEquals(attempt.code, 1);
  assertMatch(attempt.stderr, /^the key of [^\n]*\n$/);
  for (const part of [old, changed, `parley --forget ${label}`]) {
    assert(attempt.stderr.includes(part), attempt.stderr);
  }

  const forgotten = await run({ config, args: ["--forget", label] });
  assertEquals(forgotten, {
    code: 0,
    stdout: `${label} is forgotten; the key it shows next will be accepted\n`,
    stderr: "",
  });
  const twice = await run({ config, args: ["--forget", label] });
  assertEquals(twice.code, 1);
  assertMatch(twice.stderr, /^[^\n]* is not among the known servers[^\n]*\n$/);
  const wrong = await run({ config, args: ["--forget", "no where"] });
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /^invalid --forget "no where": must be a host/);

  const accepted = await run({ config, args: plainArgs(server) });
  assertEquals(accepted.code, 0, accepted.stderr);
  assert(accepted.stderr.includes(changed), accepted.stderr);
});

Deno.test("tls: a client that is online waits for a certificate that is valid, and takes no other", async () => {
  await using server = await startWithTls();
  const keys = await keysIn(server.path("data", "tls-key.pem"));
  const year = 365 * 86_400_000;
  await using yoda = await TestClient.login(server, "yoda", password);
  const known = { config: join(yoda.folder, ".config") };
  for (
    const [options, says] of [
      [{ from: -2 * year, until: -year }, /expired on/],
      [{ from: year, until: 2 * year }, /not valid before/],
    ] as const
  ) {
    const from = yoda.process.out.length;
    await server.stop();
    {
      const { cert, key } = await testCertificate({ ...options, keys });
      await using other = new CountingServer(server.port, cert, key);
      const { message } = await yoda.event("disconnected", {
        ...{ code: "untrusted_server", retrying: true },
      }, { from });
      assertMatch(String(message), says);
      assertMatch(String(message), /check this clock, or ask the server's/);
      // It comes again, of which nothing is told.
      const { count } = other;
      await waitUntil("more attempts", () => other.count >= count + 4);
      assertEquals(other.read, 0, "nothing is said to such a server");
      const attempt = await run({ ...known, args: plainArgs(server) });
      assertEquals(attempt.code, 1, attempt.stderr);
      assertMatch(attempt.stderr, says);
    }
    await server.startAgain();
    await yoda.event("welcome", { resumed: true }, { from });
    const told = yoda.events().slice(from).map((each) => each.event);
    const lost = told.filter((event) => event === "disconnected");
    assertEquals(lost.length, 2, String(told));
  }
  assertEquals(await yoda.finish(), 0);
});

Deno.test("tls: a client whose folder cannot be written warns and goes on", async () => {
  await using server = await startWithTls();
  await withTempFolder(async (folder) => {
    const config = join(folder, "file");
    await Deno.writeTextFile(config, "");
    const result = await run({ config, args: plainArgs(server) });
    // The pins cannot even be looked for: that is no first contact.
    assertEquals(result.code, 1);
    assertMatch(result.stderr, /^cannot read [^\n]*known_\w+[^\n]*\n$/);
    if (Deno.build.os === "windows") return;
    // Nobody can write through a link to nowhere, not even the administrator.
    const nowhere = join(folder, "nowhere");
    await Deno.mkdir(nowhere);
    await Deno.symlink(join(folder, "a", "b"), join(nowhere, "parley"));
    const args = plainArgs(server);
    const warned = await run({ config: nowhere, args });
    assertEquals(warned.code, 0, warned.stderr);
    assertMatch(warned.stderr, /^Warning: cannot write "[^\n]*known_servers"/m);
  });
});

Deno.test("tls: the owner's own certificate is shown; a wrong one stops the start", async () => {
  await withTempFolder(async (folder) => {
    const { cert, key } = await testCertificate({ name: "chat.example" });
    const paths = { cert: join(folder, "c.pem"), key: join(folder, "k.pem") };
    await Deno.writeTextFile(paths.cert, cert);
    await Deno.writeTextFile(paths.key, key);
    const args = ["--tls-cert", paths.cert, "--tls-key", paths.key];
    await using server = await startWithTls(args);
    await using yoda = await TestClient.login(server, "yoda", password);
    const contact = await yoda.event("first-contact");
    assertEquals(contact.fingerprint, keyOf(server));
    assertEquals(await server.data("tls-key.pem"), "");

    await Deno.writeTextFile(paths.key, (await testCertificate()).key);
    const wrong = await runServer(server, args);
    assertEquals(wrong.code, 1);
    assertMatch(wrong.stderr, /^the key in [^\n]* is not that of [^\n]*\n$/);
  });
});

Deno.test("tls: plain text and TLS meet with one clear line", async () => {
  await using secure = await startWithTls();
  await using plain = await TestServer.start({ accounts });
  await withTempFolder(async (config) => {
    const toSecure = await run({
      config,
      args: ["--plain", ...plainArgs(secure)],
    });
    assertEquals([toSecure.code, toSecure.stdout], [1, ""]);
    assertEquals(
      toSecure.stderr,
      `cannot talk to 127.0.0.1:${secure.port}: this server uses TLS; connect without --plain\n`,
    );
    const toPlain = await run({ config, args: plainArgs(plain) });
    assertEquals([toPlain.code, toPlain.stdout], [1, ""]);
    assertEquals(
      toPlain.stderr,
      `cannot talk to 127.0.0.1:${plain.port}: this server does not use TLS; ` +
        "if you trust the network, connect with --plain\n",
    );
  });
  // At once, not when the time for a login is over.
  const start = performance.now();
  const conn = await Deno.connect({ hostname: "127.0.0.1", port: plain.port });
  await conn.write(Uint8Array.of(0x16));
  const answer = await new Response(conn.readable).text();
  assertMatch(answer, /^\{"error":\{"code":"bad_frame".*--plain"\}\}\n$/);
  assert(performance.now() - start < 6000);
});

Deno.test("tls: server and client without it say so off loopback only", async () => {
  await using open = await TestServer.start({ accounts, host: "0.0.0.0" });
  await using closed = await TestServer.start({ accounts });
  await using secure = await startWithTls();
  const warned = (server: TestServer) =>
    server.process.out.some((line) => line.includes("--plain"));
  assertEquals([open, closed, secure].map(warned), [true, false, false]);
  const { address } =
    Deno.networkInterfaces().find(({ family, address }) =>
      family === "IPv4" && !address.startsWith("127.")
    ) ?? {};
  await withTempFolder(async (config) => {
    for (const host of ["127.0.0.1", ...address ? [address] : []]) {
      const [, ...rest] = plainArgs(open);
      const args = ["--plain", host, ...rest];
      const { code, stderr } = await run({ config, args });
      assertEquals(code, 0, stderr);
      const says = `Warning: --plain: everything but the password .* ${host}\n`;
      assertEquals(new RegExp(says).test(stderr), host === address, stderr);
    }
  });
});

Deno.test("tls: a login must be tied to the certificate", async () => {
  await using server = await startWithTls();
  const attempt = async (binding?: "n" | "y") => {
    using client = await ProtocolClient.connectTls(server.port, binding);
    await client.hello();
    await client.authenticate(login.user, login.password);
    return client.user;
  };
  for (const binding of ["n", "y"] as const) {
    const error = await assertRejects(() => attempt(binding), RequestRefused);
    assertEquals(error.code, "bad_request");
    assertEquals(error.message, "this server requires channel binding");
  }
  assertEquals(await attempt(), "yoda");
});

Deno.test("tls: a man in the middle accepted at first contact gets neither in nor the password", async () => {
  await using server = await startWithTls();
  // He passes all on, or tries to talk the server out of the binding.
  const headers = [
    (text: string) => text,
    (text: string) => text.replace("p=tls-server-end-point,,", "n,,"),
  ];
  for (const edit of headers) {
    await using intruder = await Intruder.start(server.port, edit);
    await withTempFolder(async (config) => {
      const attempt = await run({
        config,
        args: plainArgs({ port: intruder.port }),
      });
      assertEquals(attempt.code, 3, attempt.stderr);
      assertMatch(attempt.stderr, /First contact with/);
      assertMatch(attempt.stderr, /bound to another|requires channel binding/);
      assert(intruder.seen.includes("n=yoda,r="), "he saw the login");
      for (const secret of [password, encodeBase64(password)]) {
        assert(!intruder.seen.includes(secret));
      }
      assert(!intruder.seen.includes('"token"'));
      // Nothing is remembered of him.
      const pins = join(config, "parley", "known_servers");
      await assertRejects(() => Deno.stat(pins), Deno.errors.NotFound);
    });
  }
  await using yoda = await TestClient.login(server, "yoda", password);
  const told = yoda.events().map((each) => each.event);
  const rest = told.filter((each) => each !== "unseen" && each !== "delivered");
  assertEquals(rest.at(-1), "welcome");
});

function startWithTls(args: readonly string[] = []): Promise<TestServer> {
  return TestServer.start({ accounts, plain: false, args });
}

/** The fingerprint that the server printed last. */
function keyOf(server: TestServer): string {
  const line = server.process.out.findLast((each) => each.includes("key is"));
  const [fingerprint = ""] = line?.match(/SHA256:[A-Za-z0-9+/]{43}$/) ?? [];
  assert(fingerprint !== "", server.process.transcript());
  return fingerprint;
}

/** Shows a certificate, and counts who comes and what is said to it. */
class CountingServer implements AsyncDisposable {
  count = 0;
  /** Bytes inside TLS. */
  read = 0;
  readonly #listener: Deno.TlsListener;
  readonly #accepting: Promise<void>;

  constructor(port: number, cert: string, key: string) {
    this.#listener = Deno.listenTls({ hostname: "127.0.0.1", port, cert, key });
    this.#accepting = this.#accept();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
  }

  async #accept(): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const conn of this.#listener) {
      this.count++;
      served.push(this.#serve(conn));
    }
    await Promise.all(served);
  }

  async #serve(conn: Deno.TlsConn): Promise<void> {
    try {
      this.read += await conn.read(new Uint8Array(1)) ?? 0;
    } catch {
      // The client hangs up in the middle of it.
    } finally {
      conn.close();
    }
  }
}

/** The key pair in a file, with which more certificates can be made. */
async function keysIn(path: string): Promise<CryptoKeyPair> {
  const key = createPrivateKey(await Deno.readTextFile(path));
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const of = (der: Uint8Array, kind: "pkcs8" | "spki", use: KeyUsage) =>
    crypto.subtle.importKey(kind, new Uint8Array(der), algorithm, true, [use]);
  const pkcs8 = key.export({ format: "der", type: "pkcs8" });
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    privateKey: await of(pkcs8, "pkcs8", "sign"),
    publicKey: await of(spki, "spki", "verify"),
  };
}

/** Logs yoda in at a server and out again. */
function plainArgs({ port }: { port: number }): string[] {
  const exec = ["--exec", "/activeuser"];
  return ["127.0.0.1", String(port), "--user", "yoda", ...exec];
}

/** Runs a client that ends by itself. */
function run(options: { config: string; args: readonly string[] }) {
  const { config, args } = options;
  const env = {
    XDG_CONFIG_HOME: config,
    XDG_STATE_HOME: config,
    PARLEY_PASSWORD: password,
  };
  return output(clientCommand, args, env);
}

/** Runs a server that ends by itself, with the accounts of another. */
function runServer(server: TestServer, args: readonly string[]) {
  const credentials = ["--credentials", server.path("credentials.txt")];
  const rest = ["--data-dir", server.path("other"), "--port", "0"];
  return output(serverCommand, [...credentials, ...rest, ...args], {});
}

async function output(
  command: readonly string[],
  args: readonly string[],
  env: Record<string, string>,
) {
  const [program = "", ...before] = command;
  const { code, stdout, stderr } = await new Deno.Command(program, {
    args: [...before, ...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return {
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr),
  };
}

async function modeOf(path: string): Promise<number> {
  return ((await Deno.stat(path)).mode ?? 0) & 0o777;
}
