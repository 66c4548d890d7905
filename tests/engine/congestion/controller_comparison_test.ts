import { assert } from "@std/assert";
import {
  controllers,
  courses,
  run,
} from "../../support/compare_controllers.ts";

for (const course of courses) {
  Deno.test(`Bbr is about the best controller: ${course.name}`, () => {
    const rates = Object.entries(controllers).map(([name, makeController]) =>
      [name, run(course, makeController, 0.3).rate] as const
    );
    const best = Math.max(...rates.map(([, rate]) => rate));
    const [[, bbr] = ["", 0]] = rates;
    assert(bbr >= 0.93 * best, JSON.stringify(rates));
  });
}
