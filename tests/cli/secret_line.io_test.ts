import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SecretLine } from "../../lib/cli/password_prompt.io.ts";

Deno.test("SecretLine takes text until Enter", () => {
  assertEquals(type("pä$s w\r"), ["entered", "pä$s w"]);
  assertEquals(type("\n"), ["entered", ""]);
  assertEquals(type("half"), ["typing", "half"]);
  assertEquals(type("one\rtwo"), ["entered", "one"]);
});

Deno.test("SecretLine erases whole characters, and all of them", () => {
  assertEquals(type("aä€😀\x7f\x7f\x08b\r"), ["entered", "ab"]);
  assertEquals(type("\x7f\x7fa\r"), ["entered", "a"]);
  assertEquals(type("abc\x15d\r"), ["entered", "d"]);
  assertEquals(type("abc\x17d\r"), ["entered", "d"]);
});

Deno.test("SecretLine is cancelled by Ctrl+C, and by Ctrl+D when empty", () => {
  assertEquals(type("abc\x03")[0], "cancelled");
  assertEquals(type("\x04")[0], "cancelled");
  assertEquals(type("a\x04b\r"), ["entered", "ab"]);
});

Deno.test("SecretLine ignores keys that are not text", () => {
  assertEquals(type("a\x1b[A\x1b[3~\x1bOP\x1b[1;5Db\t\x01\r"), [
    "entered",
    "ab",
  ]);
});

Deno.test("SecretLine loses no key behind half an escape sequence", () => {
  for (const half of ["\x1b", "\x1b[", "\x1b[1;"]) {
    const line = new SecretLine();
    for (const byte of new TextEncoder().encode(half)) line.handleByte(byte, 0);
    for (const byte of new TextEncoder().encode("ab")) {
      line.handleByte(byte, 600);
    }
    assertEquals(line.text, "ab");
    assertEquals(type(`${half}\x03`)[0], "cancelled");
    assertEquals(type(`ab${half}\r`), ["entered", "ab"]);
  }
});

Deno.test("SecretLine.handleEnd() enters what is there", () => {
  const line = new SecretLine();
  line.handleByte(0x61, 0);
  assertEquals(line.handleEnd(), "entered");
  assertEquals(new SecretLine().handleEnd(), "cancelled");
});

Deno.test("SecretLine takes any bytes and stays bounded", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const line = new SecretLine();
    for (const byte of bytes) line.handleByte(byte, 0);
    line.handleEnd();
  }));
  assertEquals(type("x".repeat(10_000))[1].length, 4096);
});

function type(keys: string): [string, string] {
  const line = new SecretLine();
  let state = "typing";
  for (const byte of new TextEncoder().encode(keys)) {
    state = line.handleByte(byte, 0);
  }
  return [state, line.text];
}
