import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decodeRecord,
  encodeRecord,
  type PrivateRecord,
} from "../../../lib/client/private/private_record.ts";

const records: PrivateRecord[] = [
  { kind: "proof" },
  { kind: "choose" },
  { kind: "chosen" },
  { kind: "text", text: "x" },
  { kind: "text", text: "\u{1f600}".repeat(4096) },
  { kind: "received", count: 0 },
  { kind: "received", count: 0xfedcba98 },
  { kind: "ping" },
  { kind: "pong" },
  { kind: "close", reason: "stopped" },
  { kind: "close", reason: "left" },
  { kind: "close", reason: "fault" },
];

Deno.test("decodeRecord: reads what encodeRecord wrote, in blocks of 64", () => {
  for (const record of records) {
    const bytes = encodeRecord(record);
    assertEquals(bytes.length % 64, 0);
    assert(bytes.length <= 16_448);
    assertEquals(decodeRecord(bytes), record);
  }
});

Deno.test("decodeRecord: refuses other contents", () => {
  const wrong = [
    [], // nothing
    [1, 0], // no length
    [8, 0, 0], // unknown kind
    [1, 0, 1, 0], // a body where none belongs
    [3, 0, 0], // a blank text
    [3, 0, 1, 0x20],
    [3, 0, 1, 0x1b], // a control character
    [3, 0, 1, 0xff], // not UTF-8
    [3, 1, 0, 0x41], // longer than the record
    [4, 0, 3, 0, 0, 0],
    [7, 0, 1, 3], // unknown reason
    [7, 0, 0],
    [1, 0, 0, 9], // padding with contents
    [0, 0, 1, 7], // a proof with a body
  ];
  for (const [index, start] of wrong.entries()) {
    const size = index < 2 ? start.length : 64;
    const bytes = new Uint8Array(size);
    bytes.set(start);
    assertEquals(decodeRecord(bytes), undefined, `[${start}]`);
  }
  const ping = encodeRecord({ kind: "ping" });
  assertEquals(
    decodeRecord(new Uint8Array([...ping, ...new Uint8Array(64)])),
    undefined,
  );
  const long = "x".repeat(4097);
  assertEquals(
    decodeRecord(encodeRecord({ kind: "text", text: long })),
    undefined,
  );
});

Deno.test("decodeRecord: bears any bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const record = decodeRecord(bytes);
    if (record !== undefined) {
      assertEquals(decodeRecord(encodeRecord(record)), record);
    }
  }));
});
