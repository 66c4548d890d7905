/** A short run of every fuzz target; `deno task fuzz` makes longer ones. */
import { assert } from "@std/assert";
import { SeededRandom } from "../support/seeded_random.ts";
import { pureTargets } from "./targets.ts";

for (const target of pureTargets) {
  Deno.test(`fuzz ${target.name}: ${target.about}`, async () => {
    const seed = 20_260_601;
    const session = await target.open(new SeededRandom(seed));
    let runs = 0;
    try {
      while (runs < target.shortRuns) runs += await session.step();
    } catch (error) {
      const how = `deno task fuzz --seed ${seed} ${target.name}`;
      throw new Error(`${how} fails at input ${runs}`, { cause: error });
    } finally {
      await session.close?.();
    }
    assert(runs >= target.shortRuns);
  });
}
