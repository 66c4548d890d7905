/**
 * Compiles both programs for every system that Parley is released for into
 * `dist/release/`, and writes their manual pages, what shells complete, and the
 * SHA-256 sums of all to `SHA256SUMS` there.
 *
 * The runtimes come from Deno's own site. Where that cannot be reached, only
 * the one for Linux on x64 can be had (see `compile.ts`): the others are named
 * and left out, unless `--all` says that this is a failure.
 *
 * Usage: deno task release [--all]
 */
import { encodeHex } from "@std/encoding/hex";
import { version } from "../lib/base/version.ts";
import { compile, programs, root, writeBuilt } from "./programs.ts";
import { writeManuals } from "./manual.ts";
import { taskArguments } from "../tests/support/task_arguments.ts";
import { fetchRuntime, isDownloadFailure } from "./runtime.ts";

/** What `deno compile` calls a system, and what the files are called. */
const targets = [
  { target: "x86_64-unknown-linux-gnu", label: "linux-x64" },
  { target: "aarch64-unknown-linux-gnu", label: "linux-arm64" },
  { target: "x86_64-apple-darwin", label: "macos-x64" },
  { target: "aarch64-apple-darwin", label: "macos-arm64" },
  { target: "x86_64-pc-windows-msvc", label: "windows-x64" },
] as const;

const given = taskArguments({
  usage: "deno task release [--all]",
  about: "Compiles both programs for every system into dist/release/.",
  switches: ["all"],
});

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`release: ${line}\n`));
}

/** Both programs for one system; why not, when that is not possible. */
async function build(
  { target, label }: typeof targets[number],
): Promise<string | undefined> {
  let runtime = label === "linux-x64" ? Deno.env.get("DENORT_BIN") : undefined;
  for (const program of programs) {
    const suffix = label.startsWith("windows") ? ".exe" : "";
    const output = `${folder}/${program.name}-${version}-${label}${suffix}`;
    let error = await compile(program, {
      output,
      target,
      ...runtime && { runtime },
    });
    if (error !== undefined && isDownloadFailure(error)) {
      if (label !== "linux-x64") return "its runtime cannot be downloaded";
      runtime = await fetchRuntime();
      if (runtime === undefined) return "its runtime cannot be had";
      error = await compile(program, { output, target, runtime });
    }
    if (error !== undefined) {
      const [line = ""] = error.trim().split("\n");
      return line;
    }
    const { size } = await Deno.stat(root + output);
    say(`${output} (${(size / 1e6).toFixed(1)} MB)`);
  }
  return undefined;
}

/** Lines as `sha256sum --check` reads them. */
async function sums(): Promise<string> {
  const all = await Array.fromAsync(Deno.readDir(root + folder));
  const names = all.map(({ name }) => name)
    .filter((name) => /^_?parley/.test(name)).sort();
  let text = "";
  for (const name of names) {
    const bytes = await Deno.readFile(`${root}${folder}/${name}`);
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    text += `${encodeHex(digest)}  ${name}\n`;
  }
  return text;
}

const folder = "dist/release";
await Deno.remove(root + folder, { recursive: true }).catch(() => {});
await Deno.mkdir(root + folder, { recursive: true });
await writeBuilt();
const missing: string[] = [];
for (const each of targets) {
  const why = await build(each);
  if (why === undefined) continue;
  missing.push(each.label);
  say(`${each.label} is left out: ${why}`);
}
await writeManuals(`${root}${folder}/`);
await Deno.writeTextFile(`${root}${folder}/SHA256SUMS`, await sums());
say(`${folder}/SHA256SUMS`);
if (missing.length === targets.length) Deno.exit(1);
if (missing.length > 0 && given.has("all")) Deno.exit(1);
