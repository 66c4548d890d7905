import { assertEquals, assertThrows } from "@std/assert";
import {
  inlineSources,
  pageDocument,
} from "../../../../lib/client/ui/web/page_document.ts";

const html = "<head><script></script><style></style>" +
  '<script type="module"></script></head>';

Deno.test("pageDocument() puts styles and programs where they belong", () => {
  const parts = { html, styles: "b { }", enter: "1;\n", program: "$&<style>" };
  const text = pageDocument(parts);
  assertEquals(
    text,
    "<head><script>1;</script><style>b { }</style>" +
      '<script type="module">$&<style></script></head>',
  );
  // printf '1;' | openssl dgst -sha256 -binary | base64, and so on.
  assertEquals(inlineSources(text), {
    scripts: [
      "'sha256-CImjRDTlhukYQ2AnxOi0wzgPhGQ3Mb3rVwJK24dFz1M='",
      "'sha256-sJQLDPVL2t58jyOcfYhvqelMaN89hny/O+XMb5WVL7E='",
    ],
    styles: ["'sha256-lBYv454Jb5AKIQkPMYk12CZURXwiNvtZNHvHTg8suWs='"],
  });
});

Deno.test("pageDocument() takes nothing that ends its element early", () => {
  const parts = { html, styles: "", enter: "", program: "" };
  for (const text of ['"</script>"', '"</STYLE"', "<!-- x"]) {
    for (const part of ["styles", "enter", "program"]) {
      assertThrows(() => pageDocument({ ...parts, [part]: text }), Error);
    }
  }
  assertThrows(() => pageDocument({ ...parts, html: "<head>" }), Error, "one");
});
