import { assert, assertEquals } from "@std/assert";
import { parseTask } from "./task_arguments.ts";

const line = {
  usage: "deno task bench [NAME…] [--quick] [--runs=3]",
  about: "measures",
  numbers: { runs: 3 },
  switches: ["quick"],
  words: ["chat", "store"],
};

Deno.test("parseTask() reads names, switches and numbers", () => {
  const none = parseTask([], line);
  assert("words" in none);
  assertEquals([none.words, none.number("runs")], [[], 3]);
  assertEquals([none.has("quick"), none.has("runs")], [false, false]);
  const all = parseTask(["chat", "--runs", "7", "--quick", "store"], line);
  assert("words" in all);
  assertEquals([all.words, all.number("runs")], [["chat", "store"], 7]);
  assertEquals([all.has("quick"), all.has("runs")], [true, true]);
});

Deno.test("parseTask() shows the usage, and takes nothing that it does not know", () => {
  const usage =
    "usage: deno task bench [NAME…] [--quick] [--runs=3]\nmeasures\nNAME: chat, store\n";
  assertEquals(parseTask(["--help"], line), { text: usage, code: 0 });
  const cases: [string[], string][] = [
    [["--nonsense"], "unknown option --nonsense"],
    [["-x"], "unknown option -x"],
    [["--quick=1"], "unknown option --quick"],
    [["chatt"], 'there is no "chatt" here'],
    [["--runs"], 'invalid --runs "": must be a number'],
    [["--runs=many"], 'invalid --runs "many": must be a number'],
    [["--runs=-1"], 'invalid --runs "-1": must be a number'],
  ];
  for (const [args, what] of cases) {
    assertEquals(parseTask(args, line), { text: `${what}\n${usage}`, code: 2 });
  }
});
