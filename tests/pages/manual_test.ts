import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { clientPage } from "../../lib/client/settings/page.ts";
import { pages, renderManPage } from "../../.ci/manual.ts";
import { environmentOf, type ProgramPage } from "../../lib/cli/program_page.ts";
import { commandTable } from "../../lib/client/commands/table.ts";

/** The text that a reader sees of a piece of roff. */
function shown(roff: string): string {
  return roff.replaceAll("\\&", "").replaceAll("\\fB", "").replaceAll(
    "\\fI",
    "",
  ).replaceAll("\\fR", "").replaceAll("\\-", "-").replaceAll("\\(aq", "'")
    .replaceAll("\\(dq", '"').replaceAll("\\(ti", "~").replaceAll("\\(ha", "^")
    .replaceAll("\\(ga", "`").replaceAll("\\e", "\\");
}

function man(page: ProgramPage): string {
  return renderManPage(page);
}

Deno.test("renderManPage() has the sections of a manual page, in order", () => {
  for (const page of pages) {
    const sections = [...man(page).matchAll(/^\.SH (.*)$/gm)].map(([, name]) =>
      name
    );
    assertEquals(
      sections.filter((name) => name !== "COMMANDS" && name !== "ACCOUNTS"),
      [
        "NAME",
        "SYNOPSIS",
        "DESCRIPTION",
        "OPTIONS",
        "ENVIRONMENT",
        "FILES",
        "EXIT STATUS",
        "EXAMPLES",
      ],
    );
    assert(man(page).startsWith(`.TH ${page.name.toUpperCase()} 1 `));
  }
});

Deno.test("renderManPage() leaves nothing of the page out", () => {
  for (const page of pages) {
    const text = shown(man(page));
    const pieces = [
      ...page.options.map(({ name, help }) => [name, help]).flat(),
      ...environmentOf(page).map(({ name }) => name),
      ...page.files.map(({ name }) => name),
      ...page.exitCodes.map(({ help }) => help),
      ...page.examples.flatMap(({ command, help }) => [command, help]),
      ...page.usage.flatMap((row) => [row.arguments, row.help]),
    ];
    for (const piece of pieces) {
      assertStringIncludes(text, piece.replaceAll("…", "..."));
    }
  }
  for (const { usage, example } of commandTable) {
    const text = shown(man(clientPage));
    assertStringIncludes(text, usage.replaceAll("…", "..."));
    assertStringIncludes(text, example);
  }
});

Deno.test("renderManPage() is plain roff: known requests, ASCII, no stray dots", () => {
  const known = /^\.(TH|SH|TP|B|PP|RS|RE|nf|fi|br)( |$)/;
  for (const page of pages) {
    for (const line of man(page).trimEnd().split("\n")) {
      assert(/^[\x20-\x7e]+$/.test(line), line);
      if (/^[.']/.test(line)) assert(known.test(line), line);
    }
  }
  const odd: ProgramPage = {
    ...clientPage,
    description: [".TH looks like a request", "'so does this", "a\\b é 🎬"],
  };
  const lines = man(odd).split("\n");
  assert(lines.includes("\\&.TH looks like a request"));
  assert(lines.includes("\\(aqso does this"));
  assert(lines.includes("a\\eb \\[u00E9] \\[u1F3AC]"));
});
