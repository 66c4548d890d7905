/** Trees of files for tests: made from a description, and read back as one. */
import { join, relative } from "@std/path";
import { walkSync } from "@std/fs";
import { encodeHex } from "@std/encoding/hex";
import { createHash } from "node:crypto";

/** What is at a path: text or bytes of a file, or `undefined` for a folder. */
export type TreeContents = Record<string, string | Uint8Array | undefined>;

/** Makes what is described, with times that tell files apart. */
export function makeTree(folder: string, contents: TreeContents): void {
  let time = 1_700_000_000_000;
  const paths = Object.keys(contents).sort();
  for (const path of paths) {
    const whole = join(folder, path);
    const content = contents[path];
    if (content === undefined) Deno.mkdirSync(whole, { recursive: true });
    else {
      Deno.mkdirSync(join(whole, ".."), { recursive: true });
      const bytes = typeof content === "string"
        ? new TextEncoder().encode(content)
        : content;
      Deno.writeFileSync(whole, bytes);
      if (path.endsWith(".sh")) Deno.chmodSync(whole, 0o755);
    }
  }
  for (const path of paths.reverse()) {
    const at = new Date(time += 1_234);
    Deno.utimeSync(join(folder, path), at, at);
  }
}

/** Everything in a folder: kind, executable bit, time, digest, by path. */
export function describeTree(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { path, isFile } of walkSync(folder)) {
    const info = Deno.lstatSync(path);
    const run = isFile && ((info.mode ?? 0) & 0o100) !== 0 ? "x" : "-";
    const digest = isFile
      ? encodeHex(
        new Uint8Array(
          createHash("sha256").update(Deno.readFileSync(path)).digest(),
        ),
      )
      : info.isSymlink
      ? "link"
      : "folder";
    found[relative(folder, path)] = `${run} ${info.mtime?.getTime()} ${digest}`;
  }
  return found;
}
