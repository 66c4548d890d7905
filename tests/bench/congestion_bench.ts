/**
 * Congestion controllers side by side, in the simulator:
 *
 *     deno task bench:congestion
 */
import { controllers, courses, run } from "../support/compare_controllers.ts";
import { taskArguments } from "../support/task_arguments.ts";

taskArguments({
  usage: "deno task bench:congestion",
  about: "Compares congestion controllers in the simulator.",
});
const say = (line: string) => {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
};
const cell = ({ rate, loss, queueMs }: ReturnType<typeof run>) =>
  `${rate.toFixed(2)} MB/s, ${(100 * loss).toFixed(1)} % sent again, ${
    queueMs.toFixed(0)
  } ms queued`;

const names = Object.keys(controllers);
say(`| link | ${names.join(" | ")} |`);
say(`| ---- |${names.map(() => " ---- |").join("")}`);
for (const course of courses) {
  const cells = Object.values(controllers)
    .map((makeController) => cell(run(course, makeController)));
  say(`| ${course.name} | ${cells.join(" | ")} |`);
}
