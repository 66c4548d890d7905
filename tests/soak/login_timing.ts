/**
 * Can a stranger tell from the time whether a name exists? Wrong logins to
 * known and unknown names in turn, over the wire and in the authenticator
 * alone; prints the medians and how far they are apart. Nothing here depends on
 * the name by design (`Authenticator` takes the same steps for both, which its
 * tests check); these are the figures for it.
 *
 *     deno task soak:logins [--names=400]
 */
import { Authenticator } from "../../lib/server/accounts/authenticator.ts";
import { ScramClient } from "../../lib/security/scram_client.ts";
import { numberedAccounts } from "../support/account_line.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import { TestServer } from "../support/test_server.ts";
import { taskArguments } from "../support/task_arguments.ts";
import { credentialOf } from "../support/core_accounts.ts";

/** Medians, and the difference between them in per cent of the smaller. */
export interface TimingResult {
  readonly known: number;
  readonly unknown: number;
  readonly percent: number;
}

/** Microseconds from the proof to its refusal, over the wire. */
export async function timeOverWire(count: number): Promise<TimingResult> {
  const { names, text } = numberedAccounts("known", count);
  await using server = await TestServer.start({ accounts: text });
  const others = names.map((name) => name.replace("known", "other"));
  let attempts = 0;
  const attempt = async (name: string) => {
    // Few of each address, as failures are counted for each.
    const address = `127.0.0.${2 + ++attempts % 250}`;
    using client = await ProtocolClient.connect(server.port, address);
    await client.hello();
    const bare = `n,,n=${name},r=${crypto.randomUUID()}`;
    const start = performance.now();
    const { scram } = await client.request("login", {
      scram: bare,
      udpPort: 0,
    });
    const nonce = String(scram).match(/r=([^,]*)/)?.[1];
    const proof = `c=biws,r=${nonce},p=${"A".repeat(43)}=`;
    await client.request("proof", { scram: proof }).catch(() => {});
    return (performance.now() - start) * 1000;
  };
  return await compare(names, others, attempt);
}

/** Microseconds of the authenticator's work for one wrong login. */
export async function timeInProcess(count: number): Promise<TimingResult> {
  const { names } = numberedAccounts("known", count);
  const others = names.map((name) => name.replace("known", "other"));
  const random = new SeededRandom(1);
  const secret = random.bytes(32);
  const options = { attempts: 3, blockMs: 1, allowDemo: false, secret };
  const authenticator = new Authenticator(options, random);
  const credential = credentialOf("secret");
  authenticator.handleAccounts(
    new Map(names.map((name) => [name, credential])),
  );
  const now = { mono: 0, wall: 0 };
  const remote = { ip: "192.0.2.1", port: 1, local: false };
  const wrong = random.bytes(32);
  const attempt = (name: string) => {
    const nonce = "a-nonce-of-the-client";
    const client = new ScramClient({ user: name, nonce });
    const first = client.clientFirst();
    const start = performance.now();
    const begun = authenticator.begin(first, now);
    if ("error" in begun) throw new Error(begun.error.message);
    const began = performance.now() - start;
    client.handleServerFirst(begun.serverFirst);
    const final = client.clientFinal(wrong);
    const again = performance.now();
    authenticator.finish(begun.exchange, final, remote, now);
    return Promise.resolve((began + performance.now() - again) * 1000);
  };
  return await compare(names, others, attempt);
}

/** One name of each list in turn, in an order that favours neither. */
async function compare(
  known: readonly string[],
  unknown: readonly string[],
  attempt: (name: string) => Promise<number>,
): Promise<TimingResult> {
  const times = { known: [] as number[], unknown: [] as number[] };
  for (const [index, name] of known.entries()) {
    const other = unknown[index] ?? "";
    const turns = index % 2 === 0
      ? [["known", name], ["unknown", other]] as const
      : [["unknown", other], ["known", name]] as const;
    for (const [kind, name] of turns) {
      const time = await attempt(name);
      // The first ones warm up what both use.
      if (index >= known.length / 10) times[kind].push(time);
    }
  }
  const medians = {
    known: median(times.known),
    unknown: median(times.unknown),
  };
  const difference = Math.abs(medians.known - medians.unknown);
  const percent = 100 * difference / Math.min(medians.known, medians.unknown);
  return { ...medians, percent };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

if (import.meta.main) {
  const names = taskArguments({
    usage: "deno task soak:logins [--names=400]",
    about: "Times wrong logins to names that exist and to others.",
    numbers: { names: 400 },
  }).number("names");
  const wire = await timeOverWire(names);
  const process = await timeInProcess(10 * names);
  const round = ({ known, unknown, percent }: TimingResult) => ({
    "known_us": Math.round(known * 10) / 10,
    "unknown_us": Math.round(unknown * 10) / 10,
    percent: Math.round(percent * 10) / 10,
  });
  const text = JSON.stringify({ wire: round(wire), process: round(process) });
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}
