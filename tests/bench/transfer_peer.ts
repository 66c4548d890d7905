/**
 * One side of a transfer in a process of its own, for benchmarks: reads lines
 * of JSON from standard input, writes events as lines of JSON.
 *
 *     transfer_peer.ts send FILE | receive FOLDER | tcp-send FILE PORT | tcp-receive FILE
 */
import { systemClock } from "../../lib/io/system_clock.ts";
import { systemRandom } from "../../lib/io/system_random.ts";
import { TransferService } from "../../lib/io/transfer_service.ts";

const encoder = new TextEncoder();
const [role = "", path = "", port = "0"] = Deno.args;
const id = "00112233445566ff";

function say(value: object): void {
  Deno.stdout.writeSync(encoder.encode(JSON.stringify(value) + "\n"));
}

function usage() {
  const { user, system } = Deno.build.os === "windows"
    ? { user: 0, system: 0 }
    : cpu();
  return { cpu: user + system, rss: Deno.memoryUsage().rss };
}

function cpu(): { user: number; system: number } {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1]!
    .split(" ");
  const ticks = 100;
  return { user: +fields[11]! / ticks, system: +fields[12]! / ticks };
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
  let peakRss = 0;
  let stats: ReturnType<TransferService["stats"]>;
  const service = new TransferService({
    udpPort: 0,
    downloadDir: role === "receive" ? path : ".",
    random: systemRandom,
    clock: systemClock,
    onEvent: (event) => {
      peakRss = Math.max(peakRss, Deno.memoryUsage().rss);
      if (event.event === "progress") {
        stats = service.stats(id) ?? stats;
        if (Deno.env.has("BENCH_STATS")) {
          Deno.stderr.writeSync(encoder.encode(JSON.stringify(stats) + "\n"));
        }
        return;
      }
      say({ ...event, ...usage(), peakRss, stats });
    },
  });
  if (role === "send") service.prepareOffer(id, path);
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
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  say({ port: (listener.addr as Deno.NetAddr).port });
  const connection = await listener.accept();
  const file = await Deno.open(path, { write: true, create: true });
  await connection.readable.pipeTo(file.writable);
  listener.close();
  say({ event: "done", ...usage() });
}

async function tcpSend(): Promise<void> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: +port });
  const file = await Deno.open(path, { read: true });
  await file.readable.pipeTo(connection.writable);
  say({ event: "done", ...usage() });
}

if (role === "tcp-receive") await tcpReceive();
else if (role === "tcp-send") await tcpSend();
else await udp();
