/**
 * What takes too long for every run of the tests: a sparse file of more than
 * 4 GiB whose receiver is killed half-way, and a network that is gone for longer
 * than transfers wait for it. Both must go on where they stopped.
 *
 *     deno task soak:transfer [--mebibytes=4608] [--seconds=40]
 */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { jediAccounts, logIn, startServer } from "../support/jedi.ts";
import { NetworkLab } from "../support/network_lab.ts";
import { contentDigestOfFile } from "../support/content_digest_of.ts";
import { digestOf, writeRandomFile } from "../support/random_file.ts";
import { type JsonEvent, TestClient } from "../support/test_client.ts";
import { TestServer } from "../support/test_server.ts";
import { taskArguments } from "../support/task_arguments.ts";

/** What a file cost that was sent in two goes. */
export interface Resumed {
  /** Bytes that had arrived when it broke, as far as the receiver told. */
  readonly had: number;
  /** Bytes that were not sent again. */
  readonly resumed: number;
  /** The second go, ms. */
  readonly ms: number;
}

/**
 * Sends a file of `bytes` that is nearly all hole, kills the receiver when half
 * of it has come, or lets it cancel, and sends the file again.
 */
export async function sparseFile(
  bytes: number,
  end: "kill" | "cancel",
): Promise<Resumed> {
  await using server = await startServer();
  await using yoda = await logIn(server, "yoda");
  const path = join(yoda.folder, "sparse.bin");
  await writeSparseFile(path, bytes);
  const downloads = join(yoda.folder, "received");
  await Deno.mkdir(downloads);
  const args = ["--download-dir", downloads];
  let had: number;
  {
    await using luke = await logIn(server, "luke", { args });
    // Slow enough that a small one is not over before it is interrupted.
    await yoda.succeed(`/limit ${Math.ceil(bytes / 2)}`);
    await yoda.send(`/p2pvideo luke "${path}"`);
    had = await arrived(luke, bytes / 2);
    if (end === "kill") await luke.process.kill();
    else await luke.succeed("/cancel 1");
  }
  await yoda.event("result", { command: "p2pvideo", ok: false }, patience);
  await yoda.succeed("/limit off");
  await using luke = await logIn(server, "luke", { args });
  const sent = await sendAgain(yoda, luke, path);
  assertEquals(sent.digest, await contentDigestOfFile(path));
  assertEquals(
    await digestOf(join(downloads, "yoda_sparse.bin")),
    await digestOf(path),
  );
  return checkResumed(sent, had, end === "kill" ? mostTwice : bytes / 8);
}

/**
 * Takes the receiver's network away for `seconds` in mid-transfer: that client
 * gives up, the other one waits until it says so, and the file is sent again when
 * the network is back. Needs what a
 * {@link NetworkLab} needs.
 */
export async function lostNetwork(seconds: number): Promise<Resumed> {
  await using lab = await NetworkLab.open();
  const [one = ""] = await lab.addHome(1, "cone");
  const [two = ""] = await lab.addHome(2, "cone");
  await using server = await TestServer.start({
    accounts: jediAccounts,
    ...lab.at(lab.server),
  });
  const enter = (name: string, space: string, ...args: string[]) =>
    logIn(server, name, { ...lab.at(space), args });
  await using yoda = await enter("yoda", one, "--limit", "10M");
  await using luke = await enter("luke", two);
  const path = join(yoda.folder, "film.mp4");
  const bytes = 100_000_000;
  await writeRandomFile(path, bytes, 7);
  await yoda.send(`/p2pvideo luke "${path}"`);
  const had = await arrived(luke, bytes / 2);
  await lab.run(two, "ip link set eth0 down");
  await luke.event("transfer", { state: "failed" }, patience);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  const from = luke.process.out.length;
  await lab.run(two, "ip link set eth0 up");
  await lab.run(two, "ip route replace default via 192.168.2.1");
  await luke.event("welcome", {}, { from, ...patience });
  await yoda.event("result", { command: "p2pvideo", ok: false }, patience);
  const sent = await sendAgain(yoda, luke, path);
  const stored = join(luke.folder, "yoda_film.mp4");
  assertEquals(await digestOf(stored), await digestOf(path));
  return checkResumed(sent, had, mostTwice);
}

/** Waits until `bytes` have come; returns how many. */
async function arrived(client: TestClient, bytes: number): Promise<number> {
  const line = await client.process.waitFor(`${bytes} bytes`, (line) => {
    if (!line.startsWith("{")) return false;
    const event = JSON.parse(line);
    return event.event === "progress" && event.bytes >= bytes;
  }, patience);
  return JSON.parse(line).bytes;
}

async function sendAgain(
  yoda: TestClient,
  luke: TestClient,
  path: string,
): Promise<JsonEvent> {
  const from = yoda.process.out.length;
  const fromThere = luke.process.out.length;
  await yoda.send(`/p2pvideo luke "${path}"`);
  const verified = { state: "verified" };
  await luke.event("transfer", verified, { from: fromThere, ...patience });
  const fields = { command: "p2pvideo" };
  const result = await yoda.event("result", fields, { from, ...patience });
  assertEquals(result.ok, true, JSON.stringify(result));
  return result;
}

function checkResumed(
  { resumed, ms }: JsonEvent,
  had: number,
  twice: number,
): Resumed {
  assert(typeof resumed === "number", "it went on");
  assert(resumed >= had - twice, `${resumed} of ${had} bytes kept`);
  return { had, resumed, ms: Number(ms) };
}

/** A hole with some bytes at both ends and on both sides of 4 GiB. */
async function writeSparseFile(path: string, size: number): Promise<void> {
  using file = await Deno.open(path, { write: true, createNew: true });
  await file.truncate(size);
  for (const at of [0, 2 ** 32 - 5, size / 2, size - 11]) {
    if (at < 0 || at > size - 11) continue;
    await file.seek(Math.floor(at), Deno.SeekMode.Start);
    await file.write(
      new TextEncoder().encode(`island ${at % 997}`.slice(0, 11)),
    );
  }
}

const mostTwice = 64 * 1024 * 1024;
const patience = { timeoutMs: 900_000 };

if (import.meta.main) {
  const { number } = taskArguments({
    usage: "deno task soak:transfer [--mebibytes=4608] [--seconds=40]",
    about: "Breaks off a very large transfer, and one for very long.",
    numbers: { mebibytes: 4_608, seconds: 40 },
  });
  const say = (line: string) => {
    Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
  };
  const mebibytes = number("mebibytes");
  say(`sparse file of ${mebibytes} MiB, receiver killed half-way:`);
  say(JSON.stringify(await sparseFile(mebibytes * 1024 * 1024, "kill")));
  const lack = await NetworkLab.lack();
  if (lack !== undefined) {
    say(`lost network: skipped, ${lack}`);
  } else {
    const seconds = number("seconds");
    say(`network lost until both gave up, and ${seconds} s more:`);
    say(JSON.stringify(await lostNetwork(seconds)));
  }
}
