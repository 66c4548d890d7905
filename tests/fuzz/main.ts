/**
 * Fuzzes for longer than the tests do.
 *
 *     deno task fuzz [--seconds N | --runs N] [--seed S] [TARGET…]
 *
 * Without a target all of them in turn, each for the time or number of inputs
 * given, a minute by default. Prints a line of JSON for each; ends with 1 when
 * a target failed, grew by more than 20 MB or left a rejection unhandled.
 */
import { parseArgs } from "@std/cli/parse-args";
import { fuzz } from "./fuzz.ts";
import { allTargets } from "./all_targets.ts";

function write(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const args = parseArgs(Deno.args, {
  string: ["seconds", "runs", "seed"],
});
const number = (name: "seconds" | "runs" | "seed", standard: number) => {
  const value = Number(args[name] ?? standard);
  if (Number.isFinite(value) && value >= 0) return value;
  write(`--${name} "${args[name]}" must be a number`);
  Deno.exit(2);
};
const seed = number("seed", 1 + Math.floor(Math.random() * 1_000_000));
const runs = args.runs === undefined ? Infinity : number("runs", 0);
const seconds = number("seconds", args.runs === undefined ? 60 : 86_400);
const wanted = args._.map(String);
const unknown = wanted.find((name) =>
  allTargets.every((target) => target.name !== name)
);
if (unknown !== undefined) {
  const names = allTargets.map(({ name }) => name).join(", ");
  write(`there is no target "${unknown}"; the targets are ${names}`);
  Deno.exit(2);
}
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
