/** The messages that the pages explain are those of the programs. */
import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { walkSync } from "@std/fs";
import { readPage } from "../support/pages.ts";
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

/** The code of both programs; texts of several lines are one. */
function sources(): string {
  return [...walkSync(join(root, "lib"), { exts: [".ts"] })]
    .map(({ path }) => Deno.readTextFileSync(path)).join("\n")
    .replace(/["`] \+\s*["`]/g, "");
}
