/**
 * Runs all tests of one kind, many files as a few:
 * `deno run -A tests/parts.ts pure|io|e2e`. `deno test` loads the program anew
 * for each file, which takes longer than the tests of most; so a few modules,
 * made for this run, import all of them. What fails says in which file it stands.
 */
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { walk } from "@std/fs";
import { taskArguments } from "./support/task_arguments.ts";

const root = fromFileUrl(new URL("..", import.meta.url));

/** Tests that are run together. */
interface Kind {
  readonly permissions: string;
  /** Modules: enough that none of them runs alone for long at the end. */
  readonly parts: number;
  /** Modules at once, where they wait for others more than they compute. */
  readonly jobs?: number;
}

const kinds: Readonly<Record<string, Kind>> = {
  pure: { permissions: "--no-prompt", parts: 8 },
  io: { permissions: "--allow-all", parts: 12, jobs: 4 },
  e2e: { permissions: "--allow-all", parts: 16, jobs: 4 },
};

const { words } = taskArguments({
  usage: "deno task test:pure, deno task test:io, deno task test:e2e",
  about: "Runs all tests of pure code, of what touches the system, or of the " +
    "programs from end to end.",
  words: Object.keys(kinds),
});
const [name = "pure"] = words;
const kind = kinds[name];
if (kind === undefined) throw new RangeError(`there are no tests "${name}"`);
const folder = await Deno.makeTempDir({ prefix: "parley_tests_" });
try {
  const files = await filesOf(name);
  const parts = Array.from(
    { length: kind.parts },
    (_, number) => join(folder, `part_${number + 1}.ts`),
  );
  for (const [number, part] of parts.entries()) {
    // Neighbours take about as long as each other: each part has some of them.
    const imports = files.filter((_, index) => index % kind.parts === number)
      .map((path) => `import "${toFileUrl(path)}";\n`);
    await Deno.writeTextFile(part, imports.join(""));
  }
  const options = ["--frozen", "--no-check", "--parallel", kind.permissions];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", `--config=${join(root, "deno.json")}`, ...options, ...parts],
    // What a caller asks for comes first.
    ...kind.jobs && {
      env: { DENO_JOBS: `${kind.jobs}`, ...Deno.env.toObject() },
    },
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function filesOf(name: string): Promise<string[]> {
  const files: string[] = [];
  for await (const { path } of walk(join(root, "tests"))) {
    if (/_test\.tsx?$/.test(path) && kindOf(path) === name) files.push(path);
  }
  return files.sort();
}

/** Those that touch the system have it in their names, but for that of the layout. */
function kindOf(path: string): string {
  if (/\/tests\/e2e\//.test(path)) return "e2e";
  return /(\.io|\/layout)_test\.tsx?$/.test(path) ? "io" : "pure";
}
