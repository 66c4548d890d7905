/**
 * What strangers and users can pour over a server, in full size:
 *
 *     deno task soak:hostile [--scale=1]
 *
 * prints a line of figures for each flood and fails when one misses its mark.
 * tests/e2e/flood_test.ts runs the same in small.
 */
import { assert } from "@std/assert";
import { generatedServerName } from "../../lib/security/certificate.ts";
import { numberedAccounts } from "../support/account_line.ts";
import { residentBytes } from "../support/process_memory.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { TestServer } from "../support/test_server.ts";
import { systemSockets } from "../support/system_sockets.ts";
import { waitUntil } from "../support/wait_until.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** What a flood did; times in ms, memory in MB. */
export type Figures = Record<string, number>;

/**
 * Sends bytes without a line feed on one connection.
 *
 * @param loggedIn Whether it has a session.
 * @returns After how long the server hung up, and what it cost.
 */
export async function endlessLine(
  server: TestServer,
  bytes: number,
  user?: string,
): Promise<Figures> {
  const conn = user === undefined
    ? await connect(server)
    : await resumed(server, user);
  using memory = new MemoryWatch(server.process.pid);
  const start = performance.now();
  const closed = untilClosed(conn);
  const sent = await pour(conn, bytes);
  await closed;
  const ms = performance.now() - start;
  conn.close();
  return { ms, sentMB: sent / 1e6, grownMB: memory.stop() };
}

/**
 * Opens connections that send a byte a second each, and logs in meanwhile.
 *
 * @param addresses Loopback addresses that they come from.
 */
export async function slowStrangers(
  server: TestServer,
  connections: number,
  addresses: number,
  user: string,
): Promise<Figures> {
  using memory = new MemoryWatch(server.process.pid);
  const start = performance.now();
  let closed = 0;
  let lastClosed = 0;
  const strangers = await Promise.all(
    Array.from({ length: connections }, async (_, index) => {
      const client = await ProtocolClient.connect(
        server.port,
        `127.0.0.${1 + index % addresses}`,
      );
      client.closed.then(() => {
        closed++;
        lastClosed = performance.now() - start;
      });
      return client;
    }),
  );
  const openedMs = performance.now() - start;
  const timer = setInterval(() => {
    for (const stranger of strangers) stranger.write("{");
  }, 1000);
  const loginMs: number[] = [];
  try {
    // Where the strangers are, too.
    await waitUntil("the server to be busy with them", async () => {
      await pause(1000);
      const from = performance.now();
      const client = await ProtocolClient.login(server.port, {
        user,
        password: user,
      });
      loginMs.push(performance.now() - from);
      await client.request("logout");
      return closed === connections;
    });
  } finally {
    clearInterval(timer);
    for (const stranger of strangers) stranger[Symbol.dispose]();
  }
  return {
    openedMs,
    lastClosedMs: lastClosed,
    slowestLoginMs: Math.max(...loginMs),
    grownMB: memory.stop(),
  };
}

/**
 * Opens connections of one address that never finish their TLS handshake: half
 * of them send nothing, the others a byte a second of what begins like one.
 * Somebody of another address says hello meanwhile.
 *
 * @returns Among others until when more than 16 were open.
 */
export async function handshakeStrangers(
  server: TestServer,
  connections: number,
): Promise<Figures> {
  using memory = new MemoryWatch(server.process.pid);
  const start = performance.now();
  let open = connections;
  let lastClosed = 0;
  let crowdedMs = NaN;
  const close = () => {
    if (--open === 16) crowdedMs = performance.now() - start;
    lastClosed = performance.now() - start;
  };
  const strangers = await Promise.all(
    Array.from({ length: connections }, async () => {
      // One too many may be reset before it knows that it was accepted.
      const conn = await connect(server).catch(close);
      if (conn !== undefined) untilClosed(conn).then(close);
      return conn;
    }),
  );
  let byte = 0;
  const timer = setInterval(() => {
    const next = clientHello.subarray(byte, ++byte);
    for (const conn of strangers.filter((_, index) => index % 2 === 0)) {
      conn?.write(next).catch(() => {});
    }
  }, 1000);
  const helloMs: number[] = [];
  try {
    await waitUntil("all to be closed", async () => {
      const from = performance.now();
      using other = await ProtocolClient.connectTls(
        server.port,
        undefined,
        "127.0.0.2",
      );
      await other.hello();
      helloMs.push(performance.now() - from);
      await pause(500);
      return open === 0;
    });
  } finally {
    clearInterval(timer);
    for (const conn of strangers) conn?.close();
  }
  return {
    crowdedMs,
    lastClosedMs: lastClosed,
    slowestHelloMs: Math.max(...helloMs),
    grownMB: memory.stop(),
  };
}

/**
 * Broadcasts to some who stop reading and some who read.
 *
 * @param bytes Of the texts, in UTF-8.
 * @param names The first sends, as many as `readers` read, the others do not.
 */
export async function deafCrowd(
  server: TestServer,
  bytes: number,
  readers: number,
  names: readonly string[],
): Promise<Figures> {
  const [first = "", ...others] = names;
  const sender = await logIn(server, first);
  const reading = await Promise.all(
    others.slice(0, readers).map((name) => CountingReader.open(server, name)),
  );
  const deaf = [];
  for (const name of others.slice(readers)) {
    deaf.push(await resumed(server, name));
  }
  using memory = new MemoryWatch(server.process.pid);
  const start = performance.now();
  const text = "🙂".repeat(4096);
  const count = Math.ceil(bytes / (4 * 4096));
  for (let sent = 0; sent < count;) {
    const burst = Math.min(20, count - sent);
    await Promise.all(Array.from({ length: burst }, () => {
      const mid = `m${sent++}`;
      return sender.request("broadcast", { text, mid });
    }));
    // Readers of this process must be able to keep up: it is not them we test.
    await waitUntil(
      "the readers to keep up",
      () => reading.every((reader) => reader.messages > sent - 200),
    );
  }
  await waitUntil(
    "everything to arrive",
    () => reading.every((reader) => reader.messages === count),
  );
  const ms = performance.now() - start;
  const cutOff = () =>
    server.process.out.filter((line) => line.includes("reads too slowly"))
      .length;
  await waitUntil(
    "all who do not read to be cut off",
    () => cutOff() >= deaf.length,
  );
  const { users } = await sender.request("who");
  const grownMB = memory.stop();
  const ports = deaf.map((conn) => (conn.localAddr as Deno.NetAddr).port);
  const from = performance.now();
  await waitUntil("their sockets to be gone from the system", async () => {
    const left = await systemSockets(server.port);
    return !left.some((port) => ports.includes(port));
  });
  const goneMs = performance.now() - from;
  for (const conn of deaf) conn.close();
  for (const reader of reading) reader.close();
  sender[Symbol.dispose]();
  return {
    ms,
    broadcasts: count,
    deliveredMB: count * text.length * 2 * readers / 1e6,
    cutOff: cutOff(),
    stillOnline: users.length,
    grownMB,
    goneMs,
  };
}

/** The highest memory of a process since it was made, over what it was then. */
class MemoryWatch {
  readonly #pid: number;
  readonly #before: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #highest: number;

  constructor(pid: number) {
    this.#pid = pid;
    this.#before = this.#highest = residentBytes(pid);
    this.#timer = setInterval(() => this.#look(), 20);
  }

  /** Growth at the highest, MB. */
  stop(): number {
    clearInterval(this.#timer);
    this.#look();
    return (this.#highest - this.#before) / 1e6;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#highest = Math.max(this.#highest, residentBytes(this.#pid));
  }
}

/** Reads everything and only counts it: parsing is what would take the time. */
class CountingReader {
  /** Messages so far. */
  messages = 0;
  readonly #conn: Deno.Conn;

  private constructor(conn: Deno.Conn) {
    this.#conn = conn;
    this.#read();
  }

  static async open(server: TestServer, user: string): Promise<CountingReader> {
    return new CountingReader(await resumed(server, user));
  }

  close(): void {
    this.#conn.close();
  }

  async #read(): Promise<void> {
    const buffer = new Uint8Array(256 * 1024);
    const ping = new TextEncoder().encode('{"do":"ping"}\n');
    let inLine = 0;
    let acked = 0;
    try {
      for (;;) {
        const count = await this.#conn.read(buffer);
        if (count === null) return;
        let start = 0;
        for (;;) {
          const end = buffer.subarray(0, count).indexOf(10, start);
          if (end < 0) break;
          // Everything long is one of the messages.
          if (inLine + end - start > 10_000) this.messages++;
          inLine = 0;
          start = end + 1;
        }
        inLine += count - start;
        if (performance.now() - acked > 5_000) {
          acked = performance.now();
          await this.#conn.write(ping);
        }
      }
    } catch {
      // Closed.
    }
  }
}

function connect(server: TestServer): Promise<Deno.TcpConn> {
  return Deno.connect({ hostname: "127.0.0.1", port: server.port });
}

async function logIn(
  server: TestServer,
  user: string,
): Promise<ProtocolClient> {
  if (server.plain) {
    return ProtocolClient.login(server.port, { user, password: user });
  }
  const client = await ProtocolClient.connectTls(server.port);
  await client.hello();
  await client.authenticate(user, user);
  return client;
}

/** A bare connection with a session, of which nothing was read. */
async function resumed(
  server: TestServer,
  user: string,
): Promise<Deno.Conn> {
  const client = await logIn(server, user);
  const tcp = await connect(server);
  const conn = server.plain ? tcp : await Deno.startTls(tcp, {
    hostname: generatedServerName,
    caCerts: [await server.data("tls-cert.pem")],
  });
  const frames = [
    { id: 1, do: "hello", version: 1, features: [] },
    { id: 2, do: "resume", token: client.token, udpPort: 0 },
  ];
  const lines = frames.map((frame) => JSON.stringify(frame) + "\n").join("");
  await conn.write(new TextEncoder().encode(lines));
  await client.event("bye", { code: "session_moved" });
  client[Symbol.dispose]();
  return conn;
}

/** Writes until all is written or the other side has had enough. */
async function pour(conn: Deno.Conn, bytes: number): Promise<number> {
  const chunk = new Uint8Array(64 * 1024).fill(120);
  let sent = 0;
  try {
    while (sent < bytes) sent += await conn.write(chunk);
  } catch {
    // The server hung up.
  }
  return sent;
}

async function untilClosed(conn: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    while (await conn.read(buffer) !== null);
  } catch {
    // Reset.
  }
}

/** How a handshake begins, for as long as the test needs it. */
const clientHello = Uint8Array.of(
  22,
  3,
  1,
  2,
  0,
  1,
  0,
  1,
  252,
  3,
  3,
  ...Array(
    100,
  ),
);

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

if (import.meta.main) {
  const scale = taskArguments({
    usage: "deno task soak:hostile [--scale=1]",
    about: "Pours over a server what strangers and users can.",
    numbers: { scale: 1 },
  }).number("scale");
  const { names, text } = numberedAccounts("user", 60);
  const user = names[0] ?? "";
  const report = (name: string, figures: Figures) => {
    const rounded = Object.entries(figures)
      .map(([key, value]) => [key, Math.round(value * 10) / 10]);
    const line = JSON.stringify({
      flood: name,
      ...Object.fromEntries(rounded),
    });
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  };
  const mustBe = (what: string, value: number, most: number) =>
    assert(value <= most, `${what} is ${value}, more than ${most}`);
  await using server = await TestServer.start({
    accounts: text,
    args: ["--message-rate", "0"],
  });
  // What the first of each kind costs is no growth.
  await endlessLine(server, 100e6 * scale);
  await endlessLine(server, 100e6 * scale, user);
  for (const who of [undefined, user]) {
    const figures = await endlessLine(server, 100e6 * scale, who);
    report(`endless line ${who ? "after" : "before"} login`, figures);
    // A second of it is for the last words, which nobody reads here.
    mustBe("ms", figures.ms ?? NaN, 1500);
    mustBe("grownMB", figures.grownMB ?? NaN, 2);
  }
  for (const addresses of [1, 40]) {
    const figures = await slowStrangers(server, 500 * scale, addresses, user);
    report(`a byte a second from ${addresses} addresses`, figures);
    mustBe("lastClosedMs", figures.lastClosedMs ?? NaN, 11_000);
    mustBe("slowestLoginMs", figures.slowestLoginMs ?? NaN, 1000);
  }
  {
    await using secure = await TestServer.start({
      accounts: text,
      plain: false,
    });
    const figures = await handshakeStrangers(secure, 1000);
    report("silent and slow inside the handshake", figures);
    mustBe("crowdedMs", figures.crowdedMs ?? NaN, 2000);
    mustBe("lastClosedMs", figures.lastClosedMs ?? NaN, 11_000);
    mustBe("slowestHelloMs", figures.slowestHelloMs ?? NaN, 1000);
  }
  // How much a server grows that has work to do is not what is measured.
  const crowd = names.slice(5, 60);
  report("all read", await deafCrowd(server, 1e8, 4, names.slice(0, 5)));
  const figures = await deafCrowd(server, 2 ** 30 * scale, 4, crowd);
  report("50 who do not read", figures);
  mustBe("grownMB", figures.grownMB ?? NaN, 80);
  mustBe("stillOnline", figures.stillOnline ?? NaN, 4);
}
