/**
 * The rules of the tree (see CONTRIBUTING.md): only `*.io.ts`, `*.worker.ts`,
 * the page's `*.tsx` and the two entry points touch the system; folders import along
 * one order, downwards only, and no files in a circle; folders and files stay
 * small enough to be read; a type's name is one type's. All of it is checked from the imports and from the
 * names each file uses.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, join, relative } from "@std/path";
import { walkSync } from "@std/fs";

const root = fromFileUrl(new URL("..", import.meta.url));

/** The folders of lib/; each may import from those before it. */
const order: readonly string[] = [
  "base",
  "system",
  "wire",
  "security",
  "cli",
  "engine/packets",
  "engine/blocks",
  "engine/congestion",
  "engine/recovery",
  "engine/path",
  "engine",
  "server/model",
  "server/store",
  "server/store/postgres",
  "server/accounts",
  "server/logs",
  "server/rendezvous",
  "server/core",
  "server/requests",
  "server/net",
  "server/cluster",
  "server/admin",
  "server",
  "client/commands",
  "client/events",
  "client/trust",
  "client/settings",
  "client/files",
  "client/tree",
  "client/transfer",
  "client/private",
  "client/offers",
  "client/calls",
  "client/text",
  "client/session",
  "client/ui/terminal",
  "client/ui",
  "client/ui/web",
  "client/ui/page/model",
  "client/ui/page/state",
  "client/ui/page/parts",
  "client/ui/page/calls",
  "client/ui/page/panels",
  "client/ui/page",
  "client/doctor",
  "client",
];

/** Modules outside the project that pure code may use: computation only. */
const pureModules = [
  "node:crypto",
  "node:zlib",
  "@std/cli/parse-args",
  "@noble/hashes/sha2",
  "string-width",
  "@std/encoding/",
  "@std/text/",
];

/** What only files that touch the system may name. */
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

/** Modules that take longer to load than everything of the project's own. */
const slowModules = [
  "string-width",
  "node:fs/promises",
  "node:tls",
  "postgres",
  "@nats-io/transport-node",
];

/** What need not have been loaded for a file to run, as it is imported. */
const loadedLate: readonly (readonly [string, readonly string[]])[] = [
  ["../client.ts", [...slowModules, "node:crypto", "node:zlib"]],
  ["../server.ts", [...slowModules, "node:crypto", "node:zlib"]],
  ["server/start.io.ts", ["postgres", "@nats-io/transport-node"]],
  ["client/client_app.io.ts", ["string-width", "node:fs/promises"]],
];

interface Source {
  /** Path below lib/, with `/`. */
  readonly path: string;
  /** Without comments. */
  readonly text: string;
  readonly imports: readonly string[];
  /** Those of {@link imports} that there are only for types. */
  readonly typeImports: ReadonlySet<string>;
}

Deno.test("layout: the checker finds the sources, and every folder has its place", () => {
  const folders = new Set(sources().map(({ path }) => folderOf(path)));
  assertEquals([...folders].sort(), [...order].sort());
});

Deno.test("layout: CONTRIBUTING.md tells the order of the folders", () => {
  const page = Deno.readTextFileSync(join(root, "CONTRIBUTING.md"));
  const [, block = ""] = /^```\n(base\n[\s\S]*?)^```$/m.exec(page) ?? [];
  assertEquals(block.trim().split(/\s+/), order);
});

Deno.test("layout: only *.io.ts, *.worker.ts and *.tsx use the system", () => {
  const wrong: string[] = [];
  for (const { path, text, imports } of sources()) {
    if (touchesSystem(path)) continue;
    for (const pattern of impure) {
      const found = text.match(pattern);
      if (found !== null) wrong.push(`${path} uses ${found[0]}`);
    }
    for (const specifier of imports) {
      if (!isPure(specifier)) wrong.push(`${path} imports ${specifier}`);
    }
  }
  assertEquals(wrong, []);
});

Deno.test("layout: folders import along their order, downwards only", () => {
  const wrong = edges().filter(([from, to]) => !isDownwards(from, to))
    .map(([from, to]) => `${from} imports ${to}`);
  assertEquals(wrong, []);
});

// Types of one folder may name each other (a user has a session, a session its
// user); what is left of the imports when the program runs has no circle.
Deno.test("layout: no files import each other in a circle", () => {
  assertEquals(circles(edges(({ typeImports }) => typeImports)), []);
});

// How long a program takes to start is what scripts wait for each time.
Deno.test("layout: a program that only prints, and a script, load little", () => {
  for (const [entry, needless] of loadedLate) {
    const found = loadedWith(entry);
    assert(found.size > 20, entry);
    assertEquals([...found].filter((each) => needless.includes(each)), []);
  }
  // What is here said to be loaded late, is loaded.
  const all = new Set(sources().flatMap(({ imports }) => imports));
  for (const each of slowModules) assert(all.has(each), each);
});

Deno.test("layout: file names are snake_case and end where they should", () => {
  const wrong = sources().map(({ path }) => path).filter((path) =>
    !/^([a-z]+\/)+[a-z0-9_]+(\.io|\.worker)?\.ts$/.test(path) &&
    !/^client\/ui\/page\/([a-z]+\/)*[a-z0-9_]+\.tsx$/.test(path)
  );
  assertEquals(wrong, []);
});

Deno.test("layout: no two types of one name, unless neither leaves its file", () => {
  assertEquals(sharedNames(sources()), []);
});

Deno.test("layout: no file is longer than 600 lines, no folder fuller than 20 files", () => {
  const wrong = sources().filter(({ path }) => lines(path) > 600)
    .map(({ path }) => `${path} has ${lines(path)} lines`);
  const counts = Map.groupBy(sources(), ({ path }) => folderOf(path));
  for (const [folder, files] of counts) {
    if (files.length > 20) wrong.push(`${folder} has ${files.length} files`);
  }
  assertEquals(wrong, []);
});

Deno.test("layout: the checker itself notices a breach", () => {
  const text = withoutComments("// Deno.open\nconst a = Deno.args;");
  assert(impure.some((pattern) => pattern.test(text)));
  assert(
    !impure.some((pattern) => pattern.test(withoutComments("/* Deno.x */"))),
  );
  assert(touchesSystem("system/files.io.ts"));
  assert(touchesSystem("server/store/store.worker.ts"));
  assert(touchesSystem("client/ui/page/app.tsx"));
  assert(!touchesSystem("server/model/user.ts"));
  assert(!isPure("../../system/files.io.ts"));
  assert(!isPure("node:net"));
  assert(isPure("../wire/text.ts"));
  assert(!isDownwards("server/model/a.ts", "server/core/b.ts"));
  assert(isDownwards("server/core/a.ts", "server/model/b.ts"));
  assert(isDownwards("client/a.ts", "client/ui/b.ts"));
  assert(isDownwards("client/ui/a.ts", "client/ui/b.ts"));
  assert(!isDownwards("client/ui/a.ts", "server/core/b.ts"));
  const types = (path: string, text: string) => ({ path, text });
  assertEquals(
    sharedNames([
      types("a.ts", "export interface A {}\nclass B {}\nexport class C {}"),
      types("b.ts", "type A = 1;\nclass B {}\nconst C = 1;"),
    ]),
    ["A: a.ts, b.ts"],
  );
  assertEquals([...typeImportsOf('import type { A } from "a";')], ["a"]);
  assertEquals([...typeImportsOf('import { type A, b } from "a";')], []);
  assertEquals(circles([["a", "b"], ["b", "c"]]), []);
  assertEquals(circles([["a", "b"], ["b", "c"], ["c", "b"]]), ["b, c"]);
});

/** Parts of the two programs that know nothing of each other. */
function isDownwards(from: string, to: string): boolean {
  const [one, other] = [folderOf(from), folderOf(to)];
  if (one === other) return true;
  const isAcross = /^client\b/.test(one) && /^server\b/.test(other);
  return !isAcross && order.indexOf(other) < order.indexOf(one);
}

function touchesSystem(path: string): boolean {
  return /\.((io|worker)\.ts|tsx)$/.test(path);
}

function isPure(specifier: string): boolean {
  return specifier.startsWith(".")
    ? !touchesSystem(specifier)
    : pureModules.some((module) => specifier.startsWith(module));
}

/** Which file imports which, as paths below lib/. */
function edges(
  without: (source: Source) => ReadonlySet<string> = () => new Set(),
): [string, string][] {
  return sources().flatMap((source) => {
    const left = without(source);
    return source.imports
      .filter((specifier) => specifier.startsWith(".") && !left.has(specifier))
      .map((specifier): [string, string] => [
        source.path,
        new URL(specifier, `file:///${source.path}`).pathname.slice(1),
      ]);
  });
}

/** Files that can be reached from themselves, each circle as one text. */
function circles(edges: readonly (readonly [string, string])[]): string[] {
  const targets = new Map<string, string[]>();
  for (const [from, to] of edges) {
    targets.set(from, [...targets.get(from) ?? [], to]);
  }
  const reach = new Map(
    [...targets.keys()].map((from) => [from, reachable(targets, from)]),
  );
  const found = new Set<string>();
  for (const [from, to] of reach) {
    if (!to.has(from)) continue;
    const circle = [...to].filter((each) => reach.get(each)?.has(from));
    found.add(circle.sort().join(", "));
  }
  return [...found].sort();
}

function reachable(
  targets: ReadonlyMap<string, readonly string[]>,
  from: string,
): Set<string> {
  const seen = new Set<string>();
  const open = [...targets.get(from) ?? []];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    open.push(...targets.get(next) ?? []);
  }
  return seen;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** Names of exported types that another file has, too, and where they are. */
function sharedNames(files: readonly Pick<Source, "path" | "text">[]) {
  const types = files.flatMap(({ path, text }) =>
    [...text.matchAll(typeForm)].map(([, exported, name = ""]) => ({
      name,
      path,
      isExported: exported !== undefined,
    }))
  );
  return [...Map.groupBy(types, ({ name }) => name)]
    .filter(([, all]) => {
      const paths = new Set(all.map(({ path }) => path));
      return paths.size > 1 && all.some(({ isExported }) => isExported);
    })
    .map(([name, all]) => `${name}: ${all.map(({ path }) => path).join(", ")}`)
    .sort();
}

/** All that the program loads with a file before that runs. */
function loadedWith(path: string): Set<string> {
  const all = new Map(sources().map((source) => [source.path, source]));
  for (const entry of ["client.ts", "server.ts"]) {
    all.set(`../${entry}`, sourceOf(`../${entry}`));
  }
  const seen = new Set<string>();
  const open = [path];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    const { text = "", typeImports } = all.get(next) ?? {};
    for (const form of importForms.slice(0, -1)) {
      for (const [, specifier = ""] of text.matchAll(form)) {
        if (typeImports?.has(specifier)) continue;
        open.push(
          specifier.startsWith(".")
            ? join(next, "..", specifier).replace(/^(\.\.\/)?lib\//, "")
            : specifier,
        );
      }
    }
  }
  return seen;
}

function lines(path: string): number {
  return Deno.readTextFileSync(join(root, "lib", path)).split("\n").length - 1;
}

function sources(): Source[] {
  const found: Source[] = [];
  for (const entry of walkSync(join(root, "lib"), { exts: [".ts", ".tsx"] })) {
    const path = relative(join(root, "lib"), entry.path).replaceAll("\\", "/");
    if (!entry.isFile || path.endsWith(".d.ts")) continue;
    found.push(sourceOf(path));
  }
  return found;
}

/** @param path Below lib/. */
function sourceOf(path: string): Source {
  const text = withoutComments(Deno.readTextFileSync(join(root, "lib", path)));
  const imports = importForms.flatMap((form) =>
    [...text.matchAll(form)].map((match) => match[1] ?? "")
  );
  return { path, text, imports, typeImports: typeImportsOf(text) };
}

function typeImportsOf(text: string): Set<string> {
  const statements = text.matchAll(/^import\s+([^;"]+)\s+from\s+"([^"]+)"/gm);
  const found = new Set<string>();
  for (const [, clause = "", specifier = ""] of statements) {
    const names = clause.replace(/[{}]/g, "").split(",").map((name) =>
      name.trim()
    );
    const isOfTypes = names.every((name) =>
      name === "" || name.startsWith("type ")
    );
    if (clause.startsWith("type ") || isOfTypes) found.add(specifier);
  }
  return found;
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "")
    .replace(/\s\/\/ .*$/gm, "");
}

/** Statements that import, and calls that do so later. */
const typeForm =
  /^(export )?(?:abstract )?(?:class|interface|type|enum) (\w+)/gm;
const importForms = [
  /^import\s[^;"]*?"([^"\n]+)"/gm,
  /^export\s+(?:type\s+)?(?:\{[^}]*\}|\*)\s+from\s+"([^"\n]+)"/gm,
  /\bimport\(\s*"([^"\n]+)"/g,
];
