import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { offeredName } from "../../../lib/client/files/received_name.ts";
import { limits } from "../../../lib/wire/limits.ts";
import { isPrintable } from "../../../lib/base/text.ts";

Deno.test("offeredName: good names stay, what may not stand in an offer becomes _", () => {
  const cases: [string, string][] = [
    ["Фильм 映画 🎬.mp4", "Фильм 映画 🎬.mp4"],
    ["a\\b.mp4", "a_b.mp4"],
    ["a\tb\nc.mp4", "a_b_c.mp4"],
    ["a\u202eb.mp4", "a_b.mp4"],
    [" ", "file"],
    ["\ud800.mp4", "\ufffd.mp4"],
    [`${"é".repeat(128)}.mp4`, `${"é".repeat(125)}.mp4`],
    [`.${"x".repeat(300)}`, `.${"x".repeat(254)}`],
  ];
  for (const [name, offered] of cases) assertEquals(offeredName(name), offered);
});

Deno.test("offeredName: whatever a file is called, the server takes the name", () => {
  const encoder = new TextEncoder();
  const units = fc.string({ unit: "binary", maxLength: 400 });
  fc.assert(fc.property(units, (name) => {
    const offered = offeredName(name);
    assert(isPrintable(offered) && offered.trim() !== "", offered);
    assert(!/[/\\]/.test(offered), offered);
    assert(encoder.encode(offered).length <= limits.fileNameBytes);
  }));
});
