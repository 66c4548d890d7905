/** What the pages quote of the programs, and of their code, is there. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { walkSync } from "@std/fs";
import { help } from "../../lib/client/commands/help.ts";
import { itemsOf, readPage, sectionOf } from "../support/pages.ts";
import { root } from "../support/programs.ts";

Deno.test("docs/troubleshooting.md: the programs say what is quoted", () => {
  const page = readPage("docs/troubleshooting.md").replace(/\n {2}/g, " ");
  // A quotation has words and nothing of a command line; `…` is what differs.
  const quoted = [...page.matchAll(/^- (.*)$/gm)]
    .flatMap((
      [, item = ""],
    ) => [...item.matchAll(/`([A-Za-z][\w ,…]* [\w ,…]+)`/g)])
    .map(([, text = ""]) => text)
    .filter((text) => !/^(parley|parley-server) /.test(text));
  assert(quoted.length > 10, `only ${quoted.length} quotations`);
  const said = sources();
  const unknown = quoted.filter((text) =>
    text.split("…").map((part) => part.trim())
      .some((part) => !said.includes(part))
  );
  assertEquals(unknown, []);
});

Deno.test("README.md: its ten commands are those of /help", () => {
  const section = sectionOf(readPage("README.md"), "## Ten commands");
  const told = itemsOf(section).map((item) => /^`(\/\w+)/.exec(item)?.[1]);
  const answer = help();
  assert("entries" in answer);
  const shown = answer.entries.map(({ usage }) => usage.split(" ")[0]);
  assertEquals(told.toSorted(), shown.toSorted());
});

Deno.test("docs/architecture.md: the code has the names", () => {
  const page = readPage("docs/architecture.md");
  const names = [
    ...page.matchAll(/`(?:new )?([A-Za-z]\w*(?:\.#?\w+)?)[^`/]*`/g),
  ]
    .map(([, name = ""]) => name).filter((name) =>
      /[a-z][A-Z]|\.#?\w/.test(name)
    )
    // Names of files are looked at in links.io_test.ts.
    .filter((name) => !/\.(ts|md|toml|txt|db|part|io|worker)$/.test(name));
  assert(names.length > 60, `only ${names.length} names`);
  const files = [...walkSync(join(root, "lib"), { exts: [".ts"] })]
    .map(({ path }) => Deno.readTextFileSync(path));
  const unknown = names.filter((name) => {
    const words = name.split(/\.#?/).map((word) => new RegExp(`\\b${word}\\b`));
    return !files.some((text) => words.every((word) => word.test(text)));
  });
  assertEquals([...new Set(unknown)], []);
});

/** The code of both programs; texts of several lines are one. */
function sources(): string {
  return [...walkSync(join(root, "lib"), { exts: [".ts"] })]
    .map(({ path }) => Deno.readTextFileSync(path)).join("\n")
    .replace(/["`] \+\s*["`]/g, "");
}
