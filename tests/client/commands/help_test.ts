import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { help } from "../../../lib/client/commands/help.ts";
import { commandTable } from "../../../lib/client/commands/table.ts";

Deno.test("help: lists every command with usage, summary and example", () => {
  const all = help();
  assert("entries" in all);
  assertEquals(all.entries.length, commandTable.length);
  for (const entry of all.entries) {
    assert(entry.usage.startsWith("/") && entry.example.startsWith("/"));
    assert(entry.summary !== "" && !entry.summary.includes("\n"));
  }
});

Deno.test("help: each group of commands stands together", () => {
  const groups = commandTable.map(({ topic }) => topic);
  const headings = groups.filter((group, i) => group !== groups[i - 1]);
  assertEquals(headings, [...new Set(groups)]);
});

Deno.test("help: finds one command by name, alias, with and without slash", () => {
  for (const topic of ["quit", "/quit", "logout", "/LOGOUT"]) {
    const one = help(topic);
    assert("entries" in one);
    assertEquals(one.entries.map((entry) => entry.usage), ["/logout"]);
  }
});

Deno.test("help: an unknown topic names the nearest command", () => {
  const none = help("acept");
  assert("message" in none);
  assertStringIncludes(none.message, "did you mean /accept?");
});
