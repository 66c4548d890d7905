/**
 * What the pages refer to is there: links lead to pages and to headings in them,
 * paths to files. Those that everybody reads first stay short.
 */
import { assert, assertEquals } from "@std/assert";
import { existsSync, walkSync } from "@std/fs";
import { dirname, join, relative } from "@std/path";
import { pagePaths, readPage } from "../support/pages.ts";
import { root } from "../support/programs.ts";

const pages = new Map(pagePaths().map((path) => [path, readPage(path)]));

Deno.test("pages: README and SECURITY have at most 8 KB", () => {
  for (const path of ["README.md", "SECURITY.md"]) {
    const { size } = Deno.statSync(join(root, path));
    assert(size <= 8192, `${path} has ${size} bytes`);
  }
});

Deno.test("pages: tables are narrow, so that a change touches one row", () => {
  const wide = [...pages].flatMap(([path, page]) =>
    page.split("\n").filter((line) => line.startsWith("|") && line.length > 100)
      .map((line) => `${path}: ${line}`)
  );
  assertEquals(wide, []);
});

Deno.test("pages: every link leads to a file, and to a heading in it", () => {
  const broken: string[] = [];
  let count = 0;
  for (const [path, page] of pages) {
    for (const target of linksOf(page)) {
      if (/^[a-z]+:/.test(target)) continue;
      count++;
      const [file = "", anchor] = target.split("#");
      const place = file === "" ? path : join(dirname(path), file);
      const text = pages.get(place);
      if (
        anchor !== undefined
          ? !anchorsOf(text ?? "").includes(anchor)
          : !isThere(place)
      ) broken.push(`${path}: ${target}`);
    }
  }
  assert(count > 30, `only ${count} links`);
  assertEquals(broken, []);
});

Deno.test("pages: from the README every page can be reached", () => {
  const reached = new Set(["README.md"]);
  for (const path of reached) {
    for (const target of linksOf(pages.get(path) ?? "")) {
      const [file = ""] = target.split("#");
      const place = join(dirname(path), file);
      if (pages.has(place)) reached.add(place);
    }
  }
  assertEquals([...pages.keys()].filter((path) => !reached.has(path)), []);
});

Deno.test("pages: every file and folder of the project that is named is there", () => {
  const missing: string[] = [];
  const paths = codePaths();
  let count = 0;
  for (const [path, page] of pages) {
    for (const [, name = ""] of page.matchAll(/(?:`|^)([\w.*/-]*[\w*/])/gm)) {
      const isPath = /^(lib|tests|docs|packaging|\.ci|\.github)\//.test(name);
      const isFile = /^\w[\w.]*\.ts$/.test(name);
      if (!isPath && !isFile || name.includes("*")) continue;
      count++;
      const isKnown = isThere(name) ||
        isFile && paths.some((path) => path.endsWith(`/${name}`));
      if (!isKnown) missing.push(`${path}: ${name}`);
    }
  }
  assert(count > 60, `only ${count} names`);
  assertEquals(missing, []);
});

Deno.test("pages: comments name pages and files that are there", () => {
  const missing: string[] = [];
  const paths = codePaths();
  const isFile = (name: string) =>
    pages.has(name) || paths.some((path) => path.endsWith(`/${name}`));
  let count = 0;
  for (const path of paths) {
    const text = Deno.readTextFileSync(path);
    for (const [comment] of text.matchAll(/^ *(?:\*|\/\/|\/\*|#).*$/gm)) {
      const names = comment
        .matchAll(/(?<![\w/.*@-])(?:[\w.-]+\/)*[A-Za-z][\w.-]*\.(?:ts|md)\b/g);
      for (const [name] of names) {
        count++;
        if (!isFile(name)) missing.push(`${relative(root, path)}: ${name}`);
      }
    }
  }
  assert(count > 20, `only ${count} names`);
  assertEquals(missing, []);
});

/** Where the links and pictures of a page lead. */
function linksOf(page: string): string[] {
  return [...page.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) =>
    target
  );
}

/** The anchors that GitHub makes of a page's headings; of equal ones it counts. */
function anchorsOf(page: string): string[] {
  const text = page.replace(/^```[\s\S]*?^```$/gm, "");
  const seen = new Map<string, number>();
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) => {
    const anchor = heading.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replace(/ /g, "-");
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** The code of the programs, of the tests and of what builds them. */
function codePaths(): string[] {
  const folders = ["lib", "tests", ".ci", "packaging", ".github"];
  return folders.flatMap((
    folder,
  ) => [...walkSync(join(root, folder), { includeDirs: false })]).map((
    { path },
  ) => path);
}

function isThere(path: string): boolean {
  return existsSync(join(root, path));
}
