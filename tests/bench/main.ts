/**
 * All benchmarks, or those that are named: `deno task bench [store] [chat]
 * [people] [transfer] [start] [folder] [client] [window] [call] [--quick]
 * [--peers]`. One JSON line per case; ratios within one run tell something,
 * absolute numbers do not, and nothing is asserted.
 */
import { chatBench } from "./chat_bench.ts";
import { clientBench } from "./client_bench.ts";
import { folderBench } from "./folder_bench.ts";
import { folderPeers } from "./folder_peers.ts";
import { peopleBench } from "./people_bench.ts";
import { startBench } from "./start_bench.ts";
import { storeBench } from "./store_bench.ts";
import { transferBench } from "./transfer_bench.ts";
import { callBench } from "./call_bench.ts";
import { windowBench } from "./window_bench.ts";
import { taskArguments } from "../support/task_arguments.ts";

const quickTransfers = {
  runs: 1,
  megabytes: 16,
  links: ["loopback"],
  isBrief: true,
};

const benchmarks: Record<string, (quick: boolean) => Promise<void>> = {
  store: (quick) => storeBench(quick ? 20_000 : 1_000_000),
  chat: (quick) => chatBench({ quick }),
  people: (quick) => peopleBench({ quick }),
  start: (quick) => startBench(quick ? 3 : 10),
  transfer: (quick) => transferBench(quick ? quickTransfers : {}),
  folder: (quick) =>
    given.has("peers")
      ? folderPeers(
        quick ? { links: ["loopback"], loads: ["10000-small"] } : {},
      )
      : folderBench(quick ? { files: 500, rounds: 1 } : {}),
  client: (quick) => clientBench({ quick }),
  window: (quick) => windowBench({ quick }),
  call: (quick) => callBench({ quick }),
};

const given = taskArguments({
  usage: "deno task bench [NAME…] [--quick] [--peers]",
  about:
    "Runs all benchmarks, or those that are named; --quick in seconds, --peers compares folders with rsync and tar.",
  switches: ["quick", "peers"],
  words: Object.keys(benchmarks),
});
const chosen = given.words;
for (const [name, run] of Object.entries(benchmarks)) {
  if (chosen.length === 0 || chosen.includes(name)) {
    await run(given.has("quick"));
  }
}
