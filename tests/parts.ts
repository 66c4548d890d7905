/**
 * Runs all tests of one kind but those from end to end, many files as a few:
 * `deno run -A tests/parts.ts pure|io`. `deno test` loads the program anew for
 * each file, which takes longer than the tests of most; so a few modules, made
 * for this run, import all of them. What fails says in which file it stands.
 */
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { walk } from "@std/fs";
import { taskArguments } from "./support/task_arguments.ts";

const root = fromFileUrl(new URL("..", import.meta.url));
const kinds = new Map([["pure", ["--no-prompt"]], ["io", ["--allow-all"]]]);
/** Enough that none of them runs alone for long at the end. */
const count = 8;

const { words } = taskArguments({
  usage: "deno task test:pure, deno task test:io",
  about: "Runs all tests of pure code, or of what touches the system.",
  words: [...kinds.keys()],
});
const [kind = "pure"] = words;
const permissions = kinds.get(kind) ?? [];
const folder = await Deno.makeTempDir({ prefix: "parley_tests_" });
try {
  const files = await filesOf(kind);
  const parts = Array.from(
    { length: count },
    (_, number) => join(folder, `part_${number + 1}.ts`),
  );
  for (const [number, part] of parts.entries()) {
    // Neighbours take about as long as each other: each part has some of them.
    const imports = files.filter((_, index) => index % count === number)
      .map((path) => `import "${toFileUrl(path)}";\n`);
    await Deno.writeTextFile(part, imports.join(""));
  }
  const options = ["--frozen", "--no-check", "--parallel", ...permissions];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", `--config=${join(root, "deno.json")}`, ...options, ...parts],
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}

/** Those that touch the system have it in their names, but for that of the layout. */
async function filesOf(kind: string): Promise<string[]> {
  const files: string[] = [];
  const skip = [/\/e2e$/];
  for await (const { path } of walk(join(root, "tests"), { skip })) {
    if (!/_test\.tsx?$/.test(path)) continue;
    const isIo = /(\.io|\/layout)_test\.tsx?$/.test(path);
    if (isIo === (kind === "io")) files.push(path);
  }
  return files.sort();
}
