/**
 * The limit table is the truth: each limit has a test that is named for it, a
 * line in docs/protocol/limits.md, and, where an option sets it, that option in
 * the help and in docs/operating.md with the same default.
 */
import { assert, assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { walkSync } from "@std/fs";
import { type Limit, limitTable } from "../../lib/wire/limits.ts";
import { parseServerOptions } from "../../lib/server/admin/options.ts";
import { itemsOf, readPage } from "../support/pages.ts";

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

Deno.test("limit table: docs/protocol/limits.md shows it, and nothing else", () => {
  const items = itemsOf(readPage("docs/protocol/limits.md"));
  const expected = limits.map(([name, { what, value, unit, beyond }]) =>
    `\`${name}\` (${
      value.toLocaleString("en")
    } ${unit}): ${what}. Beyond it: ${beyond}`
  );
  assertEquals(items, expected);
});

Deno.test("limit table: --help and docs/operating.md tell the options with their defaults", () => {
  const help = parseServerOptions(["--help"]);
  assert(help.kind === "help");
  const items = itemsOf(readPage("docs/operating.md"));
  // A line a row, however it is broken.
  const lines = help.text.replace(/\n {20,}/g, " ").split("\n");
  for (const [name, { option, value }] of limits) {
    if (option === undefined) continue;
    const line = lines.find((line) => line.includes(option));
    assert(line?.includes(`(default: ${value})`), `${name}: ${line}`);
    const start = `\`${option}\` (default: ${value}): `;
    assert(items.some((item) => item.startsWith(start)), `${name}: ${start}`);
  }
});

/** What the tests in all files are called. */
function testNames(): string[] {
  const folder = fromFileUrl(new URL("../", import.meta.url));
  const names: string[] = [];
  for (const { path } of walkSync(folder, { exts: [".ts"] })) {
    const source = Deno.readTextFileSync(path);
    for (
      const [, name = ""] of source.matchAll(
        /\b(?:Deno\.test|storeTest)\(\s*"([^"]+)"/g,
      )
    ) {
      names.push(name);
    }
  }
  return names;
}
