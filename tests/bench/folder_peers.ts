/**
 * Folders and a large file beside rsync (its daemon, over TCP) and `tar |` (the
 * same, into another `tar`), over several links in one run; one JSON line per
 * case. Parley's time is that of the sender's whole command, with the look at all
 * that is sent, the list, all read back and made to survive a power cut; the others
 * read nothing back, and start when their receiver listens. `rsync --fsync` makes
 * files last, too. Nothing is removed in between: ext4 is slow to make files for
 * some seconds after many were. The files of all lie where temporary ones do; BENCH_FOLDER
 * names another place, such as one in memory. On the slow link loads are smaller,
 * so that each takes seconds there, too. `deno task bench folder --peers`; what this machine
 * does not have (rsync, `ip`, LINKEMU) is left out, with a note.
 *
 *     deno run -A tests/bench/folder_peers.ts [LINK…] [LOAD…]
 */
import { dirname, join } from "@std/path";
import { logIn } from "../support/jedi.ts";
import { jediAccounts } from "../support/jedi.ts";
import { writeRandomFile } from "../support/random_file.ts";
import { freePort } from "../support/free_port.ts";
import { TestServer } from "../support/test_server.ts";
import { type BenchLink, benchLinks } from "./bench_link.ts";
import { BenchPeer } from "./bench_peer.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { usageOf } from "./process_usage.ts";

/** What {@link folderPeers} measures. */
export interface FolderPeersOptions {
  /** Names of links; loopback, 1 Gbit/s and the lossy one by default. */
  readonly links?: readonly string[];
  /** Names of loads; all by default. */
  readonly loads?: readonly string[];
  /** How often each case is run; 1 by default. */
  readonly rounds?: number;
}

/** Sends each load over each link, the peers in turn. */
export async function folderPeers(
  { links = usualLinks, loads = Object.keys(makers), rounds = 1 }:
    FolderPeersOptions = {},
): Promise<void> {
  const plans = await benchLinks();
  const peers: [string, Peer][] = [["parley", parley], ["tar", tar]];
  if (await hasRsync()) {
    peers.push(["rsync", (job) => rsync(job)]);
    peers.push(["rsync --fsync", (job) => rsync(job, "--fsync")]);
  } else note("rsync is not installed: it is left out");
  for (const name of links) {
    const plan = plans.find((each) => each.name === name);
    if (plan === undefined) {
      note(
        `the link ${name} cannot be made here (ip, LINKEMU): it is left out`,
      );
      continue;
    }
    // What takes seconds over a slow link.
    const scale = plan.megabytes < 200 ? plan.megabytes / 2000 : 1;
    for (const load of loads) {
      const dir = Deno.env.get("BENCH_FOLDER");
      const folder = await Deno.makeTempDir({
        prefix: "parley-bench-",
        ...(dir === undefined ? {} : { dir }),
      });
      try {
        const source = join(folder, "from", load);
        await Deno.mkdir(dirname(source));
        await makers[load]!(source, scale);
        for (let round = 0; round < rounds; round++) {
          for (const [peer, send] of peers) {
            const into = join(folder, `into ${peer} ${round}`, "here");
            await Deno.mkdir(into, { recursive: true });
            await using link = await plan.make();
            const about = { bench: "folder", link: name, load, peer };
            print({ ...about, ...await measure(send, { link, source, into }) });
          }
        }
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    }
  }
}

interface Job {
  readonly link: BenchLink;
  readonly source: string;
  readonly into: string;
}

/** What a peer says of itself. */
interface PeerFigures {
  readonly seconds: number;
  /** Most memory of sender and receiver, kB. */
  readonly peakKb?: readonly number[];
  /** CPU of sender and receiver, ms. */
  readonly cpuMs?: readonly number[];
}

type Peer = (job: Job) => Promise<PeerFigures>;

async function measure(send: Peer, job: Job) {
  const { files, bytes } = sizeOf(job.source);
  const figures = await send(job);
  const got = sizeOf(job.into);
  const error = got.files === files && got.bytes === bytes
    ? {}
    : { error: `${got.files} files and ${got.bytes} bytes arrived` };
  const mb = Number((bytes / 1e6).toFixed(1));
  return { files, mb, ...figures, ...error };
}

async function parley({ link, source, into }: Job): Promise<PeerFigures> {
  await using server = await TestServer.start({
    accounts: jediAccounts,
    host: link.address,
    launcher: link.on("b", []),
  });
  const host = link.address;
  await using yoda = await logIn(server, "yoda", {
    ...{ host, launcher: link.on("a", []) },
  });
  await using luke = await logIn(server, "luke", {
    ...{ host, launcher: link.on("b", []) },
    args: ["--download-dir", into],
  });
  const both = [yoda, luke].map(({ process }) => process.pid);
  const before = both.map((pid) => usageOf(pid).cpuMs);
  const start = performance.now();
  await yoda.send(`/send luke ${source}`);
  const result = await yoda.event("result", {}, { timeoutMs: patienceMs });
  const seconds = secondsSince(start);
  if (result.ok !== true) throw new Error(JSON.stringify(result));
  const after = both.map((pid) => usageOf(pid));
  return {
    seconds,
    peakKb: after.map(({ peakKb }) => peakKb),
    cpuMs: after.map(({ cpuMs }, index) => cpuMs - before[index]!),
  };
}

async function tar({ link, source, into }: Job): Promise<PeerFigures> {
  const receiver = new BenchPeer(link, "b", "tar-receive", into, link.address);
  const { port = 0 } = await receiver.next();
  const to = [link.address, String(port)];
  const start = performance.now();
  const sender = new BenchPeer(link, "a", "tar-send", source, ...to);
  try {
    await sender.next();
    await receiver.next();
    return { seconds: secondsSince(start) };
  } finally {
    await Promise.all([sender.end(), receiver.end()]);
  }
}

async function rsync(
  { link, source, into }: Job,
  ...options: readonly string[]
): Promise<PeerFigures> {
  const port = freePort();
  const settings = join(dirname(into), "rsyncd.conf");
  const lines = [
    ...["uid = root", "gid = root", "use chroot = no"],
    ...["[into]", `path = ${into}`, "read only = no"],
  ];
  await Deno.writeTextFile(settings, `${lines.join("\n")}\n`);
  const listen = [`--port=${port}`, `--address=${link.address}`];
  const daemon = spawn(
    link.on("b", [
      ...["rsync", "--daemon", "--no-detach", `--config=${settings}`],
      ...listen,
    ]),
  );
  try {
    const to = `rsync://${link.address}:${port}/into/`;
    await waitForDaemon(link, to);
    const start = performance.now();
    const command = ["rsync", "-a", ...options, source, to];
    const { success } = await spawn(link.on("a", command)).status;
    if (!success) throw new Error("rsync failed");
    return { seconds: secondsSince(start) };
  } finally {
    daemon.kill();
    await daemon.status;
  }
}

async function waitForDaemon(link: BenchLink, to: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const { success } = await spawn(link.on("a", ["rsync", to])).status;
    if (success) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("rsync does not listen");
}

/** What is sent, by name; `scale` makes it smaller. */
const makers: Record<string, (path: string, scale: number) => Promise<void>> = {
  "10000-small": async (path, scale) => {
    const files = scale < 1 ? 2_500 : 10_000;
    for (let i = 0; i < files; i++) {
      const inner = join(path, String(Math.floor(i / 100)));
      await Deno.mkdir(inner, { recursive: true });
      await writeRandomFile(join(inner, `${i}.bin`), 4096, i);
    }
  },
  "312-mixed": async (path, scale) => {
    await Deno.mkdir(path);
    for (let i = 0; i < 312; i++) {
      // Three in four are small, and the large ones make up most of it.
      const size = i % 4 === 0 ? 22_000_000 : 300_000 + 1_000 * i;
      const name = join(path, `${i}.jpg`);
      await writeRandomFile(name, Math.ceil(size * scale), i);
    }
  },
  "one-file": (path, scale) => writeRandomFile(path, Math.ceil(2e9 * scale), 1),
};

function sizeOf(path: string): { files: number; bytes: number } {
  const info = Deno.lstatSync(path);
  if (!info.isDirectory) return { files: 1, bytes: info.size };
  const sum = { files: 0, bytes: 0 };
  for (const { name } of Deno.readDirSync(path)) {
    const { files, bytes } = sizeOf(join(path, name));
    sum.files += files;
    sum.bytes += bytes;
  }
  return sum;
}

async function hasRsync(): Promise<boolean> {
  try {
    return (await spawn(["rsync", "--version"]).status).success;
  } catch {
    return false;
  }
}

function spawn([program = "", ...args]: readonly string[]): Deno.ChildProcess {
  const options = { stdin: "null", stdout: "null", stderr: "null" } as const;
  return new Deno.Command(program, { args, ...options }).spawn();
}

function secondsSince(start: number): number {
  return Number(((performance.now() - start) / 1000).toFixed(2));
}

function note(text: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
}

function print(line: object): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(line) + "\n"));
}

const usualLinks = ["loopback", "1G-4ms", "100M-40ms-1%"];
const patienceMs = 390_000;

if (import.meta.main) {
  const { words } = taskArguments({
    usage: "deno run -A tests/bench/folder_peers.ts [LINK…] [LOAD…]",
    about: "Measures folders and a large file beside rsync and tar.",
    words: "any",
  });
  const isLoad = (word: string) => word in makers;
  const [links, loads] = [
    words.filter((word) => !isLoad(word)),
    words.filter(isLoad),
  ];
  await folderPeers({
    ...(links.length > 0 ? { links } : {}),
    ...(loads.length > 0 ? { loads } : {}),
  });
}
