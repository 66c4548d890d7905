/**
 * Loads a chat server: receivers and senders connect and log in by a script of
 * templates, then messages with a time stamp flow, and arrivals are counted by
 * their mark. One JSON line of results. In templates `\n`, `\r`, `\xNN`, and
 * `{name}`, `{peer}`, `{payload}`, `{len}`, `{seq}`, `{value}` are replaced.
 *
 * Options: --port P --receivers N --senders K --rsend T --rexpect T --ssend T
 * --sexpect T --msg T [--pairs] (--rate R | --window W | --idle) [--duration S]
 * [--hold S] [--conc C] [--src-ips N] [--values FILE] [--ping T --pong T]
 * [--pid PID]
 */
import { Buffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { setImmediate } from "node:timers";

/** Starts every payload, before the time stamp. */
const mark = "~~T";
const stampBytes = 16;
const headBytes = mark.length + stampBytes;
const payloadBytes = 100;
/** One time stamp in so many is read when there are many. */
const sampling = 16;
/** How long to wait for what was sent, without anything coming. */
const drainMs = 5000;

/** A connection and what it has done. */
interface Client {
  readonly name: string;
  readonly peer: string;
  readonly value: string;
  readonly socket: Socket;
  /** Messages sent, and how often they arrived. */
  sent: number;
  arrived: number;
  /** End of the last read, which may hold the beginning of a mark. */
  tail: Buffer;
}

const options = new Map<string, string>();
const scripts = { r: [] as string[], s: [] as string[] };
for (let at = 0; at < Deno.args.length; at++) {
  const name = Deno.args[at] ?? "";
  if (name === "--pairs" || name === "--idle") options.set(name, "");
  else {
    const value = Deno.args[++at] ?? "";
    const step = name.match(/^--([rs])(send|expect)$/);
    if (step === null) options.set(name, value);
    else scripts[step[1] as "r" | "s"].push(unescape(value));
  }
}
const number = (name: string, standard = 0) =>
  Number(options.get(name) ?? standard);

const pairs = options.has("--pairs");
const idle = options.has("--idle");
const rate = number("--rate");
const receiverCount = number("--receivers");
const senderCount = number("--senders");
const sourceIps = number("--src-ips");
const ping = options.get("--ping");
const pong = options.get("--pong") ?? "";
const message = unescape(options.get("--msg") ?? "");
const pid = options.get("--pid");
const values = options.has("--values")
  ? Deno.readTextFileSync(options.get("--values") ?? "").split("\n")
  : [];
const filler = "x".repeat(payloadBytes - headBytes);

const clients: Client[] = [];
const latencies: number[] = [];
let delivered = 0;
let seq = 0;

/** Connects one client and goes through its script. */
function enter(index: number): Promise<void> {
  const isSender = index >= receiverCount;
  const place = isSender ? index - receiverCount : index;
  const digits = String(place).padStart(5, "0");
  const port = number("--port");
  const socket = connect({
    host: "127.0.0.1",
    port,
    ...(sourceIps === 0
      ? {}
      : { localAddress: `127.0.0.${2 + index % sourceIps}` }),
  });
  socket.setNoDelay(true);
  const client: Client = {
    name: (isSender ? "s" : "r") + digits,
    peer: `r${digits}`,
    value: values[index] ?? "",
    socket,
    sent: 0,
    arrived: 0,
    tail: Buffer.alloc(0),
  };
  clients[index] = client;
  return new Promise((resolve, reject) => {
    const steps = [...scripts[isSender ? "s" : "r"]];
    let text = "";
    const next = () => {
      if (steps.length % 2 === 0) {
        const send = steps.shift();
        if (send !== undefined) socket.write(expand(send, client), "latin1");
      }
      const expected = steps[0];
      if (expected === undefined) return resolve();
      const found = text.indexOf(expected);
      if (found < 0) return;
      text = text.slice(found + expected.length);
      steps.shift();
      next();
    };
    socket.on("connect", next);
    socket.on("error", reject);
    socket.on("close", () => reject(new Error(`${client.name} was closed`)));
    socket.on("data", (bytes: Buffer) => {
      answerPing(client, bytes);
      if (steps.length > 0) {
        text += bytes.toString("latin1");
        next();
      } else if (!isSender) count(client, bytes, place);
    });
  });
}

/** Counts the marks in what came. */
function count(client: Client, read: Buffer, place: number): void {
  const bytes = client.tail.length > 0
    ? Buffer.concat([client.tail, read])
    : read;
  let from = 0;
  let at = bytes.indexOf(mark);
  for (; at >= 0; at = bytes.indexOf(mark, from)) {
    if (at + headBytes > bytes.length) break;
    from = at + headBytes;
    delivered++;
    const sender = clients[receiverCount + (pairs ? place : 0)];
    if (sender !== undefined) sender.arrived++;
    // Reading every time stamp would take longer than the server does.
    if (rate > 0 || delivered % sampling === 0) {
      const stamp = bytes.toString("latin1", at + mark.length, from);
      latencies.push(performance.now() - Number(stamp));
    }
  }
  const rest = at >= 0 ? at : Math.max(from, bytes.length - mark.length + 1);
  client.tail = rest < bytes.length
    ? Buffer.from(bytes.subarray(rest))
    : Buffer.alloc(0);
}

function answerPing(client: Client, bytes: Buffer): void {
  if (ping === undefined || bytes.length > 4096) return;
  for (const line of bytes.toString("latin1").split("\n")) {
    if (!line.startsWith(ping)) continue;
    client.socket.write(`${pong}${line.slice(ping.length)}\n`, "latin1");
  }
}

function expand(template: string, client: Client, payload = ""): string {
  return template.replace(/\{(\w+)\}/g, (whole, name) => {
    switch (name) {
      case "name":
        return client.name;
      case "peer":
        return client.peer;
      case "value":
        return client.value;
      case "len":
        return String(payloadBytes);
      case "seq":
        return String(seq);
      case "payload":
        return payload;
      default:
        return whole;
    }
  });
}

/** Sends so many messages in one write. */
function send(client: Client, count: number): void {
  let text = "";
  for (let left = count; left > 0; left--) {
    const stamp = performance.now().toFixed(3).padStart(stampBytes, "0");
    text += expand(message, client, mark + stamp + filler);
    client.sent++;
    seq++;
  }
  if (text !== "") client.socket.write(text, "latin1");
}

function unescape(text: string): string {
  return text.replace(/\\(x[0-9a-f]{2}|.)/gi, (_, escape: string) => {
    if (escape === "r") return "\r";
    if (escape === "n") return "\n";
    if (escape === "t") return "\t";
    return escape.length === 3
      ? String.fromCharCode(parseInt(escape.slice(1), 16))
      : escape;
  });
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Connects everybody, some at the same time. */
async function enterAll(): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < receiverCount + senderCount) await enter(next++);
  };
  const atOnce = number("--conc", 64);
  await Promise.all(Array.from({ length: atOnce }, worker));
}

/** Sends for the duration; how long that took, with what came after, s. */
async function sendAll(): Promise<number> {
  const fan = pairs ? 1 : receiverCount;
  const window = number("--window");
  const senders = clients.slice(receiverCount);
  const start = performance.now();
  const until = start + number("--duration", 5) * 1000;
  while (performance.now() < until) {
    if (rate > 0) {
      const due = (performance.now() - start) / 1000 * rate;
      while (seq < due) send(senders[seq % senders.length] as Client, 1);
      await pause(1);
      continue;
    }
    for (const sender of senders) {
      const underWay = Math.ceil(sender.sent - sender.arrived / fan);
      send(sender, window - underWay);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
  let last = performance.now();
  for (let before = -1; delivered < seq * fan;) {
    if (delivered !== before) last = performance.now();
    else if (performance.now() - last > drainMs) break;
    before = delivered;
    await pause(1);
  }
  return (last - start) / 1000;
}

/** Seconds of processor time and kB of memory of the server. */
function serverUse(): { cpu: number; rss: number; peak: number } {
  try {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`)
      .split(") ")[1]?.split(" ") ?? [];
    const status = Deno.readTextFileSync(`/proc/${pid}/status`);
    const kb = (key: string) =>
      Number(status.match(new RegExp(`${key}:\\s+(\\d+)`))?.[1] ?? 0);
    const cpu = (Number(fields[11]) + Number(fields[12])) / 100;
    return { cpu, rss: kb("VmRSS"), peak: kb("VmHWM") };
  } catch {
    return { cpu: 0, rss: 0, peak: 0 };
  }
}

/** Seconds of processor time of this program. */
function ownCpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function percentile(part: number): number {
  const sorted = latencies.sort((a, b) => a - b);
  return round(sorted[Math.floor(sorted.length * part)] ?? 0);
}

function round(value: number): number {
  return Number(value.toFixed(3));
}

const before = serverUse();
const began = performance.now();
await enterAll();
const setup = (performance.now() - began) / 1000;
const setupCpu = serverUse().cpu - before.cpu;
await pause(idle ? number("--hold", 2) * 1000 : 500);
const ready = serverUse();
delivered = 0;
const wall = idle ? 0 : await sendAll();
const after = serverUse();
const expected = seq * (pairs ? 1 : receiverCount);
const cpu = after.cpu - ready.cpu;
Deno.stdout.writeSync(
  new TextEncoder().encode(
    JSON.stringify({
      receivers: receiverCount,
      senders: senderCount,
      ready: clients.length,
      setup_s: round(setup),
      conn_per_s: round(clients.length / setup),
      setup_cpu_s: round(setupCpu),
      sent: seq,
      expected,
      delivered,
      wall_s: round(wall),
      sent_per_s: wall > 0 ? Math.round(seq / wall) : 0,
      delivered_per_s: wall > 0 ? Math.round(delivered / wall) : 0,
      lat_ms: {
        p50: percentile(0.5),
        p90: percentile(0.9),
        p99: percentile(0.99),
        max: percentile(1 - 1e-9),
      },
      server_cpu_s: round(cpu),
      cpu_s_per_million: round(delivered > 0 ? cpu * 1e6 / delivered : 0),
      rss_ready_kB: ready.rss,
      hwm_kB: after.peak,
      kB_per_conn: round((ready.rss - before.rss) / clients.length),
      own_cpu_s: round(ownCpu()),
    }) + "\n",
  ),
);
Deno.exit(delivered === expected ? 0 : 1);
