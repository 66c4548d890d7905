import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { readArgument } from "../../../lib/client/commands/parse.ts";
import { quoteArgument } from "../../../lib/client/commands/quote_argument.ts";

Deno.test("readArgument: reads back whatever quoteArgument wrote", () => {
  fc.assert(fc.property(fc.string(), (value) => {
    const quoted = quoteArgument(value);
    if (/[\r\n\v\f\u2028\u2029\u00a0\ufeff]/.test(value)) return;
    const read = readArgument(`  ${quoted} more`, 0);
    assertEquals(read?.value, value);
    assertEquals(read?.closed, true);
  }));
});

Deno.test("readArgument: tells an unclosed quotation mark and the end", () => {
  assertEquals(readArgument("   ", 0), undefined);
  assertEquals(readArgument('"my fil', 0), {
    value: "my fil",
    end: 7,
    closed: false,
  });
});
