import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  groupLogLine,
  logLineNumber,
  logTail,
  messageLogLine,
} from "../../../lib/server/logs/message_log.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const two = messageLogLine(1, 0, "yoda", "leia", "é") +
  groupLogLine(2, 0, "yoda", "9; not a line");

Deno.test("logTail keeps whole lines and finds the last number", () => {
  const bytes = encode(two);
  assertEquals(logTail(bytes), { keep: bytes.length, lastNumber: 2 });
});

Deno.test("logTail of nothing keeps nothing", () => {
  assertEquals(logTail(encode("")), { keep: 0, lastNumber: undefined });
});

Deno.test("logTail drops a line that is torn anywhere", () => {
  const whole = encode(two);
  const third = encode(messageLogLine(3, 0, "leia", "yoda", "täxt"));
  for (let length = 0; length < third.length; length++) {
    const torn = new Uint8Array([...whole, ...third.subarray(0, length)]);
    assertEquals(logTail(torn), { keep: whole.length, lastNumber: 2 });
  }
});

Deno.test("logTail drops zeros and bytes that are no text, even with a line feed", () => {
  const whole = encode(two);
  for (const garbage of [[0, 0, 0], [0, 10], [0xff, 10, 0xfe, 10]]) {
    const damaged = new Uint8Array([...whole, ...garbage]);
    assertEquals(logTail(damaged), { keep: whole.length, lastNumber: 2 });
  }
});

Deno.test("logTail keeps a note that somebody wrote", () => {
  const bytes = encode(two + "# moved to another machine\n\n");
  assertEquals(logTail(bytes), { keep: bytes.length, lastNumber: 2 });
});

Deno.test("logTail takes any bytes and keeps a prefix that ends a line", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const { keep } = logTail(bytes);
    assert(keep === 0 || bytes[keep - 1] === 10);
    assertEquals(logTail(bytes.subarray(0, keep)).keep, keep);
  }));
});

Deno.test("logLineNumber refuses what is not a log line", () => {
  for (const line of ["", "1", "1; ", "0; 01 Jun 2026 21:39:04; a; b", "x"]) {
    assertEquals(logLineNumber(line), undefined);
  }
  assertEquals(logLineNumber("17; 01 Jun 2026 21:39:04; a; b"), 17);
});
