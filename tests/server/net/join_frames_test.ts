import { assertEquals, assertStrictEquals } from "@std/assert";
import { joinFrames, joinTexts } from "../../../lib/server/net/join_frames.ts";

Deno.test("joinFrames makes one write of texts and bytes, in order", () => {
  const encode = (text: string) => new TextEncoder().encode(text);
  assertEquals(joinFrames([]), undefined);
  assertEquals(joinFrames(["alone\n"]), encode("alone\n"));
  const one = Uint8Array.of(1, 2);
  assertStrictEquals(joinFrames([one]), one, "a single frame is not copied");
  const frames = ["a\n", "b\n", encode("€\n"), encode("ü\n"), "c\n"];
  assertEquals(joinFrames(frames), encode("a\nb\n€\nü\nc\n"));
});

Deno.test("joinFrames joins the same frames for many connections once", () => {
  const [first, second] = [Uint8Array.of(1), Uint8Array.of(2)];
  const joined = joinFrames([first, second]);
  assertEquals(joined, Uint8Array.of(1, 2));
  assertStrictEquals(joinFrames([first, second]), joined);
  assertEquals(joinFrames([second, first]), Uint8Array.of(2, 1));
});

Deno.test("joinTexts makes one text of short texts alone", () => {
  assertEquals(joinTexts([]), undefined);
  assertEquals(joinTexts(["a\n", "b\n"]), "a\nb\n");
  assertEquals(joinTexts(["a\n", Uint8Array.of(1)]), undefined);
  assertEquals(joinTexts(["x".repeat(16_384), "x"]), undefined);
});
