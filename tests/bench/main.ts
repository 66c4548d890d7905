/**
 * All benchmarks, or those that are named: `deno task bench [store] [chat]
 * [transfer] [start] [client] [--quick]`. One JSON line per case; ratios within one run tell
 * something, absolute numbers do not, and nothing is asserted.
 */
import { chatBench } from "./chat_bench.ts";
import { clientBench } from "./client_bench.ts";
import { startBench } from "./start_bench.ts";
import { storeBench } from "./store_bench.ts";
import { transferBench } from "./transfer_bench.ts";

const quickTransfers = {
  runs: 1,
  megabytes: 16,
  links: ["loopback"],
  isBrief: true,
};

const benchmarks: Record<string, (quick: boolean) => Promise<void>> = {
  store: (quick) => storeBench(quick ? 20_000 : 1_000_000),
  chat: (quick) => chatBench({ quick }),
  start: (quick) => startBench(quick ? 3 : 10),
  transfer: (quick) => transferBench(quick ? quickTransfers : {}),
  client: (quick) => clientBench({ quick }),
};

const quick = Deno.args.includes("--quick");
const chosen = Deno.args.filter((each) => !each.startsWith("--"));
const unknown = chosen.filter((each) => !(each in benchmarks));
if (unknown.length > 0) {
  const known = Object.keys(benchmarks).join(", ");
  const text = `there is no benchmark ${unknown.join(", ")}; known: ${known}\n`;
  Deno.stderr.writeSync(new TextEncoder().encode(text));
  Deno.exit(2);
}
for (const [name, run] of Object.entries(benchmarks)) {
  if (chosen.length === 0 || chosen.includes(name)) await run(quick);
}
