/** The threats of docs/threats.md name tests that there are. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { walkSync } from "@std/fs";
import { allTargets } from "../fuzz/all_targets.ts";
import { readPage } from "../support/pages.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));

Deno.test("docs/threats.md has tests for every threat, and each of them exists", () => {
  const threats = threatsOf(readPage("docs/threats.md"));
  assert(threats.length > 30, `only ${threats.length} threats`);
  const known = testNames();
  const wrong: string[] = [];
  for (const { threat, defence, tests } of threats) {
    if (defence === "" || tests.length === 0) wrong.push(threat);
    for (const name of tests) {
      if (!known.some((pattern) => pattern.test(name))) {
        wrong.push(`${threat}: there is no test "${name}"`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("docs/threats.md is checked against names that can be missing", () => {
  const known = testNames();
  assert(known.length > 300);
  assert(!known.some((pattern) => pattern.test("no test has this name")));
});

interface Threat {
  readonly threat: string;
  readonly defence: string;
  /** The names of the tests that show the defence. */
  readonly tests: readonly string[];
}

/** The items of the page: a threat in bold, its defence, a list of tests. */
function threatsOf(page: string): Threat[] {
  return page.split(/^- \*\*/m).slice(1).map((item) => {
    const [text = "", ...rest] = item.split(/^ {2}- /m);
    const [threat = "", defence = ""] = text.split(".**");
    const tests = rest.map((line) => line.split("`")[1] ?? "");
    return { threat, defence: defence.trim(), tests };
  });
}

/** What the name of each test looks like: parts made up at run time are free. */
function testNames(): RegExp[] {
  const found = allTargets.map(({ name, about }) =>
    new RegExp(`^fuzz ${name}: ${about}$`)
  );
  for (const { path } of walkSync(`${root}/tests`, { exts: [".ts"] })) {
    if (!path.endsWith("_test.ts")) continue;
    const text = Deno.readTextFileSync(path);
    for (const [, literal = ""] of text.matchAll(nameLiteral)) {
      const name = literal.slice(1, -1).replace(/\\(["`])/g, "$1");
      const parts = literal.startsWith("`") ? name.split(madeUp) : [name];
      const escaped = parts.map((part) =>
        part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")
      );
      if (parts.length === 1 || parts.join("").length > 12) {
        found.push(new RegExp(`^${escaped.join(".+")}$`));
      }
    }
  }
  return found;
}

const nameLiteral =
  /(?:Deno\.test\(\s*|testUnless\(\s*\w+,\s*|\bname:\s*)("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/g;
const madeUp = /\$\{[^}]*\}/;
