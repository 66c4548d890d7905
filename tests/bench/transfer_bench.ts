/**
 * How fast a file travels from one client process to another, encrypted and
 * verified, over every link that this machine can make, beside Deno's QUIC (with
 * each of its two congestion controls, of which one suits links that lose and one
 * those that do not) and a plain TCP copy in the same run. One JSON line per
 * case, and one with the medians and their ratios per link; compare the ratios of
 * one run, never absolute numbers. The files of all peers lie in memory where the
 * system has /dev/shm, since a disk that is slower than a path would be all that
 * is measured; BENCH_FOLDER names another place. Then how long a file of 1 KB
 * takes from its offer on, and how much memory a file of 2 GiB needs.
 *
 *     deno run -A tests/bench/transfer_bench.ts [RUNS] [LINK…]
 */
import { join } from "@std/path";
import { type BenchLink, benchLinks } from "./bench_link.ts";
import { BenchPeer, type PeerMessage, transferBetween } from "./bench_peer.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** What {@link transferBench} measures. */
export interface TransferBenchOptions {
  /** How often each case is run; default 3. */
  readonly runs?: number;
  /** Names of the links; all that can be made when absent or empty. */
  readonly links?: readonly string[];
  /** Size of the file in MB, instead of what suits each link. */
  readonly megabytes?: number;
  /** Without the files of 1 KB and of 2 GiB. */
  readonly isBrief?: boolean;
  /** Gets each result; by default it is printed as a line of JSON. */
  readonly report?: (result: TransferResult | LinkSummary) => void;
}

/** One run of one case. */
export interface TransferResult {
  readonly link: string;
  readonly peer: "parley" | QuicPeer | "plain-tcp";
  readonly megabytes: number;
  readonly seconds: number;
  readonly mbPerSecond: number;
  /** CPU seconds per GB; 0 where they are not known. */
  readonly senderCpuPerGb: number;
  readonly receiverCpuPerGb: number;
  /** Most memory of the larger side, MB. */
  readonly peakMb: number;
  /** Why it did not work. */
  readonly error?: string;
}

/** The runs of one link in short. */
export interface LinkSummary {
  readonly link: string;
  /** Medians, MB/s. */
  readonly medians: Readonly<Record<string, number>>;
  /** How many times as fast as the other peers. */
  readonly ratios: Readonly<Record<string, number>>;
}

/** Runs the cases link by link, the peers in turn. */
export async function transferBench(
  options: TransferBenchOptions = {},
): Promise<void> {
  const { runs = 3, links = [], isBrief = false, report = print } = options;
  const folder = await Deno.makeTempDir({
    prefix: "parley-bench-",
    ...await place(),
  });
  try {
    const certificate = await makeCertificate(folder);
    for (const plan of await benchLinks()) {
      if (links.length > 0 && !links.includes(plan.name)) continue;
      const megabytes = options.megabytes ?? plan.megabytes;
      const file = join(folder, "source.bin");
      await writeFile(file, megabytes);
      const results: TransferResult[] = [];
      for (let run = 0; run < runs; run++) {
        await using link = await plan.make();
        const job: Job = { link, file, folder, megabytes, certificate };
        for (const peer of [parley, quic, lowLatencyQuic, tcp]) {
          const result = await peer(job);
          results.push(result);
          report(result);
        }
      }
      report(summary(plan.name, results));
      if (isBrief) continue;
      await Deno.writeFile(file, new Uint8Array(1_000));
      await using link = await plan.make();
      const job: Job = { link, file, folder, megabytes: 0.001, certificate };
      report(await parley(job));
      if (plan.name !== "loopback") continue;
      await Deno.truncate(file, 2 ** 31);
      report(await parley({ ...job, megabytes: 2 ** 31 / 1e6 }));
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** By its congestion control: that for throughput, or for low latency. */
type QuicPeer = "deno-quic" | "deno-quic-low-latency";

interface Job {
  readonly link: BenchLink;
  readonly file: string;
  readonly folder: string;
  readonly megabytes: number;
  /** Folder with the throw-away keys for QUIC; undefined without openssl. */
  readonly certificate: string | undefined;
}

async function parley(job: Job): Promise<TransferResult> {
  await warmMemory(job);
  const target = await Deno.makeTempDir({ dir: job.folder });
  const receiver = new BenchPeer(job.link, "b", "receive", target);
  const sender = new BenchPeer(job.link, "a", "send", job.file);
  try {
    const { seconds, ends, error } = await transferBetween(sender, receiver);
    return result(job, "parley", seconds, ends, error);
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
    await Deno.remove(target, { recursive: true });
  }
}

/** Best where nothing gets lost. */
function quic(job: Job): Promise<TransferResult> {
  return anyQuic(job, "deno-quic", "throughput");
}

/** Best where something does. */
function lowLatencyQuic(job: Job): Promise<TransferResult> {
  return anyQuic(job, "deno-quic-low-latency", "low-latency");
}

/** Memory to memory, so it has less to do. */
async function anyQuic(
  job: Job,
  peer: QuicPeer,
  congestionControl: string,
): Promise<TransferResult> {
  const { link, certificate, megabytes } = job;
  if (certificate === undefined) {
    return result(job, peer, 0, [], "openssl is not installed");
  }
  const common = [certificate, link.address, String(megabytes)];
  return await streamed(job, peer, [
    ["quic-receive", ...common],
    ["quic-send", ...common, congestionControl],
  ]);
}

async function tcp(job: Job): Promise<TransferResult> {
  await warmMemory(job);
  const target = join(job.folder, "tcp.bin");
  try {
    return await streamed(job, "plain-tcp", [
      ["tcp-receive", target, job.link.address],
      ["tcp-send", job.file, job.link.address],
    ]);
  } finally {
    await Deno.remove(target).catch(() => {});
  }
}

async function streamed(
  job: Job,
  peer: TransferResult["peer"],
  [receive, send]: [string[], string[]],
): Promise<TransferResult> {
  const receiver = new BenchPeer(job.link, "b", ...receive);
  const { port = 0 } = await receiver.next();
  const start = performance.now();
  const sender = new BenchPeer(job.link, "a", ...send, String(port));
  // TCP and QUIC take for ever on some of the lossy links.
  const timer = setTimeout(() => {
    sender.kill();
    receiver.kill();
  }, peerPatienceMs);
  try {
    const ends = await Promise.all([sender.next(), receiver.next()]);
    const seconds = ends[1].seconds ?? (performance.now() - start) / 1000;
    return result(job, peer, seconds, ends);
  } catch {
    const error = `not done within ${peerPatienceMs / 1000} s`;
    return result(job, peer, 0, [], error);
  } finally {
    clearTimeout(timer);
    await Promise.all([sender.end(), receiver.end()]);
  }
}

function result(
  job: Job,
  peer: TransferResult["peer"],
  seconds: number,
  [sender, receiver]: readonly PeerMessage[],
  error?: string,
): TransferResult {
  const { megabytes, link } = job;
  const perGb = (cpu = 0) => round(cpu * 1000 / megabytes);
  const peak = Math.max(sender?.peakRss ?? 0, receiver?.peakRss ?? 0);
  return {
    link: link.name,
    peer,
    megabytes,
    seconds: Number(seconds.toFixed(3)),
    mbPerSecond: seconds > 0 ? round(megabytes / seconds) : 0,
    senderCpuPerGb: perGb(sender?.cpu),
    receiverCpuPerGb: perGb(receiver?.cpu),
    peakMb: Math.round(peak / 1e6),
    ...(error === undefined ? {} : { error }),
  };
}

function summary(link: string, results: readonly TransferResult[]) {
  const medians: Record<string, number> = {};
  for (const { peer } of results) {
    const speeds = results.filter((each) => each.peer === peer)
      .map(({ mbPerSecond }) => mbPerSecond).sort((a, b) => a - b);
    medians[peer] = speeds[speeds.length >>> 1] ?? 0;
  }
  const ratios: Record<string, number> = {};
  for (const [peer, speed] of Object.entries(medians)) {
    if (peer === "parley" || speed === 0) continue;
    ratios[peer] = round((medians.parley ?? 0) / speed);
  }
  return { link, medians, ratios };
}

/** Where the files of all peers go. */
async function place(): Promise<{ dir?: string }> {
  const named = Deno.env.get("BENCH_FOLDER");
  if (named !== undefined) return { dir: named };
  const isThere = await Deno.stat(memoryFolder).then(() => true, () => false);
  return isThere ? { dir: memoryFolder } : {};
}

async function writeFile(path: string, megabytes: number): Promise<void> {
  using handle = await Deno.open(path, {
    write: true,
    create: true,
    truncate: true,
  });
  const chunk = new Uint8Array(1_000_000);
  for (let i = 0; i < megabytes; i++) {
    crypto.getRandomValues(chunk.subarray(0, 65_536));
    for (let at = 0; at < chunk.length;) {
      at += await handle.write(chunk.subarray(at));
    }
  }
  // Else the first peer would share the disk with what is still written back.
  await handle.sync();
}

/**
 * Writes as much as the next peer will, and removes it: on a virtual machine
 * memory that was not used for a while has to be got from its host first, which
 * costs more than the transfer itself.
 */
async function warmMemory({ folder, megabytes }: Job): Promise<void> {
  const path = join(folder, "warm.bin");
  await writeFile(path, megabytes);
  await Deno.remove(path);
}

/** A self-signed certificate for "localhost"; undefined without openssl. */
async function makeCertificate(folder: string): Promise<string | undefined> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const names = [
    "-subj",
    "/CN=localhost",
    "-addext",
    "subjectAltName=DNS:localhost",
  ];
  try {
    const { success } = await new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", "-nodes", "-days", "2", ...key, ...names],
        ...["-addext", "basicConstraints=critical,CA:FALSE"],
        ...["-keyout", join(folder, "key.pem")],
        ...["-out", join(folder, "cert.pem")],
      ],
      stdout: "null",
      stderr: "null",
    }).output();
    return success ? folder : undefined;
  } catch {
    return undefined;
  }
}

function print(line: TransferResult | LinkSummary): void {
  const cores = navigator.hardwareConcurrency;
  Deno.stdout.writeSync(
    encoder.encode(
      JSON.stringify({ bench: "transfer", ...line, cores }) + "\n",
    ),
  );
}

function round(value: number): number {
  return Number(value.toFixed(2));
}

const memoryFolder = "/dev/shm";
const peerPatienceMs = 60_000;
const encoder = new TextEncoder();

if (import.meta.main) {
  const { words: [runs = "3", ...links] } = taskArguments({
    usage: "deno run -A tests/bench/transfer_bench.ts [RUNS] [LINK…]",
    about: "Measures transfers over all links, or those that are named.",
    words: "any",
  });
  await transferBench({ runs: Number(runs), links });
}
