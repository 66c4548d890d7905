import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  clipStyled,
  styledWidth,
  withoutStyle,
  wrapStyled,
} from "../../../lib/client/text/styled_text.ts";

Deno.test("wrapStyled: breaks between words and indents the later rows", () => {
  assertEquals(wrapStyled("10:00 luke: one two three four", 15, 3), [
    "10:00 luke: one",
    "   two three",
    "   four",
  ]);
  assertEquals(wrapStyled("aaaaaaaaaa", 4, 3), ["aaaa", "aaaa", "aa"]);
  assertEquals(wrapStyled("1 one two three", 12, 6), [
    "1 one two",
    "    three",
  ]);
  assertEquals(wrapStyled("one   two three four", 12, 6), [
    "one",
    "    two",
    "    three",
    "    four",
  ]);
  assertEquals(wrapStyled("日本日本", 5, 1), ["日本", " 日本"]);
  assertEquals(wrapStyled("", 5, 1), [""]);
});

Deno.test("wrapStyled: a colour goes on in the next row, and nowhere else", () => {
  assertEquals(wrapStyled("a \x1b[31mred text\x1b[0m b", 6, 1), [
    "a \x1b[31mred\x1b[0m",
    " \x1b[31mtext\x1b[0m",
    " b",
  ]);
});

Deno.test("wrapStyled: loses nothing but blanks, whatever the text", () => {
  fc.assert(fc.property(
    fc.string({ unit: "grapheme", maxLength: 80 }),
    fc.integer({ min: 4, max: 40 }),
    fc.integer({ min: 0, max: 12 }),
    (text, width, indent) => {
      fc.pre(!text.includes("\x1b"));
      const styled = `\x1b[1m${text}\x1b[0m`;
      const rows = wrapStyled(styled, width, indent);
      for (const row of rows) assert(styledWidth(row) <= width);
      const letters = (each: string) => withoutStyle(each).replace(/ /g, "");
      assertEquals(rows.map(letters).join(""), text.replace(/ /g, ""));
    },
  ));
});

Deno.test("clipStyled: cuts at the width and ends the colour", () => {
  assertEquals(clipStyled("\x1b[7mabcdef\x1b[0m", 3), "\x1b[7mabc\x1b[0m");
  assertEquals(clipStyled("\x1b[7mabc\x1b[0m", 3), "\x1b[7mabc\x1b[0m");
  assertEquals(clipStyled("日本", 3), "日");
});

Deno.test("wrapStyled: a line that is indented stays so, without an empty row before it", () => {
  const forged = "22:00:00 @ luke: this was never said";
  for (let width = 24; width < 80; width++) {
    const rows = wrapStyled(" ".repeat(28) + forged, width, 24);
    assertEquals(
      rows.filter((row) => !/^ {4,}\S/.test(row)),
      [],
      `${width}: ${rows.join("|")}`,
    );
  }
});
