import { assertEquals, assertThrows } from "@std/assert";
import { withLateTables } from "../../../.ci/late_tables.ts";

const bundled = String.raw`
// npm/string-width/9.0.0/index.js
var segmenter = new Intl.Segmenter();
var emojiPrefixRegex = /^(?:\p{RGI_Emoji}|\d)/v;
function count(text) {
  return [...segmenter.segment(text)].length;
}
function isEmoji(text) {
  return emojiPrefixRegex.test(text) && emojiPrefixRegex.exec(text) !== null;
}
`;

Deno.test("late tables: what measures text makes them when they are needed, and measures the same", async () => {
  const late = withLateTables(bundled);
  const text = late.replace("new Intl.Segmenter()", "made()") + `
    function made() { times++; return new Intl.Segmenter(); }
    let times = 0;
    export const early = times;
    export const counts = ["ü👍🏽", "abc", "x"].map(count);
    export const emoji = ["👍🏽", "x", "1"].map(isEmoji);
    export const all = times;
  `;
  const url = `data:text/javascript,${encodeURIComponent(text)}`;
  const { early, counts, emoji, all } = await import(url);
  assertEquals({ early, all }, { early: 0, all: 1 });
  assertEquals(counts, [2, 3, 1]);
  assertEquals(emoji, [true, false, true]);
});

Deno.test("late tables: another version of the package is noticed, and what has it not stays as it is", () => {
  const other = bundled.replace("new Intl.Segmenter()", "makeSegmenter()");
  assertThrows(() => withLateTables(other), Error, "segmenter");
  assertEquals(withLateTables("var segmenter = 1;"), "var segmenter = 1;");
});
