import { assertEquals } from "@std/assert";
import { lineEndingOf, withoutMark } from "../../lib/base/text_file.ts";

Deno.test("lineEndingOf() goes by the first line", () => {
  const endings = ["", "a", "a\n", "a\r\n", "\r\n", "a\nb\r\n", "a\r\nb\n"]
    .map(lineEndingOf);
  assertEquals(endings, ["\n", "\n", "\n", "\r\n", "\r\n", "\n", "\r\n"]);
});

Deno.test("withoutMark() takes off one mark at the start", () => {
  assertEquals(withoutMark("\ufeffa\ufeff"), "a\ufeff");
  assertEquals(withoutMark("a"), "a");
});
