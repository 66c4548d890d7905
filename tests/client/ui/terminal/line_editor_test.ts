import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import type {
  Key,
  KeyName,
} from "../../../../lib/client/ui/terminal/key_decoder.ts";
import { LineEditor } from "../../../../lib/client/ui/terminal/line_editor.ts";
import { textWidth } from "../../../../lib/client/text/styled_text.ts";

const source = {
  users: () => ["leia", "luke", "yoda"],
  blocked: () => ["hans", "lando"],
  groups: () => ["jedi"],
  sessions: () => [],
  devices: () => [],
  files: (path: string) =>
    ["films/", "my film.mp4"].filter((each) => each.startsWith(path)),
};

function type(editor: LineEditor, ...keys: (KeyName | { text: string })[]) {
  for (const key of keys) {
    const pressed: Key = typeof key === "string"
      ? { key }
      : { key: "text", text: key.text };
    editor.handleKey(pressed);
  }
  return editor;
}

function editing(text: string, ...keys: KeyName[]): string {
  return type(new LineEditor("> ", source), { text }, ...keys).text;
}

Deno.test("LineEditor: deletes characters and words where the cursor is", () => {
  assertEquals(editing("one two", "backspace"), "one tw");
  assertEquals(editing("one two", "home", "delete"), "ne two");
  assertEquals(editing("one two  ", "delete-word"), "one ");
  assertEquals(editing("one two", "word-left", "delete-to-end"), "one ");
  assertEquals(editing("one two", "word-left", "delete-to-start"), "two");
  assertEquals(editing("one two", "home", "delete-word-right"), " two");
  assertEquals(editing("one", "left", "left", "end-of-input"), "oe");
});

Deno.test("LineEditor: a user-perceived character is one step, however it is made", () => {
  assertEquals(editing("xe\u0301", "backspace"), "x");
  assertEquals(editing("x👨‍👩‍👧", "backspace"), "x");
  assertEquals(editing("日本", "left", "backspace"), "本");
});

Deno.test("LineEditor: the cursor never stands within a character", () => {
  const editor = type(
    new LineEditor("> ", source),
    { text: "\u0301b" },
    "home",
  );
  // A mark that stood alone, and a half flag that gets its other half.
  assertEquals(type(editor, { text: "a" }, { text: "X" }).text, "a\u0301Xb");
  const flag = type(new LineEditor("> ", source), { text: "🇩c" }, "home");
  assertEquals(type(flag, { text: "🇩" }, { text: "X" }).text, "🇩🇩Xc");
  assertEquals(editing("x \u0301", "word-left", "delete-to-end"), "x");
});

Deno.test("LineEditor: draws prompt, line and cursor within the width", () => {
  const editor = type(new LineEditor("> ", source), { text: "ab日" });
  assertEquals(editor.render(20), {
    text: "> ab日",
    lead: 2,
    cursor: 5,
    column: 6,
  });
  type(editor, "left");
  assertEquals(editor.render(20).column, 4);
});

Deno.test("LineEditor: whatever is typed, the cursor stays within the width", () => {
  const key = fc.constantFrom<KeyName>(
    "left",
    "right",
    "home",
    "end",
    "word-left",
  );
  fc.assert(fc.property(
    fc.string({ unit: "grapheme", maxLength: 80 }),
    fc.array(key),
    fc.integer({ min: 6, max: 40 }),
    (text, keys, width) => {
      const row = type(new LineEditor("> ", source), { text }, ...keys).render(
        width,
      );
      assert(row.column >= 0 && row.column < width);
      assert(textWidth(row.text) <= width);
    },
  ));
});

Deno.test("LineEditor: the arrows walk through history and back to the draft", () => {
  const editor = new LineEditor("> ", source);
  type(editor, { text: "one" }, "enter", { text: "two" }, "enter", {
    text: "dra",
  });
  const seen = ["up", "up", "up", "down", "down", "down"] as const;
  assertEquals(seen.map((key) => type(editor, key).text), [
    "two",
    "one",
    "one",
    "two",
    "dra",
    "dra",
  ]);
});

Deno.test("LineEditor: Tab cycles through commands, users, groups and files", () => {
  assertEquals(editing("/groupm", "tab"), "/groupmsg ");
  assertEquals(editing("/msgto l", "tab"), "/msgto leia ");
  assertEquals(editing("/msgto l", "tab", "tab"), "/msgto luke ");
  assertEquals(editing("/msgto l", "tab", "tab", "tab"), "/msgto leia ");
  assertEquals(editing("/msgto leia,lu", "tab"), "/msgto leia,luke ");
  assertEquals(editing("/joingroup ", "tab"), "/joingroup jedi ");
  assertEquals(editing("/unblock l", "tab"), "/unblock lando ");
  assertEquals(
    editing("/p2pvideo luke my", "tab"),
    '/p2pvideo luke "my film.mp4" ',
  );
  assertEquals(editing("/p2pvideo luke fi", "tab"), "/p2pvideo luke films/");
  assertEquals(editing("/msgto leia he", "tab"), "/msgto leia he");
  assertEquals(editing("hello", "tab"), "hello");
});

Deno.test("LineEditor: a hidden line is not drawn and not remembered", () => {
  const editor = new LineEditor("> ", source);
  editor.ask("Password: ", true);
  type(editor, { text: "secret" });
  assertEquals(editor.render(40), {
    text: "Password: ",
    lead: 10,
    cursor: 10,
    column: 10,
  });
  assertEquals(editor.handleKey({ key: "enter" }), {
    action: "line",
    text: "secret",
  });
  editor.answered();
  assertEquals(type(editor, "up").text, "");
});

Deno.test("LineEditor: what was cut comes back, joined when it was cut in one go", () => {
  assertEquals(editing("one two", "delete-word", "yank", "yank"), "one twotwo");
  assertEquals(
    editing("a b c", "delete-word", "delete-word", "home", "yank"),
    "b ca ",
  );
  assertEquals(editing("ab", "transpose"), "ba");
  assertEquals(editing("abc", "left", "transpose"), "acb");
});

Deno.test("LineEditor: one pasted line goes into the line being edited", () => {
  const editor = type(new LineEditor("> ", source), { text: "ad" }, "left");
  editor.handleKey({ key: "paste", text: "b\tc\x1b[2J\r\n" });
  assertEquals(editor.text, "ab c[2Jd");
});

Deno.test("LineEditor: more pasted lines are sent after a question only", () => {
  const editor = type(new LineEditor("> ", source), { text: "/who" });
  const paste: Key = { key: "paste", text: " 1\n\n2\r3\r\n" };
  assertEquals(editor.handleKey(paste), undefined);
  assertEquals(editor.render(60).text, "send 3 lines? (y/n) ");
  assertEquals(editor.hint(60), "the first: /who 1");
  assertEquals(editor.handleKey({ key: "enter" }), undefined);
  assertEquals(editor.handleKey({ key: "text", text: "n" }), undefined);
  assertEquals(editor.render(60).text, "> /who");
  editor.handleKey(paste);
  assertEquals(editor.handleKey({ key: "text", text: "yz" }), {
    action: "lines",
    texts: ["/who 1", "2", "3"],
  });
  assertEquals(editor.text, "z");
  assertEquals(type(editor, "up", "up").text, "2");
});

Deno.test("LineEditor: an answer takes one pasted line and is not remembered", () => {
  const editor = new LineEditor("> ", source);
  editor.ask("Username: ", false);
  editor.handleKey({ key: "paste", text: "yoda\nmore" });
  assertEquals(editor.text, "yoda");
  type(editor, "enter");
  editor.answered();
  assertEquals(type(editor, "up").text, "");
});

Deno.test("LineEditor: the search finds older lines step by step", () => {
  const editor = new LineEditor("> ", source);
  editor.load(["/msgto luke one", "/who", "/msgto Luke two"]);
  type(editor, { text: "draft" }, "search", { text: "luke" });
  assertEquals(editor.render(80).text, "search: luke_ > /msgto Luke two");
  type(editor, "search");
  assertEquals(editor.render(80).text, "search: luke_ > /msgto luke one");
  type(editor, "search");
  assertEquals(editor.render(80).text, "not found: luke_ > /msgto luke one");
  type(editor, "cancel");
  assertEquals(editor.text, "draft");
  type(editor, "search", { text: "who" });
  assertEquals(editor.handleKey({ key: "enter" }), {
    action: "line",
    text: "/who",
  });
});

Deno.test("LineEditor: candidates are listed while Tab walks through them", () => {
  const editor = type(new LineEditor("> ", source), { text: "/msgto l" });
  assertEquals(editor.hint(40), undefined);
  assertEquals(type(editor, "tab").hint(40), "[leia] luke  1/2");
  assertEquals(type(editor, "tab").hint(40), "leia [luke]  2/2");
  assertEquals(type(editor, "tab", "shift-tab").hint(12), "[luke]  2/2");
  assertEquals(type(editor, "left").hint(40), undefined);
  // Of a path the last part, as it is called.
  const files = () => ['/a/say "hi".txt', "/a/my films/"];
  const other = new LineEditor("> ", { ...source, files });
  type(other, { text: "/send luke /a/" }, "tab");
  assertEquals(other.hint(40), '[say "hi".txt] my films/  1/2');
});

Deno.test("LineEditor: a question puts aside what is being typed, and gives it back", () => {
  const editor = type(new LineEditor("> ", source), { text: "half a line" });
  editor.ask("Password: ", true);
  type(editor, { text: "secret" });
  assertEquals(editor.handleKey({ key: "enter" }), {
    action: "line",
    text: "secret",
  });
  editor.answered();
  assertEquals(editor.render(40).text, "> half a line");
});

Deno.test("LineEditor: Ctrl-C clears a line, which Ctrl-Y brings back; on an empty one it leaves", () => {
  const editor = type(new LineEditor("> ", source), { text: "half a line" });
  assertEquals(editor.handleKey({ key: "interrupt" }), undefined);
  assertEquals(editor.text, "");
  assertEquals(editor.handleKey({ key: "interrupt" }), {
    action: "interrupt",
  });
  assertEquals(type(editor, "yank").text, "half a line");
  editor.ask("Password: ", true);
  type(editor, { text: "secret" });
  assertEquals(editor.handleKey({ key: "interrupt" }), {
    action: "interrupt",
  });
});

function inChat(to = "bob"): LineEditor {
  const editor = new LineEditor("> ", source);
  editor.chat = to;
  return editor;
}

Deno.test("LineEditor: lines pasted in a chat are one message, whatever they look like", () => {
  const editor = inChat();
  const paste: Key = {
    key: "paste",
    text: "\nto leave type\r\n\t/logout\x07\n\nor close the window\n\n",
  };
  assertEquals(editor.handleKey(paste), undefined);
  assertEquals(
    editor.render(60).text,
    "send 4 lines to bob as one message? [Y/n] ",
  );
  assertEquals(editor.render(20).text, " one message? [Y/n] ".slice(1));
  assertEquals(editor.hint(60), "the first: to leave type");
  assertEquals(editor.handleKey({ key: "enter" }), {
    action: "message",
    text: "to leave type\n\t/logout\n\nor close the window",
  });
  assertEquals(editor.text, "");
  editor.handleKey({ key: "paste", text: "/logout\n/quit" });
  assertEquals(editor.handleKey({ key: "text", text: "n" }), undefined);
  assertEquals(editor.text, "");
});

Deno.test("LineEditor: of a paste that is cut nothing is taken, which is said", () => {
  for (const editor of [inChat(), new LineEditor("> ", source)]) {
    for (
      const key of [{ key: "enter" }, { key: "text", text: "yes" }] as Key[]
    ) {
      type(editor, { text: "typed" });
      editor.handleKey({ key: "paste", text: "one\ntwo", isCut: true });
      assertEquals(
        editor.render(80).text,
        "not taken: more than 1048576 characters were pasted (press a key) ",
      );
      assertEquals(editor.hint(80), undefined);
      assertEquals(editor.handleKey(key), undefined);
      assertEquals(editor.text, "typed");
      editor.handleKey({ key: "interrupt" });
    }
  }
});

Deno.test("LineEditor: of a paste that is too long for a message nothing is taken, and what was typed stays", () => {
  const long = "a line\n".repeat(600);
  for (
    const [editor, typed] of [
      [inChat(), "see "],
      [new LineEditor("> ", source), "/msgto luke see "],
    ] as const
  ) {
    type(editor, { text: typed });
    editor.handleKey({ key: "paste", text: long });
    assertEquals(
      editor.render(80).text,
      "not taken: 4203 characters, a message has at most 4096 (press a key) ",
    );
    assertStringIncludes(editor.hint(80) ?? "", "/send USER PATH");
    assertEquals(editor.handleKey({ key: "enter" }), undefined);
    assertEquals(editor.text, typed);
    editor.handleKey({ key: "paste", text: "🙂\n".repeat(2000) });
    assertStringIncludes(editor.render(80).text, "as one message?");
  }
  // Commands are none.
  const editor = new LineEditor("> ", source);
  editor.handleKey({ key: "paste", text: "/msgto luke hi\n".repeat(600) });
  assertEquals(editor.render(80).text, "send 600 lines? (y/n) ");
});

Deno.test("LineEditor: pasted lines join the text that is being typed, also that of a command", () => {
  const editor = type(inChat("#jedi"), { text: "//see  end" });
  type(editor, "word-left", "left");
  editor.handleKey({ key: "paste", text: "this\nand" });
  assertEquals(editor.handleKey({ key: "text", text: "y" }), {
    action: "message",
    text: "/see this\nand end",
  });
  type(editor, { text: "/msgto leia " });
  editor.handleKey({ key: "paste", text: "one\ntwo" });
  const asked = () => editor.render(60).text.trimEnd();
  assertEquals(asked(), "send 2 lines to leia as one message? [Y/n]");
  assertEquals(editor.handleKey({ key: "enter" }), {
    action: "line",
    text: "/msgto leia one\ntwo",
  });
  assertEquals(type(editor, "up").text, "/msgto leia one\ntwo");
  type(editor, "delete-to-start", { text: "/groupmsg jedi so: " });
  editor.handleKey({ key: "paste", text: "one\n/logout" });
  assertEquals(asked(), "send 2 lines to #jedi as one message? [Y/n]");
  type(editor, { text: "n" }, "delete-to-start", { text: "/broadcast x" });
  editor.handleKey({ key: "paste", text: "one\ntwo\nthree" });
  assertEquals(asked(), "send 3 lines to all as one message? [Y/n]");
  // Before there is a text, each is a line of its own.
  type(editor, { text: "n" }, "delete-to-start", { text: "/msgto" });
  editor.handleKey({ key: "paste", text: " leia 1\n/msgto leia 2" });
  assertEquals(asked(), "send 2 lines? (y/n)");
});

Deno.test("LineEditor: Alt-Enter breaks the line; arrows move between the lines and then through the history", () => {
  const editor = type(inChat(), { text: "older" }, "enter");
  type(editor, { text: "one 日本" }, "new-line", { text: "two" });
  assertEquals(type(editor, "new-line", { text: "three" }).around(40, 9), {
    above: ["> one 日本", "  two"],
    below: [],
  });
  const line = (...keys: KeyName[]) => type(editor, ...keys).render(40);
  assertEquals(line("left", "up").text, "  two");
  assertEquals(line("home", "right").column, 3);
  assertEquals(editor.around(40, 9), {
    above: ["> one 日本"],
    below: ["  three"],
  });
  assertEquals([line("end", "up").text, line().column], ["> one 日本", 5]);
  assertEquals(line("up").text, "> older");
  assertEquals(editor.around(40, 9), { above: [], below: [] });
  assertEquals(line("down").text, "  three");
  // Back in the text, whole, as it was.
  assertEquals(editor.text, "one 日本\ntwo\nthree");
  assertEquals(line("home", "backspace").text, "  twothree");
  assertEquals(type(editor, "interrupt", "yank").text, "one 日本\ntwothree");
  type(editor, "new-line", { text: " " }, "new-line");
  assertEquals(editor.handleKey({ key: "enter" }), {
    action: "line",
    text: "one 日本\ntwothree",
  });
  type(editor, "search", { text: "two" });
  assertEquals(editor.render(40).text, "search: two_ > one 日本␊twothree");
  editor.ask("Password: ", true);
  assertEquals(type(editor, { text: "a" }, "new-line").text, "a");
});

Deno.test("LineEditor: of many lines those around the cursor are drawn, none too wide", () => {
  const editor = inChat();
  for (let n = 0; n < 20; n++) {
    type(editor, { text: `number ${n} ${"日本".repeat(20)}` }, "new-line");
  }
  for (let row = 20; row >= 0; row--) {
    for (const most of [1, 2, 5]) {
      const { above, below } = editor.around(30, most);
      assertEquals(above.length + below.length, most - 1);
      const own = row === 20 ? ["  "] : [editor.render(30).text];
      const all = [...above, ...own, ...below];
      assert(all.every((text) => textWidth(text) <= 30), all.join("\n"));
      const numbers = all.map((text) => /(?<=number )\d+/.exec(text)?.[0]);
      const first = Number(numbers[0] ?? 20);
      assert(first <= row && row < first + most, `${row}: ${numbers}`);
    }
    type(editor, "up", "home");
  }
});

Deno.test("LineEditor: one line pasted in a chat is text, though it starts with a slash", () => {
  const editor = inChat();
  editor.handleKey({ key: "paste", text: "/home/yoda/film.mp4\n" });
  assertEquals(editor.text, "//home/yoda/film.mp4");
  type(editor, "delete-to-start", { text: "/p2pvideo leia " });
  editor.handleKey({ key: "paste", text: "/home/yoda/film.mp4" });
  assertEquals(editor.text, "/p2pvideo leia /home/yoda/film.mp4");
  const outside = new LineEditor("> ", source);
  outside.handleKey({ key: "paste", text: "/who" });
  assertEquals(outside.text, "/who");
});
