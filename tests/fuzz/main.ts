/**
 * Fuzzes for longer than the tests do.
 *
 *     deno task fuzz [--seconds N | --runs N] [--seed S] [TARGET…]
 *
 * Without a target all of them in turn, each for the time or number of inputs
 * given, a minute by default. Prints a line of JSON for each; ends with 1 when
 * a target failed, grew by more than 20 MB or left a rejection unhandled.
 */
import { fuzz } from "./fuzz.ts";
import { allTargets } from "./all_targets.ts";
import { taskArguments } from "../support/task_arguments.ts";

function write(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const { number, has, words: wanted } = taskArguments({
  usage: "deno task fuzz [--seconds=60 | --runs=N] [--seed=S] [NAME…]",
  about: "Fuzzes all targets in turn, or those that are named.",
  numbers: { seconds: 60, runs: Infinity, seed: 0 },
  words: allTargets.map(({ name }) => name),
});
const seed = has("seed")
  ? number("seed")
  : 1 + Math.floor(Math.random() * 1_000_000);
const runs = number("runs");
const isTimed = has("seconds") || !has("runs");
const seconds = isTimed ? number("seconds") : 86_400;
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  write(`unhandled rejection with --seed ${seed}: ${event.reason?.stack}`);
  Deno.exit(1);
});
let failures = 0;
for (const target of allTargets) {
  if (wanted.length > 0 && !wanted.includes(target.name)) continue;
  try {
    write(JSON.stringify(await fuzz(target, { seed, runs, seconds })));
  } catch (error) {
    failures++;
    write(error instanceof Error ? describe(error) : String(error));
  }
}
Deno.exit(failures === 0 ? 0 : 1);

function describe(error: Error): string {
  const { cause } = error;
  return `${error.message}: ${cause instanceof Error ? cause.stack : cause}`;
}
