/**
 * What a transfer takes beside one TCP flow through the same bottleneck, whose
 * queue holds one round trip. The flow has it to itself for some seconds, then
 * the transfer starts. One JSON line for each of TCP's congestion controllers.
 * Needs namespaces and a link emulator: see bench_link.ts.
 *
 *     LINKEMU=… deno task bench:fairness [MB] [CONTROLLER…]
 */
import { join } from "@std/path";
import { type BenchLink, benchLinks } from "./bench_link.ts";
import { BenchPeer, transferBetween } from "./bench_peer.ts";
import { taskArguments } from "../support/task_arguments.ts";

const { words: [megabytes = "150", ...names] } = taskArguments({
  usage: "LINKEMU=… deno task bench:fairness [MB] [CONTROLLER…]",
  about: "Measures a transfer beside one TCP flow of each controller.",
  words: "any",
});
if (!(Number(megabytes) > 0)) {
  throw new Error(`invalid MB "${megabytes}": must be a number`);
}
const controllers = names.length > 0 ? names : ["cubic", "bbr"];
const linkName = "100M-40ms-0%";

async function run(
  link: BenchLink,
  controller: string,
  folder: string,
): Promise<void> {
  const { address } = link;
  const device = `$(ip route get ${address} | grep -o "dev [^ ]*")`;
  const route =
    `ip route replace ${address}/32 ${device} congctl ${controller}`;
  const [command = "", ...args] = link.on("a", ["sh", "-c", route]);
  const { success } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`This system has no ${controller}`);
  const [source, endless, arrived] = ["source", "endless", "arrived"]
    .map((name) => join(folder, name)) as [string, string, string];
  await Deno.writeFile(source, new Uint8Array(Number(megabytes) * 1e6));
  await Deno.writeFile(endless, new Uint8Array());
  await Deno.truncate(endless, 2 ** 36);
  const received = async () => (await Deno.stat(arrived)).size / 1e6;
  const tcpReceiver = new BenchPeer(
    link,
    "b",
    "tcp-receive",
    arrived,
    address,
  );
  const { port } = await tcpReceiver.next();
  const tcpSender = new BenchPeer(
    link,
    "a",
    "tcp-send",
    endless,
    address,
    `${port}`,
  );
  const receiver = new BenchPeer(link, "b", "receive", folder);
  const sender = new BenchPeer(link, "a", "send", source);
  try {
    await new Promise((done) => setTimeout(done, headStartMs));
    const before = await received();
    const { seconds, error } = await transferBetween(sender, receiver);
    if (error !== undefined) throw new Error(error);
    const tcp = (await received() - before) / seconds;
    const parley = Number(megabytes) / seconds;
    const share = parley / (parley + tcp);
    report({ link: link.name, controller, seconds, parley, tcp, share });
  } finally {
    tcpSender.kill();
    tcpReceiver.kill();
    const peers = [tcpSender, tcpReceiver, sender, receiver];
    await Promise.all(peers.map((peer) => peer.end()));
  }
}

function report(line: Record<string, string | number>): void {
  const text = JSON.stringify(
    { bench: "fairness", ...line },
    (_key, value) =>
      typeof value === "number" ? Number(value.toFixed(2)) : value,
  );
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

const headStartMs = 4_000;
const plan = (await benchLinks()).find(({ name }) => name === linkName);
if (plan === undefined) throw new Error(`${linkName} cannot be made here`);
for (const controller of controllers) {
  const folder = await Deno.makeTempDir({ prefix: "parley-bench-" });
  try {
    await using link = await plan.make();
    await run(link, controller, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
