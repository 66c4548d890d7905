import { SeededRandom } from "../support/seeded_random.ts";
import type { FuzzTarget } from "./fuzz_target.ts";

/** How long a target is fuzzed: until either is reached. */
export interface FuzzLimits {
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
}

/** What a run that ended well was like. */
export interface FuzzResult {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  readonly seconds: number;
  /**
   * Memory of the program under test (what its processes hold, or what is in
   * use of this one's heap) after a third of the run, MB.
   */
  readonly memoryBefore: number;
  /** And at its end, MB. */
  readonly memoryAfter: number;
}

/** More than this, and something is kept for every input, MB. */
export const mostGrowth = 20;

/**
 * Fuzzes one target.
 *
 * @throws {Error} naming the seed and the input, when the target fails or holds
 * {@link mostGrowth} MB more at the end than after a third of the run.
 */
export async function fuzz(
  target: FuzzTarget,
  { seed, runs: mostRuns, seconds: mostSeconds }: FuzzLimits,
): Promise<FuzzResult> {
  const session = await target.open(new SeededRandom(seed));
  const memory = async () => {
    if (session.memory !== undefined) return await session.memory() / megabyte;
    await collectGarbage();
    const { heapUsed, external } = Deno.memoryUsage();
    return (heapUsed + external) / megabyte;
  };
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  const progress = () => Math.max(runs / mostRuns, elapsed() / mostSeconds);
  let runs = 0;
  let memoryBefore: number | undefined;
  let steps = 0;
  try {
    while (progress() < 1) {
      runs += await session.step();
      if (memoryBefore === undefined && progress() >= warmUp) {
        memoryBefore = await memory();
      }
      // Timers and streams of this process want their turn as well.
      if (++steps % stepsPerTurn === 0) {
        await new Promise((resolve) => setTimeout(resolve));
      }
    }
    const memoryAfter = await memory();
    memoryBefore ??= memoryAfter;
    if (memoryAfter - memoryBefore > mostGrowth && runs >= fewestToJudge) {
      throw new Error(
        `memory grew from ${round(memoryBefore)} to ${round(memoryAfter)} MB`,
      );
    }
    return {
      target: target.name,
      seed,
      runs,
      seconds: round(elapsed()),
      memoryBefore: round(memoryBefore),
      memoryAfter: round(memoryAfter),
    };
  } catch (error) {
    const how = `deno task fuzz --seed ${seed} ${target.name}`;
    throw new Error(`${how} fails at input ${runs}`, { cause: error });
  } finally {
    await session.close?.();
  }
}

/** There with `--v8-flags=--expose-gc`: what is garbage then does not count. */
async function collectGarbage(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  for (let round = 0; round < 3; round++) {
    gc?.();
    // What buffers held is given back by a later task.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

const megabyte = 1024 * 1024;
/** Caches and pools are full after this part of a run. */
const warmUp = 0.3;
/** Of fewer inputs the heap's first growth is most of what is seen. */
const fewestToJudge = 200_000;
const stepsPerTurn = 256;
