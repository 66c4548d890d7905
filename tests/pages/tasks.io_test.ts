import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { root } from "../support/programs.ts";
import { runProgram } from "../support/run_program.ts";

Deno.test("tasks: each says what it takes, and begins nothing with what it does not know", async () => {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(join(root, "deno.json")),
  ) as { tasks: Record<string, string> };
  // The programs themselves have tests of their own.
  const scripts = Object.entries(tasks).filter(([name, command]) =>
    command.startsWith("deno run ") && name !== "server" && name !== "client"
  );
  assert(scripts.length > 10);
  await Promise.all(scripts.map(async ([name, command]) => {
    const [, ...args] = command.split(" ");
    const { code, out, err } = await runProgram(
      [Deno.execPath(), ...args, "--nonsense"],
      { cwd: root },
    );
    assertEquals([code, out], [2, []], name);
    assertEquals(err[0], "unknown option --nonsense", name);
    assert(err[1]?.startsWith("usage: "), err.join("\n"));
  }));
});
