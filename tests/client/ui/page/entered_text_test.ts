import { assertEquals } from "@std/assert";
import { parseCommand } from "../../../../lib/client/commands/parse.ts";
import {
  enteredText,
  isLine,
} from "../../../../lib/client/ui/page/model/entered_text.ts";

Deno.test("what is entered is a command, or the text that is said", () => {
  const cases: [entered: string, isLine: boolean, text: string | undefined][] =
    [
      ["hi", false, "hi"],
      [" /hi", false, " /hi"],
      ["/who", true, undefined],
      ["//hi", true, "/hi"],
      ["/var/log\nand more", false, "/var/log\nand more"],
      ["//hi\nand more", false, "//hi\nand more"],
    ];
  for (const [entered, line, text] of cases) {
    assertEquals(
      [isLine(entered), enteredText(entered)],
      [line, text],
      entered,
    );
  }
});

Deno.test("the text of a line is the one that its command has", () => {
  const text = enteredText("//hi") ?? "";
  const said = parseCommand("//hi", { kind: "user", name: "luke" });
  const command = { command: "msgto", to: ["luke"], text } as const;
  assertEquals(said, { command });
});
