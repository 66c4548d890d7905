import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Key,
  KeyDecoder,
  longestPaste,
} from "../../../../lib/client/ui/terminal/key_decoder.ts";

function joined(keys: readonly Key[]): string[] {
  const names: string[] = [];
  for (const key of keys) {
    if ("text" in key) {
      const last = names.at(-1);
      if (key.key === "text" && last?.startsWith("text:")) {
        names[names.length - 1] = last + key.text;
      } else names.push(`${key.key}:${key.text}`);
    } else names.push(key.key);
  }
  return names;
}

function decode(bytes: Uint8Array, size: number): string[] {
  const decoder = new KeyDecoder();
  const keys: Key[] = [];
  for (let i = 0; i < bytes.length; i += size) {
    keys.push(...decoder.push(bytes.subarray(i, i + size), 0));
  }
  return joined(keys);
}

Deno.test("KeyDecoder: decodes keys however they are split", () => {
  const cases: [string, string[]][] = [
    ["hé日👍", ["text:hé日👍"]],
    ["a\x1b[Ab", ["text:a", "up", "text:b"]],
    ["\x1b[1;5C\x1b[1;5D\x1bb\x1bf", [
      "word-right",
      "word-left",
      "word-left",
      "word-right",
    ]],
    ["\x1bOH\x1b[F\x1b[3~\x1b[1~", ["home", "end", "delete", "home"]],
    ["\x01\x05\x0b\x15\x17\x03\x04\r\t\x7f", [
      "home",
      "end",
      "delete-to-end",
      "delete-to-start",
      "delete-word",
      "interrupt",
      "end-of-input",
      "enter",
      "tab",
      "backspace",
    ]],
    ["\x07\x12\x14\x19\x1a", [
      "cancel",
      "search",
      "transpose",
      "yank",
      "suspend",
    ]],
    ["\x1bOc\x1bOd\x1bd\x1b\x7f\x1b[3;5~", [
      "word-right",
      "word-left",
      "delete-word-right",
      "delete-word",
      "delete-word-right",
    ]],
    ["\x1b[Zx", ["shift-tab", "text:x"]],
    ["\x1b[200~a\x1b[A\r\nb\x1b[201~c", ["paste:a\x1b[A\r\nb", "text:c"]],
    ["\x1b\x1b[A", ["up"]],
    ["\x1b[99~\x00z", ["text:z"]],
  ];
  for (const [input, expected] of cases) {
    const bytes = new TextEncoder().encode(input);
    for (const size of [1, 2, 3, 1000]) {
      assertEquals(decode(bytes, size), expected, JSON.stringify(input));
    }
  }
});

Deno.test("KeyDecoder: random bytes give the same keys in one piece and in single bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    assertEquals(decode(bytes, 1), decode(bytes, 1000));
  }));
});

/** Decodes texts that come at the times given, ms, and nothing after them. */
function decodeTimed(
  ...parts: readonly (readonly [at: number, text: string])[]
): string[] {
  const decoder = new KeyDecoder();
  const keys: Key[] = [];
  for (const [at, text] of parts) {
    keys.push(...decoder.push(new TextEncoder().encode(text), at));
  }
  const due = decoder.pollTimeout();
  if (due !== undefined) keys.push(...decoder.handleTimeout(due));
  assertEquals(decoder.pollTimeout(), undefined);
  return joined(keys);
}

Deno.test("KeyDecoder: a paste whose end never comes is one after two seconds", () => {
  const decoder = new KeyDecoder();
  const push = (text: string, at: number) =>
    decoder.push(new TextEncoder().encode(text), at);
  assertEquals(push("\x1b[200~one", 0), []);
  assertEquals(push("\ntwo\x1b[2", 1000), []);
  assertEquals(decoder.pollTimeout(), 3000);
  assertEquals(decoder.handleTimeout(2999), []);
  assertEquals(joined(decoder.handleTimeout(3000)), ["paste:one\ntwo"]);
  assertEquals(joined(push("x\r", 4000)), ["text:x", "enter"]);
});

Deno.test("KeyDecoder: what comes late of a paste is not taken for lines that were typed", () => {
  const late: [number, string] = [5000, "/one\r/two\x1b[201~"];
  assertEquals(
    decodeTimed([0, "\x1b[200~begun"], late, [5050, "a\r"]),
    ["paste:begun", "paste:/one\r/two", "text:a", "enter"],
  );
});

Deno.test("KeyDecoder: Ctrl-C ends a paste that does not end; one inside a paste does not", () => {
  assertEquals(
    decodeTimed([0, "\x1b[200~abc"], [50, "\x03"], [60, "d\r"]),
    ["text:d", "enter"],
  );
  // Pasted text that holds one must not get out of its brackets.
  assertEquals(
    decodeTimed([0, "\x1b[200~a\x03"], [1, "\x03/quit\r"], [2, "\x1b[201~"]),
    ["paste:a\x03\x03/quit\r"],
  );
  assertEquals(
    decodeTimed([0, "\x1b[200~a"], [1, "\x03"], [2, "/quit\r/quit\r\x1b[201~"]),
    ["paste:/quit\r/quit\r"],
  );
});

Deno.test("KeyDecoder: no key is lost behind a sequence that is half-finished", () => {
  for (const half of ["\x1b", "\x1b[", "\x1b[1;5", "\x1bO"]) {
    const isEscape = half === "\x1b";
    const given = isEscape ? ["cancel"] : [];
    assertEquals(
      decodeTimed([0, half], [600, "hello\r"]),
      [...given, "text:hello", "enter"],
    );
    assertEquals(decodeTimed([0, `${half}\x03`]), ["interrupt"]);
    const enter = isEscape ? "new-line" : "enter";
    assertEquals(decodeTimed([0, `${half}\rx`]), [enter, "text:x"]);
  }
  assertEquals(decodeTimed([0, "\x1b[1é"]), ["text:é"]);
  assertEquals(decodeTimed([0, "\x1b[1\x1b[A"]), ["up"]);
});

Deno.test("KeyDecoder: no key is lost behind a character that is half-finished", () => {
  const decoder = new KeyDecoder();
  const keys = [
    ...decoder.push(Uint8Array.of(0xe0, 0xa4), 0),
    ...decoder.push(Uint8Array.of(0x61, 0xf0, 0x03), 1),
  ];
  assertEquals(joined(keys), ["text:a", "interrupt"]);
});

Deno.test("KeyDecoder: a paste of any size is bounded", () => {
  const bytes = new TextEncoder().encode(
    `\x1b[200~${"x\x1b[201".repeat(1_000_000)}\x1b[201~y`,
  );
  const [paste, text] = new KeyDecoder().push(bytes, 0);
  assert(paste?.key === "paste" && paste.isCut);
  assert(paste.text.length < longestPaste + 10);
  assertEquals(text, { key: "text", text: "y" });
});

Deno.test("KeyDecoder: ten thousand lines are one paste, and nothing of it is missing", () => {
  const decoder = new KeyDecoder();
  const text = Array.from({ length: 10_000 }, (_, n) => `line ${n}\n`).join("");
  const bytes = new TextEncoder().encode(`\x1b[200~${text}\x1b[201~`);
  assertEquals(decoder.push(bytes, 0), [{ key: "paste", text }]);
});

Deno.test("KeyDecoder: Alt-Enter, and Shift-Enter where it is told, break a line", () => {
  for (
    const keys of [
      "\x1b\r",
      "\x1b\n",
      "\x1b[13;2u",
      "\x1b[13;3u",
      "\x1b[27;2;13~",
    ]
  ) {
    assertEquals(decodeTimed([0, `a${keys}b`]), [
      "text:a",
      "new-line",
      "text:b",
    ]);
  }
  assertEquals(decodeTimed([0, "\x1b[27;2;14~\x1b[14;2u\r"]), ["enter"]);
});
