/**
 * The limit table is the truth: each limit has a test that is named for it, a
 * row in PROTOCOL.md, and, where an option sets it, that option in the help and
 * in README.md with the same default.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { walkSync } from "@std/fs";
import { type Limit, limitTable } from "../../lib/wire/limits.ts";
import { parseServerOptions } from "../../lib/server/admin/options.ts";

const limits: [string, Limit][] = Object.entries(limitTable);

Deno.test("limit table: every limit has a test that is named for it", () => {
  const named = new Set(
    testNames().flatMap((name) => {
      const [, names = ""] = /^limits? ([A-Za-z, ]+?):/.exec(name) ?? [];
      return names.split(/, | and /);
    }),
  );
  const missing = limits.map(([name]) => name).filter((name) =>
    !named.has(name)
  );
  assertEquals(missing, []);
});

Deno.test("limit table: PROTOCOL.md shows it", () => {
  const rows = new Set(cellsOf(text("PROTOCOL.md")));
  const missing = limits.map(([name, { what, value, unit, beyond }]) =>
    [`\`${name}\``, what, `${value.toLocaleString("en")} ${unit}`, beyond]
      .join(" | ")
  ).filter((row) => !rows.has(row));
  assertEquals(missing, []);
});

Deno.test("limit table: --help and README.md tell the options with their defaults", () => {
  const help = parseServerOptions(["--help"]);
  assert(help.kind === "help");
  const rows = cellsOf(text("README.md"));
  // A line a row, however it is broken.
  const lines = help.text.replace(/\n {20,}/g, " ").split("\n");
  for (const [name, { option, value }] of limits) {
    if (option === undefined) continue;
    const line = lines.find((line) => line.includes(option));
    assert(line?.includes(`(default: ${value})`), `${name}: ${line}`);
    const row = rows.find((row) => row.startsWith(`\`${option}\``));
    assert(row?.startsWith(`\`${option}\` | ${value} | `), `${name}: ${row}`);
  }
});

/** The rows of all tables of a page, cells joined by ` | `. */
function cellsOf(page: string): string[] {
  return page.split("\n").filter((line) => line.startsWith("| "))
    .map((line) =>
      line.slice(1, -1).split("|").map((cell) => cell.trim()).join(" | ")
    );
}

/** What the tests in all files are called. */
function testNames(): string[] {
  const folder = fromFileUrl(new URL("../", import.meta.url));
  const names: string[] = [];
  for (const { path } of walkSync(folder, { exts: [".ts"] })) {
    const source = Deno.readTextFileSync(path);
    for (const [, name = ""] of source.matchAll(/Deno\.test\(\s*"([^"]+)"/g)) {
      names.push(name);
    }
  }
  return names;
}

function text(name: string): string {
  return Deno.readTextFileSync(new URL(`../../${name}`, import.meta.url));
}
