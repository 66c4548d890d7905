import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { help } from "../../../lib/client/commands/help.ts";
import {
  commandTable,
  topicNames,
} from "../../../lib/client/commands/table.ts";
import { plainPalette } from "../../../lib/cli/palette.ts";
import { renderText } from "../../../lib/client/text/render_text.ts";
import { wrapStyled } from "../../../lib/client/text/styled_text.ts";

Deno.test("help: tells on one screen what one needs and how to go on", () => {
  const short = help();
  assert("entries" in short);
  assertEquals(short.entries.length, 10);
  assertEquals(short.topics?.at(-1), "all");
  const event = {
    event: "result",
    n: 1,
    outcome: { command: "help", ok: true, answer: short },
  } as const;
  const rows = renderText(event, plainPalette)
    .flatMap((line) => wrapStyled(line, 80, 4));
  assert(rows.length <= 16, `${rows.length} rows`);
  for (const topic of short.topics ?? []) {
    assert("entries" in help(topic), topic);
    assertStringIncludes(rows.join(" "), `/help ${topic}`);
  }
});

Deno.test("help: a topic has its commands, one row of 80 columns each", () => {
  for (const topic of topicNames) {
    const answer = help(topic);
    assert("entries" in answer && answer.entries.length > 1);
    const width = Math.max(...answer.entries.map(({ usage }) => usage.length));
    for (const { usage, summary } of answer.entries) {
      assert(2 + width + 2 + summary.length <= 80, usage);
    }
  }
});

Deno.test("help: a word that is a topic and a command is the command with its slash", () => {
  for (const word of ["groups", "private"]) {
    const [topic, command] = [help(word), help(`/${word}`)];
    assert("entries" in topic && "entries" in command);
    assert(topic.entries.length > 1);
    assertEquals(command.entries.length, 1);
  }
});

Deno.test("help: lists every command with usage, summary and example", () => {
  const all = help("all");
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
