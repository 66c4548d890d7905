import { assert, assertEquals, assertThrows } from "@std/assert";
import { SchemaError } from "../../../../lib/base/schema.ts";
import {
  decodePageMessage,
  decodeTokenRequest,
  idCharacters,
  isId,
  mostMessageBytes,
} from "../../../../lib/client/ui/web/web_wire.ts";

const id = "AAAAAAAAAAAAAAAAAAAA-_";

/** What is decoded of a value, as plain objects. */
function decoded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(decodePageMessage(JSON.stringify(value))));
}

const description = {
  fingerprint: "0f".repeat(32),
  ufrag: "a+/Z",
  pwd: "p".repeat(22),
  types: [111, 96, 127],
  extensions: [4, 14],
  sources: [1, 2, 3, 4, 2 ** 32 - 1],
};

const wrongDescriptions = [
  { fingerprint: "0F".repeat(32) },
  { fingerprint: "0f".repeat(31) },
  { fingerprint: `${"0f".repeat(31)}0\n` },
  { ufrag: "abc" },
  { ufrag: "a\nb=" },
  { ufrag: "a".repeat(33) },
  { pwd: "p".repeat(21) },
  { pwd: `${"p".repeat(22)}\r\n` },
  { types: [111, 96] },
  { types: [111, 96, "97 98"] },
  { types: [111, 96, 128] },
  { extensions: [4, 15] },
  { extensions: [4, 0] },
  { sources: [1, 2, 3, 4, 0] },
  { sources: [1, 2, 3, 4, 2 ** 32] },
  { sources: [1, 2, 3, 4, 5, 6] },
];

Deno.test("web_wire: every message of the page is decoded as it is", () => {
  const luke = { kind: "user", name: "luke" };
  const messages = [
    { do: "hello", token: id },
    { do: "login", server: "home", user: "yoda", password: "" },
    { do: "login", server: "::1", user: "yoda", password: "x", plain: true },
    { do: "answer", question: 1, value: null },
    { do: "answer", question: 1, value: false },
    { do: "answer", question: 1, value: "secret" },
    { do: "answer", question: 2, value: { old: "a", new: "b" } },
    { do: "submit", ref: 0, line: "/who" },
    { do: "submit", ref: 1, line: "hello", to: luke },
    { do: "say", ref: 2, text: "/not a command", to: luke },
    { do: "say", ref: 3, text: "hi", to: { kind: "session", name: "a.b_c-d" } },
    { do: "send", ref: 4, to: { kind: "group", name: "jedi" }, batch: id },
    { do: "send", ref: 5, to: { kind: "user", name: "luke@x y" }, batch: id },
    { do: "drop", batch: id },
    { do: "see" },
    { do: "see", conversation: "*", upto: 0 },
    { do: "see", conversation: "@luke", upto: 7 },
    { do: "see", conversation: "=luke" },
    { do: "see", conversation: "#jedi" },
    { do: "reconnect" },
    { do: "suggest", ref: 6, line: "/ms", cursor: 2 },
    { do: "suggest", ref: 7, line: "" },
    { do: "capability", transfer: 1 },
    { do: "capability", transfer: 1, path: "sea/a.png" },
    { do: "call-ready", ready: true },
    { do: "call", ref: 8, to: luke, media: "voice" },
    {
      do: "call",
      ref: 9,
      to: { kind: "group", name: "jedi" },
      media: "video",
    },
    { do: "call-answer", ref: 10, call: 1, media: "video" },
    { do: "call-end", ref: 11, call: 1 },
    { do: "call-description", call: 1, peer: "luke", description },
    { do: "call-connected", call: 1, peer: "luke", link: "lost" },
    { do: "leave" },
    { do: "quit" },
  ];
  for (const message of messages) assertEquals(decoded(message), message);
});

Deno.test("web_wire: what is no message is refused", () => {
  const luke = { kind: "user", name: "luke" };
  const wrong: unknown[] = [
    null,
    1,
    [],
    {},
    { do: "" },
    { do: "toString" },
    { do: "__proto__" },
    { do: "nothing" },
    { do: "hello" },
    { do: "hello", token: id + "A" },
    { do: "hello", token: "=".repeat(idCharacters) },
    { do: "login", server: "", user: "yoda", password: "x" },
    { do: "login", server: "a".repeat(301), user: "yoda", password: "x" },
    { do: "login", server: "a", user: "yoda", password: "x".repeat(1025) },
    { do: "answer", question: 0, value: true },
    { do: "answer", question: 1 },
    { do: "answer", question: 1, value: { old: "a" } },
    { do: "answer", question: 1, value: ["a"] },
    { do: "submit", ref: -1, line: "x" },
    { do: "submit", ref: 0.5, line: "x" },
    { do: "submit", ref: 1, line: " \n" },
    { do: "submit", ref: 1, line: "x".repeat(32 * 1024 + 1) },
    { do: "submit", ref: 1, line: "\ud800" },
    { do: "submit", ref: 1, line: "x", to: { kind: "all", name: "luke" } },
    { do: "submit", ref: 1, line: "x", to: { kind: "user", name: "../x" } },
    { do: "submit", ref: 1, line: "x", to: { kind: "user", name: "luke@" } },
    { do: "submit", ref: 1, line: "x", to: { kind: "group", name: "a b" } },
    { do: "say", ref: 1, text: "x" },
    { do: "send", ref: 1, to: luke, batch: "../../../../etc/passwd" },
    { do: "send", ref: 1, to: luke, batch: "/".repeat(idCharacters) },
    { do: "drop" },
    { do: "see", conversation: "luke" },
    { do: "see", conversation: "" },
    { do: "see", conversation: "**" },
    { do: "see", conversation: "@" },
    { do: "see", conversation: "#a/b" },
    { do: "see", upto: -1 },
    { do: "suggest", ref: 1, line: "x", cursor: -1 },
    { do: "capability", transfer: 0 },
    { do: "capability", transfer: "1" },
    { do: "capability", transfer: 1, path: "" },
    { do: "call-ready" },
    { do: "call", ref: 1, to: luke },
    { do: "call", ref: 1, to: { ...luke, kind: "session" }, media: "voice" },
    { do: "call-answer", ref: 1, call: 0, media: "voice" },
    { do: "call-connected", call: 1, peer: "../x", link: "open" },
    ...wrongDescriptions.map((wrong) => ({
      do: "call-description",
      call: 1,
      peer: "luke",
      description: { ...description, ...wrong },
    })),
  ];
  for (const value of wrong) {
    assertThrows(() => decoded(value), SchemaError, "", JSON.stringify(value));
  }
});

Deno.test("web_wire: what is no JSON, or too long, is refused", () => {
  for (const text of ["", "{", '{"do":"leave"}x', "\0"]) {
    assertThrows(() => decodePageMessage(text), SchemaError);
    assertThrows(() => decodeTokenRequest(text), SchemaError);
  }
  const leave = JSON.stringify({ do: "leave" });
  assertEquals(decodePageMessage(leave.padEnd(mostMessageBytes)).do, "leave");
  assertThrows(
    () => decodePageMessage(leave.padEnd(mostMessageBytes + 1)),
    SchemaError,
  );
});

Deno.test("web_wire: of a message only what belongs to it is kept", () => {
  const message = { do: "leave", token: id, constructor: 1 };
  assertEquals(decoded(message), { do: "leave" });
});

Deno.test("web_wire: a secret is 128 bits in base64url", () => {
  assert(isId(id));
  assert(!isId(id + "\n"));
  assert(!isId(`${id.slice(1)}.`));
  assertEquals(decodeTokenRequest(JSON.stringify({ secret: id })).secret, id);
  assertThrows(() => decodeTokenRequest('{"secret":"x"}'), SchemaError);
});
