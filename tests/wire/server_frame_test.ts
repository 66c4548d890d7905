import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  checkReply,
  decodeServerFrame,
  event,
} from "../../lib/wire/server_frame.ts";
import { SchemaError } from "../../lib/base/schema.ts";
import { encodeFrame } from "../../lib/wire/frame.ts";

const decoder = new TextDecoder();

Deno.test("decodeServerFrame() reads back what event() makes", () => {
  const sent = event("presence", { user: "yoda", online: true, at: 5 });
  const line = decoder.decode(encodeFrame(sent)).trimEnd();
  const frame = decodeServerFrame(line);
  assert(frame.kind === "event");
  assertEquals({ ...frame.event }, { ...sent });
});

Deno.test("decodeServerFrame() ignores what a newer server might send", () => {
  assertEquals(decodeServerFrame('{"ev":"fireworks"}').kind, "unknown");
  assertEquals(decodeServerFrame('{"what":1}').kind, "unknown");
  const frame = decodeServerFrame(
    '{"re":1,"error":{"code":"new","message":"x"}}',
  );
  assertEquals(frame, {
    kind: "error",
    re: 1,
    code: undefined,
    message: "x",
  });
});

Deno.test("decodeServerFrame() throws SchemaError for anything else", () => {
  for (
    const line of [
      "x",
      "[]",
      '{"re":"1","ok":{}}',
      '{"ev":"presence","user":"yoda"}',
      '{"re":1,"error":{"code":5}}',
    ]
  ) assertThrows(() => decodeServerFrame(line), SchemaError);
});

Deno.test("checkReply() types a reply by its request", () => {
  const frame = decodeServerFrame('{"re":2,"ok":{"at":7,"number":1,"x":0}}');
  assert(frame.kind === "ok");
  assertEquals({ ...checkReply("group-message", frame.ok) }, {
    at: 7,
    number: 1,
  });
  assertThrows(() => checkReply("message", frame.ok), SchemaError);
});

Deno.test("decodeServerFrame() throws nothing but SchemaError", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.json(), (text, json) => {
      for (const line of [text, json, `{"ev":"message","text":${json}}`]) {
        try {
          decodeServerFrame(line);
        } catch (error) {
          assert(error instanceof SchemaError);
        }
      }
    }),
  );
});
