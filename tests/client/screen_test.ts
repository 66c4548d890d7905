// deno-lint-ignore-file no-control-regex
import { assertEquals } from "@std/assert";
import { Screen } from "../../lib/client/screen.ts";

/** A terminal of endless width that knows what Screen writes. */
function shown(writes: readonly string[]): string[] {
  const rows = [""];
  let row = 0;
  let column = 0;
  const parts = writes.join("").match(/\x1b\[\d*[A-Z]|\r|\n|[^\x1b\r\n]/gu) ??
    [];
  for (const part of parts) {
    const count = Number(part.match(/\d+/)?.[0] ?? 1);
    if (part === "\r") column = 0;
    else if (part === "\n") rows[++row] ??= "";
    else if (part.endsWith("A") && part.startsWith("\x1b")) row -= count;
    else if (part.endsWith("C") && part.startsWith("\x1b")) column += count;
    else if (part === "\x1b[J") {
      rows.length = row + 1;
      rows[row] = (rows[row] ?? "").slice(0, column);
    } else {
      const text = (rows[row] ?? "").padEnd(column);
      rows[row] = text.slice(0, column) + part + text.slice(column + 1);
      column++;
    }
  }
  return rows;
}

Deno.test("Screen: prints lines above the status and the line being typed", () => {
  const screen = new Screen();
  const line = { text: "> hel", column: 5 };
  const writes = [
    screen.draw([], line, 80),
    screen.draw([], line, 80, ["one", "two"]),
    screen.draw(["1 > film 5 %"], line, 80),
    screen.draw(["1 > film 9 %"], line, 80, ["three"]),
    screen.draw([], { text: "> hell", column: 6 }, 80),
  ];
  assertEquals(shown(writes.slice(0, 4)), [
    "one",
    "two",
    "three",
    "1 > film 9 %",
    "> hel",
  ]);
  assertEquals(shown(writes), ["one", "two", "three", "> hell"]);
});

Deno.test("Screen: writes nothing when nothing changed", () => {
  const screen = new Screen();
  const line = { text: "> ", column: 2 };
  screen.draw(["s"], line, 80);
  assertEquals(screen.draw(["s"], line, 80), "");
});
