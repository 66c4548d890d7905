import { assertEquals } from "@std/assert";
import { missingPathHint } from "../../../lib/client/transfer/missing_path_hint.ts";

Deno.test("missingPathHint: an option that was meant, or goes elsewhere", () => {
  const cases = [
    ["--when-bak", "; did you mean --when-back?"],
    ["-when-back", "; did you mean --when-back?"],
    ["a.txt --lnks", "; did you mean --links?"],
    ["--links", "; --links goes before the paths"],
    ["--when-back", "; --when-back goes before or behind all paths"],
    ["--nmae", "; did you mean --name?"],
    [
      "--name",
      "; --name goes with what is piped in alone: - --name backup.tar",
    ],
    ...["", "-", "--", "-1.txt", "--well.txt", "a.txt", "links"]
      .map((path) => [path, ""] as const),
  ] as const;
  for (const [path, hint] of cases) {
    assertEquals(missingPathHint(path), hint, path);
  }
});

Deno.test("missingPathHint: a quotation mark that is not closed", () => {
  const cases = [
    ['a.txt "b c.txt', '" before b c.txt'],
    ["a.txt 'b\u001b", "' before b␛"],
    ["'a b.txt", "' before a b.txt"],
  ] as const;
  for (const [path, mark] of cases) {
    const hint = `; the ${mark} is not closed, unless it is part of the name`;
    assertEquals(missingPathHint(path), hint);
  }
  for (const path of ['12" a.txt', "it's a.txt", 'a "b".txt']) {
    assertEquals(missingPathHint(path), "");
  }
});
