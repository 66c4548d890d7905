// deno-lint-ignore-file no-control-regex
import { assertEquals } from "@std/assert";
import type { RenderedLine } from "../../../../lib/client/ui/terminal/line_editor.ts";
import {
  Screen,
  type ScreenFrame,
} from "../../../../lib/client/ui/terminal/screen.ts";

/** Nothing but the line being typed. */
function frame(line: RenderedLine): ScreenFrame {
  return { above: [], line, below: [] };
}

/** A terminal of endless width that knows what Screen writes. */
function shown(writes: readonly string[]): string[] {
  const rows = [""];
  let row = 0;
  let column = 0;
  let saved = { row, column };
  const pattern = /\x1b\[\??\d*[A-Zhl]|\x1b[78]|\r|\n|[^\x1b\r\n]/gu;
  const parts = writes.join("").match(pattern) ?? [];
  for (const part of parts) {
    const count = Number(part.match(/\d+/)?.[0] ?? 1);
    if (part === "\r") column = 0;
    else if (part === "\x1b7") saved = { row, column };
    else if (part === "\x1b8") ({ row, column } = saved);
    else if (part === "\n") rows[++row] ??= "";
    else if (/[hl]$/.test(part) && part.startsWith("\x1b")) continue;
    else if (part === "\x1b[K") rows[row] = (rows[row] ?? "").slice(0, column);
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
  const line = { text: "> hel", lead: 2, cursor: 5, column: 5 };
  const below = ["-- yoda --"];
  const writes = [
    screen.draw({ above: [], line, below }, 80),
    screen.draw({ above: [], line, below }, 80, ["one", "two"]),
    screen.draw({ above: ["1 > film 5 %"], line, below }, 80),
    screen.draw({ above: ["1 > film 9 %"], line, below }, 80, ["three"]),
    screen.draw(frame({ text: "> hell", lead: 2, cursor: 6, column: 6 }), 80),
  ];
  assertEquals(shown(writes.slice(0, 4)), [
    "one",
    "two",
    "three",
    "1 > film 9 %",
    "> hel",
    "-- yoda --",
  ]);
  assertEquals(shown(writes), ["one", "two", "three", "> hell"]);
});

Deno.test("Screen: a key at the end of the line is all that is written for it", () => {
  const screen = new Screen();
  screen.draw(frame({ text: "> a", lead: 2, cursor: 3, column: 3 }), 80);
  assertEquals(
    screen.draw(frame({ text: "> ab", lead: 2, cursor: 4, column: 4 }), 80),
    "b",
  );
  assertEquals(
    screen.draw(frame({ text: "> ab", lead: 2, cursor: 2, column: 2 }), 80),
    "\x1b[?7l\r\x1b[K> \x1b7ab\x1b8\x1b[?7h",
  );
  // Not everywhere is this as wide as here.
  assertEquals(
    screen.draw(
      frame({ text: "> ก\u0e33b", lead: 2, cursor: 5, column: 5 }),
      80,
    ),
    "\x1b[?7l\r\x1b[K> ก\u0e33\x1b[5Gb\x1b[6G\x1b[K\x1b[?7h",
  );
});

Deno.test("Screen: writes nothing when nothing changed", () => {
  const screen = new Screen();
  const drawn = {
    ...frame({ text: "> ", lead: 2, cursor: 2, column: 2 }),
    below: ["s"],
  };
  screen.draw(drawn, 80);
  assertEquals(screen.draw(drawn, 80), "");
});
