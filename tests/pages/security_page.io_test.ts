/** SECURITY.md's table of threats names tests that there are. */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { walkSync } from "@std/fs";
import { allTargets } from "../fuzz/all_targets.ts";

const root = fromFileUrl(new URL("../../", import.meta.url));
const page = Deno.readTextFileSync(`${root}/SECURITY.md`);

Deno.test("SECURITY.md has tests for every threat, and each of them exists", () => {
  const rows = threatRows();
  assert(rows.length > 30, `only ${rows.length} threats`);
  const known = testNames();
  const wrong: string[] = [];
  for (const [threat = "", defence = "", tests = ""] of rows) {
    const named = [...tests.matchAll(/`([^`]+)`/g)].map(([, name]) => name);
    if (defence.trim() === "" || named.length === 0) wrong.push(threat);
    for (const name of named) {
      if (!known.some((pattern) => pattern.test(name ?? ""))) {
        wrong.push(`${threat.trim()}: there is no test "${name}"`);
      }
    }
  }
  assertEquals(wrong, []);
});

Deno.test("SECURITY.md is checked against names that can be missing", () => {
  const known = testNames();
  assert(known.length > 300);
  assert(!known.some((pattern) => pattern.test("no test has this name")));
});

/** The cells of the table's rows. */
function threatRows(): string[][] {
  const [, section = ""] = page.split("\n## Threats\n");
  return section.split("\n").filter((line) => line.startsWith("| "))
    .slice(2).map((line) => line.split("|").slice(1, -1));
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
  /(?:Deno\.test\(\s*|\bname:\s*)("(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)/g;
const madeUp = /\$\{[^}]*\}/;
