import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  foldText,
  hasTerms,
  mostTerms,
  searchTerms,
} from "../../lib/base/search_words.ts";

Deno.test("searchTerms() takes words and phrases, and nothing else means anything", () => {
  for (
    const [words, terms] of [
      ["", []],
      ['  "" " ', []],
      ["Death  STAR", ["death", "star"]],
      ['the "Death  Star" the', ["the", "death star"]],
      ['"not closed', ["not closed"]],
      ['a"b c"d', ["a", "b c", "d"]],
      ["NEAR(a b) NOT c* -d text:e ^f", [
        ...["near(a", "b)", "not", "c*", "-d", "text:e", "^f"],
      ]],
      ["ÉMILE Ελλάδα Йод", ["emile", "ελλαδα", "иод"]],
      ["東京 日本語", ["東京", "日本語"]],
    ] as const
  ) assertEquals(searchTerms(words), [...terms], words);
  const many = Array.from({ length: 99 }, (_, index) => `w${index}`);
  assertEquals(searchTerms(many.join(" ")).length, mostTerms);
});

Deno.test("hasTerms() finds in every script, whatever case and accents", () => {
  for (
    const [text, words] of [
      ["The Death\tStar is complete", '"death star" COMPL'],
      ["Émile a déjà mangé", "emile deja mange"],
      ["ＦＵＬＬ width", "full"],
      ["今日は東京に行きます", "東京"],
      ["ขอให้พลังจงอยู่กับท่าน", "พลัง"],
      ["हिन्दी में", "हिन्दी"],
      ["안녕하세요 여러분", "하세요"],
      ["مرحبا بالعالم", "بالعالم"],
      ["so happy 😀😀", "😀"],
    ] as const
  ) assert(hasTerms(foldText(text), searchTerms(words)), `${text}: ${words}`);
  // Vowels of Thai are signs of their own, not accents.
  assert(!hasTerms(foldText("กา"), searchTerms("กี")));
  assert(!hasTerms(foldText("death by star"), searchTerms('"death star"')));
});

Deno.test("searchTerms() takes any line, and finds a text by itself", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const whole = text.replaceAll('"', " ");
    assert(hasTerms(foldText(whole), searchTerms(`"${whole}"`)));
    assert(searchTerms(text).length <= mostTerms);
    assertEquals(foldText(foldText(text)), foldText(text));
  }));
});
