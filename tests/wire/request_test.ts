import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeRequest } from "../../lib/wire/request.ts";

/** The error code of a line, or `undefined` when it is a request. */
function errorOf(line: string): string | undefined {
  const decoded = decodeRequest(line);
  return "error" in decoded ? decoded.error.code : undefined;
}

Deno.test("decodeRequest() returns declared fields only, without a prototype", () => {
  const decoded = decodeRequest(
    '{"id":3,"do":"message","to":["bob"],"text":"hi","mid":"a1","extra":[1],"__proto__":{"x":1}}',
  );
  assert("request" in decoded);
  assertEquals(Object.getPrototypeOf(decoded.request), null);
  assertEquals({ ...decoded.request }, {
    id: 3,
    do: "message",
    to: ["bob"],
    text: "hi",
    mid: "a1",
  });
});

Deno.test("decodeRequest() takes a request without an id", () => {
  const decoded = decodeRequest('{"do":"ping"}');
  assert("request" in decoded);
  assertEquals(decoded.request.id, undefined);
});

Deno.test("decodeRequest() says what is wrong and keeps the id", () => {
  assertEquals(errorOf("nonsense"), "bad_frame");
  assertEquals(errorOf("[1]"), "bad_frame");
  assertEquals(errorOf("null"), "bad_frame");
  assertEquals(errorOf(""), "bad_frame");
  assertEquals(errorOf('{"id":-1,"do":"ping"}'), "bad_request");
  assertEquals(errorOf('{"id":1.5,"do":"ping"}'), "bad_request");
  assertEquals(errorOf('{"id":1}'), "unknown_request");
  assertEquals(errorOf('{"id":1,"do":"toString"}'), "unknown_request");
  assertEquals(errorOf('{"id":1,"do":"__proto__"}'), "unknown_request");
  const decoded = decodeRequest('{"id":9,"do":"message","to":[],"text":"x"}');
  assert("error" in decoded);
  assertEquals(decoded.id, 9);
  assertEquals(decoded.error, {
    code: "bad_request",
    message: '"to" must be a list of 1 to 64 items',
  });
  // What people type is answered in their words.
  const named = decodeRequest(`{"do":"profile","user":"${"x".repeat(257)}"}`);
  assert("error" in named);
  assertEquals(named.error.message, "A name has at most 32 characters");
});

Deno.test("decodeRequest() refuses inherited fields, lone surrogates and depth", () => {
  assertEquals(errorOf('{"do":"group-join"}'), "bad_request");
  assertEquals(
    errorOf('{"do":"message","to":["a"],"text":"\\ud800","mid":"a"}'),
    "bad_request",
  );
  const deep = `{"do":"ping","x":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  assertEquals(errorOf(deep), "bad_frame");
  // Brackets inside strings are no nesting.
  assertEquals(errorOf(`{"do":"ping","x":"${"[".repeat(99)}\\"{"}`), undefined);
});

Deno.test("decodeRequest() never throws, whatever the line", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (line) => {
    decodeRequest(line);
  }));
  fc.assert(fc.property(
    fc.constantFrom("hello", "login", "message", "offer", "answer", "ack"),
    fc.jsonValue({ maxDepth: 3 }),
    fc.jsonValue({ maxDepth: 3 }),
    (name, one, two) => {
      decodeRequest(JSON.stringify({
        id: 1,
        do: name,
        to: one,
        text: two,
        file: one,
        addresses: two,
        upto: one,
      }));
    },
  ));
});
