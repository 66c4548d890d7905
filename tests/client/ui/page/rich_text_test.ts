import { assert, assertEquals } from "@std/assert";
import {
  namesMe,
  richText,
} from "../../../../lib/client/ui/page/model/rich_text.ts";

const links = (text: string) =>
  richText(text, "yoda").flatMap((part) =>
    part.kind === "link" ? [part.href] : []
  );

Deno.test("addresses of the web are links, without what ends the sentence", () => {
  assertEquals(
    richText("see https://example.org/a(1), or not", "yoda"),
    [
      { kind: "text", text: "see " },
      {
        kind: "link",
        text: "https://example.org/a(1)",
        href: "https://example.org/a(1)",
      },
      { kind: "text", text: ", or not" },
    ],
  );
  assertEquals(links("(http://example.org)."), ["http://example.org/"]);
  assertEquals(links("http://a.example http://b.example"), [
    "http://a.example/",
    "http://b.example/",
  ]);
});

Deno.test("nothing else is a link", () => {
  for (
    const text of [
      "javascript:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "ftp://example.org",
      "https://",
      "http://user:secret@example.org",
      "https://chat.example.org@evil.example/",
    ]
  ) assertEquals(links(text), [], text);
});

Deno.test("what is written as markup stays what was written", () => {
  const text = '<img src=x onerror="alert(1)">';
  assertEquals(richText(text, "yoda"), [{ kind: "text", text }]);
});

Deno.test("all parts together are the text, however long it is", () => {
  const text = "@luke https://example.org/ ".repeat(2000);
  const parts = richText(text, "yoda");
  assertEquals(parts.map((part) => part.text).join(""), text);
  assert(parts.length < 600, `${parts.length}`);
});

Deno.test("names behind an @ are found, the user's own among them", () => {
  const names = richText("hi @Yoda, and @luke. mail a@b.example", "yoda")
    .filter(({ kind }) => kind === "name");
  assertEquals(names, [
    { kind: "name", text: "@Yoda", me: true },
    { kind: "name", text: "@luke", me: false },
  ]);
});

Deno.test("what cannot be seen is shown, and lines stay lines", () => {
  assertEquals(richText("a\n\tb\u202e", "yoda"), [
    { kind: "text", text: "a\n    b<U+202E>" },
  ]);
});

Deno.test("a text that names the user is known, one that holds the name is not", () => {
  assertEquals(namesMe("ask Yoda.", "yoda"), true);
  assertEquals(namesMe("yodas", "yoda"), false);
  assertEquals(namesMe("a.b", "a-b"), false);
  assertEquals(namesMe("anything", ""), false);
});
