import { assertEquals } from "@std/assert";
import type { ClientEvent } from "../../../../lib/client/events/client_event.ts";
import type {
  Key,
  KeyName,
} from "../../../../lib/client/ui/terminal/key_decoder.ts";
import { ShownScreen } from "../../../support/shown_screen.ts";

const welcome: ClientEvent = {
  event: "welcome",
  user: "yoda",
  waiting: 0,
  resumed: true,
};

/** A client with a chat open, and the keys that are pressed in it. */
function screenOf(
  columns: number,
  rows: number,
  ...keys: (KeyName | Key)[]
): ShownScreen {
  const screen = new ShownScreen({ columns, rows }, Date.UTC(2026, 5, 1));
  screen.tell(welcome);
  const { editor } = screen.terminal;
  editor.prompt = "yoda [luke] > ";
  editor.chat = "luke";
  for (const key of keys) {
    editor.handleKey(typeof key === "string" ? { key } : key);
  }
  return screen;
}

function text(text: string): Key {
  return { key: "text", text };
}

/** The rows under what was printed, without the status row. */
async function lowerEnd(screen: ShownScreen): Promise<string[]> {
  const rows = await screen.rows();
  const from = rows.findIndex((row) => row.startsWith("yoda ["));
  return rows.slice(from, -1);
}

Deno.test("TerminalView: all lines of a text stand one under the other, the cursor in its place", async () => {
  const second = "and the second, which is too long for a window of 40 columns";
  const shown: Record<number, string> = {
    40: "  and the second, which is too long fo…",
    80: `  ${second}`,
    100: `  ${second}`,
  };
  for (const [columns, row] of Object.entries(shown)) {
    using screen = screenOf(
      ...[Number(columns), 24] as const,
      ...[
        text("the first 日本"),
        "new-line",
        text(second),
        "new-line",
      ] as const,
      text("the third"),
    );
    assertEquals(await lowerEnd(screen), [
      "yoda [luke] > the first 日 本",
      columns === "40" ? "  and the second, which is too long fo…" : row,
      "  the third",
    ]);
    assertEquals(screen.cursor.column, "  the third".length);
    screen.terminal.editor.handleKey({ key: "up" });
    screen.terminal.editor.handleKey({ key: "up" });
    const { row: below } = screen.cursor;
    await screen.rows();
    assertEquals(screen.cursor, { row: below - 2, column: 14 + 9 });
  }
});

Deno.test("TerminalView: of a long text the lines around the cursor are shown, a third of the window at most", async () => {
  const lines = Array.from({ length: 12 }, (_, n) => [
    text(`line ${n + 1}`),
    "new-line" as const,
  ]).flat().slice(0, -1);
  using screen = screenOf(40, 12, ...lines);
  const rows = await screen.rows();
  assertEquals(rows.slice(-5, -1), [
    "  line 9",
    "  line 10",
    "  line 11",
    "  line 12",
  ]);
  for (let n = 0; n < 11; n++) screen.terminal.editor.handleKey({ key: "up" });
  assertEquals(await lowerEnd(screen), [
    "yoda [luke] > line 1",
    "  line 2",
    "  line 3",
    "  line 4",
  ]);
});

Deno.test("TerminalView: pasted lines are asked about in one row, with the first under it", async () => {
  const pasted = {
    key: "paste",
    text: "to leave type\n/logout\nor go",
  } as const;
  for (const columns of [40, 80, 100]) {
    using screen = screenOf(columns, 24, pasted);
    const rows = await screen.rows();
    const question = "send 3 lines to luke as one message? [Y/n]";
    assertEquals(rows.slice(-3, -1), [
      // How to answer stands at its end.
      columns === 40 ? question.slice(-38) : question,
      "the first: to leave type",
    ]);
  }
});
