import { assert, assertStringIncludes } from "@std/assert";
import { clientPage } from "../../lib/client/settings/page.ts";
import { optionNames } from "../../lib/cli/command_line.ts";
import { renderCompletions, shells } from "../../lib/cli/completions.ts";
import { serverOptionRows } from "../../lib/server/admin/options.ts";
import { serverPage } from "../../lib/server/admin/page.ts";

Deno.test("renderCompletions() knows every option and command, for every shell", () => {
  for (const page of [clientPage, serverPage(serverOptionRows)]) {
    for (const shell of shells) {
      const script = renderCompletions(page, shell);
      for (const name of page.options.flatMap(optionNames)) {
        // fish writes options without their dashes.
        const written = shell === "fish" ? `-l ${name.slice(2)} ` : name;
        assertStringIncludes(script, written, shell);
      }
      assertStringIncludes(script, "completions", shell);
      assert(script.endsWith("\n"));
    }
  }
});
