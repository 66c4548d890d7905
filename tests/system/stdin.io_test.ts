import { assertEquals } from "@std/assert";
import { LineInput } from "../../lib/system/stdin.io.ts";

const longest = 1_048_576;

/** The lines of an input that comes in these pieces. */
async function linesOf(...pieces: string[]): Promise<string[]> {
  const bytes = pieces.map((piece) => new TextEncoder().encode(piece));
  const input = new LineInput({
    read: () => Promise.resolve(bytes.shift()),
    cancel: () => {},
  });
  const lines: string[] = [];
  for (;;) {
    const line = await input.read();
    if (line === undefined) return lines;
    lines.push(line);
  }
}

Deno.test("LineInput: nothing of a line that is too long is another line", async () => {
  const start = "/msgto luke ";
  const long = start + "x".repeat(longest - start.length);
  for (
    const pieces of [
      [`${long}/logout\n/who\n`],
      [long, "/logout", "\n/who\n"],
      [long + "/log", "out " + long, long, "/logout\n", "/who\n"],
    ]
  ) {
    const lines = await linesOf(...pieces);
    assertEquals(lines.map(({ length }) => length), [longest, 4]);
    assertEquals(lines.map((line) => line.slice(0, 6)), ["/msgto", "/who"]);
  }
  assertEquals((await linesOf(long, long)).length, 1);
});

Deno.test("LineInput: what is not too long is one line, however it comes", async () => {
  const line = "x".repeat(longest);
  assertEquals(await linesOf(line, "\n"), [line]);
  assertEquals(await linesOf("a\r", "\n", "\nb", "", "c\nd"), [
    "a",
    "",
    "bc",
    "d",
  ]);
});
