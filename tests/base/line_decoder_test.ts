import { assertEquals } from "@std/assert";
import { LineDecoder, type LineFault } from "../../lib/base/line_decoder.ts";
import { SeededRandom } from "../support/seeded_random.ts";

const encoder = new TextEncoder();

interface Outcome {
  lines: string[];
  fault: LineFault | undefined;
}

/** Feeds `pieces` one after another into a decoder. */
function decode(pieces: Uint8Array[], limit: number): Outcome {
  const decoder = new LineDecoder(limit);
  const lines: string[] = [];
  let fault: LineFault | undefined;
  for (const piece of pieces) {
    // The buffer is reused by callers: what is kept must be a copy.
    const reused = piece.slice();
    fault = decoder.push(reused, (line) => void lines.push(line));
    reused.fill(0x58);
  }
  return { lines, fault };
}

/** The outcome of the whole input, after checking that splits do not matter. */
function decodeAnyhow(input: Uint8Array, limit = 16): Outcome {
  const whole = decode([input], limit);
  const bytes = [...input].map((byte) => Uint8Array.of(byte));
  assertEquals(decode(bytes, limit), whole, "one byte at a time");
  for (let at = 1; at < input.length; at++) {
    const halves = [input.subarray(0, at), input.subarray(at)];
    assertEquals(decode(halves, limit), whole, `split at ${at}`);
  }
  return whole;
}

Deno.test("LineDecoder splits lines and drops carriage returns", () => {
  const { lines, fault } = decodeAnyhow(encoder.encode("a\r\n\nbü\n€\nrest"));
  assertEquals(lines, ["a", "", "bü", "€"]);
  assertEquals(fault, undefined);
});

Deno.test("LineDecoder takes a line of exactly the limit", () => {
  assertEquals(decodeAnyhow(encoder.encode("1234\n5678\r\n"), 4), {
    lines: ["1234", "5678"],
    fault: undefined,
  });
});

Deno.test("LineDecoder hands out the lines before one that is too long", () => {
  const { lines, fault } = decodeAnyhow(encoder.encode("ok\n12345\nno\n"), 4);
  assertEquals(lines, ["ok"]);
  assertEquals(fault, "too_long");
});

Deno.test("LineDecoder refuses an endless line without holding it", () => {
  const decoder = new LineDecoder(100);
  const piece = encoder.encode("x".repeat(60));
  assertEquals(decoder.push(piece, () => {}), undefined);
  assertEquals(decoder.push(piece, () => {}), "too_long");
  assertEquals(decoder.heldBytes, 0);
  assertEquals(decoder.push(encoder.encode("\n"), () => {}), "too_long");
});

Deno.test("LineDecoder refuses invalid UTF-8 after the lines before it", () => {
  const input = Uint8Array.of(0x61, 10, 0xc3, 0x28, 10, 0x62, 10);
  assertEquals(decodeAnyhow(input), { lines: ["a"], fault: "not_utf8" });
});

Deno.test("LineDecoder stops when the callback says so", () => {
  const decoder = new LineDecoder(10);
  const lines: string[] = [];
  decoder.push(encoder.encode("a\nb\nc\n"), (line) => {
    lines.push(line);
    return line !== "b";
  });
  assertEquals(lines, ["a", "b"]);
});

Deno.test("LineDecoder applies a raised limit from the next line on", () => {
  const decoder = new LineDecoder(3);
  const lines: string[] = [];
  const fault = decoder.push(encoder.encode("abc\nabcdef\n"), (line) => {
    lines.push(line);
    decoder.limit = 10;
  });
  assertEquals(fault, undefined);
  assertEquals(lines, ["abc", "abcdef"]);
});

Deno.test("LineDecoder gives the same lines for any random split", () => {
  const random = new SeededRandom(7);
  for (let round = 0; round < 300; round++) {
    const input = random.bytes(random.below(60)).map((byte) =>
      byte < 60 ? 10 : byte < 70 ? 13 : byte
    );
    const whole = decode([input], 20);
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < input.length;) {
      const next = at + 1 + random.below(9);
      pieces.push(input.subarray(at, next));
      at = next;
    }
    assertEquals(decode(pieces, 20), whole, `round ${round}`);
  }
});
