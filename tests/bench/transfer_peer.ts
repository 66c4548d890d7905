/**
 * One side of a transfer in a process of its own, for benchmarks: reads lines
 * of JSON from standard input, writes events as lines of JSON.
 *
 *     transfer_peer.ts send FILE | receive FOLDER
 *     transfer_peer.ts tcp-receive FILE ADDRESS | tcp-send FILE ADDRESS PORT
 *     transfer_peer.ts tar-receive FOLDER ADDRESS | tar-send PATH ADDRESS PORT
 *     transfer_peer.ts quic-receive KEYS ADDRESS MB | quic-send KEYS ADDRESS MB CONTROL PORT
 */
import { basename, dirname } from "@std/path";
import { onePath } from "../support/one_path.ts";
import { systemClock, systemRandom } from "../../lib/system/clock.io.ts";
import { TransferService } from "../../lib/client/transfer/transfer_service.io.ts";

const encoder = new TextEncoder();
const [role = "", path = "", hostname = "127.0.0.1"] = Deno.args;
const id = "00112233445566ff";
/** What the one who measures waits for. */
const told = new Set([
  "offer-ready",
  "answer-ready",
  "done",
  "failed",
  "closed",
]);

function say(value: object): void {
  Deno.stdout.writeSync(encoder.encode(JSON.stringify(value) + "\n"));
}

function usage() {
  const { user, system } = Deno.build.os === "windows"
    ? { user: 0, system: 0 }
    : cpu();
  return { cpu: user + system, peakRss: peakRss() };
}

function cpu(): { user: number; system: number } {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1]!
    .split(" ");
  const ticks = 100;
  return { user: +fields[11]! / ticks, system: +fields[12]! / ticks };
}

/** The most memory that this process ever had, bytes. */
function peakRss(): number {
  if (Deno.build.os !== "linux") return Deno.memoryUsage().rss;
  const status = Deno.readTextFileSync("/proc/self/status");
  return 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0);
}

async function* lines(): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of Deno.stdin.readable) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

async function udp(): Promise<void> {
  let stats: ReturnType<TransferService["stats"]>;
  const service = new TransferService({
    udpPort: 0,
    downloadDir: role === "receive" ? path : ".",
    random: systemRandom,
    clock: systemClock,
    onEvent: (event) => {
      if (event.event === "progress") {
        stats = service.stats(id) ?? stats;
        if (Deno.env.has("BENCH_STATS")) {
          Deno.stderr.writeSync(encoder.encode(JSON.stringify(stats) + "\n"));
        }
        return;
      }
      if (!told.has(event.event)) return;
      say({ ...event, ...usage(), stats });
    },
  });
  if (role === "send") service.prepareOffer(id, onePath(path));
  for await (const line of lines()) {
    const message = JSON.parse(line);
    if (message.event === "offer-ready") {
      const { file, key, addresses } = message;
      service.prepareAnswer(id, "bench", file, { key, addresses });
    } else if (message.event === "answer-ready") {
      service.startSending(id, message);
    } else break;
  }
  await service.close();
}

async function tcpReceive(): Promise<void> {
  const listener = Deno.listen({ hostname, port: 0 });
  say({ port: (listener.addr as Deno.NetAddr).port });
  const connection = await listener.accept();
  const start = performance.now();
  const file = await Deno.open(path, {
    write: true,
    create: true,
    truncate: true,
  });
  await connection.readable.pipeTo(file.writable);
  const seconds = (performance.now() - start) / 1000;
  listener.close();
  say({ event: "done", seconds, ...usage() });
}

async function tcpSend(port: number): Promise<void> {
  const connection = await Deno.connect({ hostname, port });
  const file = await Deno.open(path, { read: true });
  await file.readable.pipeTo(connection.writable);
  say({ event: "done", ...usage() });
}

async function tarReceive(): Promise<void> {
  const listener = Deno.listen({ hostname, port: 0 });
  say({ port: (listener.addr as Deno.NetAddr).port });
  const connection = await listener.accept();
  const args = ["-C", path, "-xf", "-"];
  const tar = new Deno.Command("tar", { args, stdin: "piped" }).spawn();
  await connection.readable.pipeTo(tar.stdin);
  await tar.status;
  listener.close();
  say({ event: "done" });
}

async function tarSend(port: number): Promise<void> {
  const connection = await Deno.connect({ hostname, port });
  const args = ["-C", dirname(path), "-cf", "-", basename(path)];
  const tar = new Deno.Command("tar", { args, stdout: "piped" }).spawn();
  await tar.stdout.pipeTo(connection.writable);
  say({ event: "done" });
}

async function quicReceive(bytes: number): Promise<void> {
  const endpoint = new Deno.QuicEndpoint({ hostname, port: 0 });
  const listener = endpoint.listen({
    cert: await Deno.readTextFile(`${path}/cert.pem`),
    key: await Deno.readTextFile(`${path}/key.pem`),
    alpnProtocols: ["bench"],
  });
  say({ port: endpoint.addr.port });
  const connection = await listener.accept();
  const start = performance.now();
  let received = 0;
  for await (const stream of connection.incomingUnidirectionalStreams) {
    const reader = stream.getReader({ mode: "byob" });
    let buffer = new Uint8Array(262_144);
    while (received < bytes) {
      const { value, done } = await reader.read(buffer);
      if (done) break;
      received += value.length;
      buffer = new Uint8Array(value.buffer);
    }
    break;
  }
  const seconds = (performance.now() - start) / 1000;
  connection.close();
  await pause(100);
  say({ event: "done", seconds, ...usage() });
  Deno.exit(0);
}

async function quicSend(
  bytes: number,
  congestionControl: "throughput" | "low-latency",
  port: number,
): Promise<void> {
  const connection = await Deno.connectQuic({
    hostname,
    port,
    serverName: "localhost",
    alpnProtocols: ["bench"],
    caCerts: [await Deno.readTextFile(`${path}/cert.pem`)],
    congestionControl,
  });
  const stream = await connection.createUnidirectionalStream();
  const writer = stream.getWriter();
  const chunk = new Uint8Array(262_144);
  try {
    for (let at = 0; at < bytes + chunk.length; at += chunk.length) {
      await writer.write(chunk);
    }
    await Promise.race([connection.closed, pause(quicPatienceMs)]);
  } catch {
    // The receiver has all it wanted and has gone.
  }
  say({ event: "done", ...usage() });
  Deno.exit(0);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const quicPatienceMs = 2_000;
const number = (index: number) => Number(Deno.args[index] ?? 0);
switch (role) {
  case "tcp-receive":
    await tcpReceive();
    break;
  case "tcp-send":
    await tcpSend(number(3));
    break;
  case "tar-receive":
    await tarReceive();
    break;
  case "tar-send":
    await tarSend(number(3));
    break;
  case "quic-receive":
    await quicReceive(number(3) * 1e6);
    break;
  case "quic-send":
    await quicSend(
      number(3) * 1e6,
      Deno.args[4] === "low-latency" ? "low-latency" : "throughput",
      number(5),
    );
    break;
  default:
    await udp();
}
