/**
 * The rule that keeps protocol and state pure (see README.md, "Layout"): only
 * `lib/io/` and the two entry points touch the system. It is checked from the
 * imports and from the names each file uses.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import { walkSync } from "@std/fs";

const root = fromFileUrl(new URL("..", import.meta.url));

/** Which folders of lib/ a folder may import from, itself excepted. */
const allowed: Record<string, readonly string[]> = {
  protocol: [],
  commands: ["protocol"],
  log: ["protocol"],
  transfer: ["protocol"],
  server: ["protocol", "log"],
  client: ["protocol", "commands", "transfer"],
  io: ["protocol", "commands", "log", "transfer", "server", "client"],
};

/** Modules outside the project that pure code may use: computation only. */
const pureModules = [
  "node:crypto",
  "node:zlib",
  "@std/cli/parse-args",
  "string-width",
  "@std/encoding/",
  "@std/text/",
];

/** What only lib/io may name. */
const impure = [
  /\bDeno\./,
  /\bDate\.now\b/,
  /\bnew Date\(\)/,
  /\bperformance\./,
  /\bMath\.random\b/,
  /\bgetRandomValues\b/,
  /\brandomBytes\b/,
  /\brandomUUID\b/,
  /\bset(Timeout|Interval|Immediate)\b/,
  /\bqueueMicrotask\b/,
  /\bconsole\./,
  /\bfetch\(/,
  /\bnew (WebSocket|Worker)\b/,
  /\bimport\(/,
];

interface Source {
  /** Path below the project's folder, with `/`. */
  readonly path: string;
  /** Without comments. */
  readonly text: string;
  readonly imports: readonly string[];
}

Deno.test("layout: the checker finds the sources", () => {
  const folders = new Set(sources().map((source) => folderOf(source.path)));
  assertEquals([...folders].sort(), Object.keys(allowed).sort());
});

Deno.test("layout: pure folders use nothing of the system", () => {
  const wrong: string[] = [];
  for (const source of sources()) {
    if (folderOf(source.path) === "io") continue;
    for (const pattern of impure) {
      const found = source.text.match(pattern);
      if (found !== null) wrong.push(`${source.path} uses ${found[0]}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("layout: folders import along the allowed directions only", () => {
  const wrong: string[] = [];
  for (const source of sources()) {
    const folder = folderOf(source.path);
    for (const specifier of source.imports) {
      if (!isAllowed(source.path, folder, specifier)) {
        wrong.push(`${source.path} imports ${specifier}`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("layout: file names are snake_case and end where they should", () => {
  const wrong = sources().map((source) => source.path).filter((path) =>
    !/^lib\/[a-z]+(\/[a-z0-9_]+)*\.ts$/.test(path)
  );
  assertEquals(wrong, []);
});

Deno.test("layout: no file is longer than 600 lines", () => {
  const wrong = sources().filter((source) => lines(source.path) > 600)
    .map((source) => `${source.path} has ${lines(source.path)} lines`);
  assertEquals(wrong, []);
});

Deno.test("layout: the checker itself notices a breach", () => {
  const text = withoutComments("// Deno.open\nconst a = Deno.args;");
  assert(impure.some((pattern) => pattern.test(text)));
  assert(
    !impure.some((pattern) => pattern.test(withoutComments("/* Deno.x */"))),
  );
  assert(!isAllowed("lib/server/a.ts", "server", "../io/tcp.ts"));
  assert(!isAllowed("lib/client/a.ts", "client", "../server/store.ts"));
  assert(!isAllowed("lib/client/a.ts", "client", "node:net"));
  assert(isAllowed("lib/client/a.ts", "client", "../protocol/text.ts"));
});

function isAllowed(path: string, folder: string, specifier: string): boolean {
  if (!specifier.startsWith(".")) {
    return folder === "io" ||
      pureModules.some((module) => specifier.startsWith(module));
  }
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
  const other = folderOf(target);
  return other === folder || (allowed[folder]?.includes(other) ?? false);
}

function folderOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function lines(path: string): number {
  return Deno.readTextFileSync(join(root, path)).split("\n").length - 1;
}

function sources(): Source[] {
  const found: Source[] = [];
  for (const entry of walkSync(join(root, "lib"), { exts: [".ts"] })) {
    const path = relative(root, entry.path).replaceAll("\\", "/");
    if (!entry.isFile || path.endsWith(".d.ts")) continue;
    const text = withoutComments(Deno.readTextFileSync(entry.path));
    const imports = [...text.matchAll(/\b(?:from|import)\s+"([^"]+)"/g)]
      .map((match) => match[1] ?? "");
    found.push({ path, text, imports });
  }
  return found;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s\/\/ .*$/gm, "");
}
