import { assertEquals } from "@std/assert";
import { graphemes, textWidth } from "../../../lib/client/text/styled_text.ts";

Deno.test("textWidth() counts as terminals do", () => {
  const cases: [string, number][] = [
    ["plain text", 10],
    ["ทำงานกำลังน้ำ", 11],
    ["ｶﾞ", 2],
    ["கொள்கை", 5],
    ["नमस्ते दुनिया", 10],
    ["日本", 4],
    ["한글", 4],
    ["\u1112\u1161\u11ab", 2],
    ["e\u0301", 1],
    ["مَرْحَبًا", 5],
    ["a\u200bb\u200d", 2],
    ["👍🏽", 2],
    ["👨‍👩‍👧", 2],
    ["❤\ufe0f", 2],
    ["❤", 1],
    ["🇩🇪", 2],
    ["1\ufe0f\u20e3", 2],
    ["\x07", 0],
  ];
  for (const [text, width] of cases) {
    assertEquals(textWidth(text), width, JSON.stringify(text));
    const sum = graphemes(text).reduce((sum, each) => sum + textWidth(each), 0);
    assertEquals(sum, width, JSON.stringify(text));
  }
});
