/**
 * All benchmarks, or those that are named: `deno task bench [store] [chat]
 * [transfer] [--quick]`. One JSON line per case; ratios within one run tell
 * something, absolute numbers do not, and nothing is asserted.
 */
import { fromFileUrl } from "@std/path";
import { chatBench } from "./chat_bench.ts";
import { storeBench } from "./store_bench.ts";

const benchmarks: Record<string, (quick: boolean) => Promise<void>> = {
  store: (quick) => storeBench(quick ? 20_000 : 1_000_000),
  chat: (quick) => chatBench({ quick }),
  // It reads the megabytes and the number of runs when it is loaded.
  transfer: (quick) => runFile("transfer_bench.ts", quick ? [16, 1] : [256, 3]),
};

async function runFile(name: string, args: readonly number[]): Promise<void> {
  const file = fromFileUrl(new URL(name, import.meta.url));
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", file, ...args.map(String)],
  }).spawn().status;
  if (!success) throw new Error(`${name} failed`);
}

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
