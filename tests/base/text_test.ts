import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  characters,
  isBlank,
  isPrintable,
  isText,
  visible,
  withoutMiddle,
} from "../../lib/base/text.ts";

Deno.test("isPrintable() accepts every script and emoji", () => {
  for (
    const text of ["do or do not", "здравствуй", "日本語", "👩‍🚀", "a\u00a0b", ""]
  ) {
    assert(isPrintable(text), text);
  }
});

Deno.test("isPrintable() refuses every control character", () => {
  for (let code = 0; code < 0x20; code++) {
    assert(!isPrintable(`a${String.fromCharCode(code)}b`), String(code));
  }
  for (let code = 0x7f; code < 0xa0; code++) {
    assert(!isPrintable(String.fromCharCode(code)), String(code));
  }
  for (const text of ["\u2028", "\u2029", "\u202e", "\u2066", "\ud800"]) {
    assert(!isPrintable(text));
  }
});

Deno.test("visible() shows controls and leaves the rest alone", () => {
  assertEquals(visible("plain ü 👍"), "plain ü 👍");
  assertEquals(visible("\x1b[2J\x07\r\n"), "␛[2J␇␍␊");
  assertEquals(visible("a\x7fb\x9bc\u202e"), "a␡b<U+009B>c<U+202E>");
  assertEquals(visible("\ud800x"), "\ufffdx");
});

Deno.test("isText() lets line feeds and tabs pass, nothing else", () => {
  assert(isText("one\n\ttwo") && isText("one"));
  for (const bad of ["a\rb", "\x1b[2J\n", "a\u2028b", "\n\ud800"]) {
    assert(!isText(bad), JSON.stringify(bad));
  }
});

Deno.test("visible() gives printable text whatever comes in", () => {
  for (let code = 0; code < 0x3000; code++) {
    assert(isPrintable(visible(`${String.fromCharCode(code)}x`)), String(code));
  }
});

Deno.test("withoutMiddle() leaves of a line that is far too long how it begins and ends", () => {
  const line = `invalid --host "${"\u{1f600}".repeat(50_000)}": must be a name`;
  const short = withoutMiddle(line);
  assertEquals(short.length, 601);
  assert(short.isWellFormed());
  assertMatch(
    short,
    /^invalid --host "\u{1f600}+.?….?\u{1f600}+": must be a name$/u,
  );
  const long = "x".repeat(2_000);
  assertEquals(withoutMiddle(long), long);
});

Deno.test("characters() counts code points", () => {
  assertEquals(characters("a👍ü"), 3);
});

Deno.test("isBlank() is true for white space only", () => {
  assert(isBlank("") && isBlank(" \u00a0\u3000"));
  assert(!isBlank(" x "));
});
