import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Key, KeyDecoder } from "../../lib/client/key_decoder.ts";

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
    keys.push(...decoder.push(bytes.subarray(i, i + size)));
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
