/**
 * How fast a file travels from one client process to another over loopback,
 * encrypted and verified, beside a plain TCP copy in the same run. One JSON line
 * per case; compare the ratios of one run, never absolute numbers.
 *
 *     deno run -A tests/bench/transfer_bench.ts [MEGABYTES] [RUNS]
 */
import { fromFileUrl, join } from "@std/path";

const megabytes = Number(Deno.args[0] ?? 256);
const runs = Number(Deno.args[1] ?? 3);
const peer = fromFileUrl(new URL("./transfer_peer.ts", import.meta.url));
const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
const encoder = new TextEncoder();

interface Message {
  readonly event?: string;
  readonly port?: number;
  readonly ms?: number;
  readonly cpu?: number;
  readonly peakRss?: number;
}

/** A peer process with its lines. */
class Peer {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  constructor(...args: string[]) {
    const flags = (Deno.env.get("BENCH_FLAGS") ?? "").split(" ")
      .filter((flag) => flag !== "");
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", ...flags, "--config", config, peer, ...args],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
  }

  async next(): Promise<Message> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("A peer ended early");
    return JSON.parse(value);
  }

  async say(message: Message): Promise<void> {
    await this.#writer.write(encoder.encode(JSON.stringify(message) + "\n"));
  }

  async end(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#lines.return(undefined);
    await this.#process.status;
  }
}

async function* linesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<string> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    yield* parts;
  }
}

async function udpCase(file: string, folder: string): Promise<void> {
  const receiver = new Peer("receive", folder);
  const sender = new Peer("send", file);
  await receiver.say(await sender.next());
  const answer = await receiver.next();
  const start = performance.now();
  await sender.say(answer);
  const [sent, received] = await Promise.all([sender.next(), receiver.next()]);
  const ms = performance.now() - start;
  report("parley-udp-loopback", ms, {
    events: [sent.event, received.event],
    cpuSender: sent.cpu,
    cpuReceiver: received.cpu,
    peakRss: Math.max(sent.peakRss ?? 0, received.peakRss ?? 0),
  });
  await Promise.all([sender.end(), receiver.end()]);
}

async function tcpCase(file: string, folder: string): Promise<void> {
  const receiver = new Peer("tcp-receive", join(folder, "tcp.bin"));
  const { port = 0 } = await receiver.next();
  const start = performance.now();
  const sender = new Peer("tcp-send", file, String(port));
  const sent = await sender.next();
  const received = await receiver.next();
  report("plain-tcp-copy", performance.now() - start, {
    cpuSender: sent.cpu,
    cpuReceiver: received.cpu,
  });
  await Promise.all([sender.end(), receiver.end()]);
}

function report(name: string, ms: number, more: object): void {
  const line = {
    bench: name,
    megabytes,
    ms: Math.round(ms),
    mbPerSecond: Math.round(megabytes * 1.048576 / ms * 1000),
    cores: navigator.hardwareConcurrency,
    ...more,
  };
  Deno.stdout.writeSync(encoder.encode(JSON.stringify(line) + "\n"));
}

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  try {
    const file = join(folder, "source.bin");
    const handle = await Deno.open(file, { write: true, create: true });
    const chunk = new Uint8Array(1024 * 1024);
    for (let i = 0; i < megabytes; i++) {
      crypto.getRandomValues(chunk.subarray(0, 65_536));
      await handle.write(chunk);
    }
    handle.close();
    for (let run = 0; run < runs; run++) {
      const target = await Deno.makeTempDir();
      try {
        await udpCase(file, target);
        await tcpCase(file, target);
      } finally {
        await Deno.remove(target, { recursive: true });
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
