import { assert, assertEquals } from "@std/assert";
import {
  answerFile,
  showOf,
} from "../../../../lib/client/ui/web/shown_file.ts";

Deno.test("showOf() takes pictures, sound and video by their names, and nothing else", () => {
  assertEquals(showOf("luke_a.b.PNG"), "image");
  assertEquals(showOf("film.mp4"), "video");
  assertEquals(showOf("song.opus"), "audio");
  const never = [
    "a.svg",
    "a.svgz",
    "a.html",
    "a.htm",
    "a.xhtml",
    "a.xml",
    "a.pdf",
    "a.js",
    "a.css",
    "a.swf",
    "a.txt",
    "a.png.html",
    "a.png ",
    "png",
    "",
    "a.toString",
  ];
  for (const name of never) assertEquals(showOf(name), undefined, name);
});

Deno.test("answerFile(): SVG, HTML and PDF are saved, whatever wants them", () => {
  for (const name of ["a.svg", "a.html", "a.pdf", "a"]) {
    for (const use of ["image", "video", "audio", "save"] as const) {
      const { status, headers } = answerFile(name, 3, use);
      assertEquals(status, 200);
      assertEquals(headers["content-type"], "application/octet-stream");
      assert(headers["content-disposition"]?.startsWith("attachment;"), name);
    }
  }
});

Deno.test("answerFile(): a picture is shown as one only, and saved when opened by itself", () => {
  const shown = answerFile("a.png", 3, "image").headers;
  assertEquals(shown["content-type"], "image/png");
  assertEquals(shown["content-disposition"], undefined);
  const saved = answerFile("a.png", 3, "save").headers;
  assertEquals(saved["content-type"], "application/octet-stream");
  assertEquals(answerFile("a.png", 3, "video").status, 403);
  assertEquals(answerFile("a.mp4", 3, "image").status, 403);
  assertEquals(answerFile("a.mp4", 3, "audio").status, 200);
  for (const { headers } of [answerFile("a.png", 3, "image")]) {
    assertEquals(
      headers["content-security-policy"],
      "default-src 'none'; sandbox",
    );
  }
});

Deno.test("answerFile(): a hostile name adds no header and no other name", () => {
  const names = [
    'a"; filename="b.exe',
    "a\r\nSet-Cookie: x=1",
    "a; b, c' (d)*.txt",
    "\u202egnp.exe",
    "名前 é.mp4",
    "\ud800",
  ];
  for (const name of names) {
    const { headers } = answerFile(name, 1, "save");
    const disposition = headers["content-disposition"] ?? "";
    assert(
      /^attachment; filename\*=UTF-8''[\w.!~%-]*$/.test(disposition),
      name,
    );
  }
});

Deno.test("answerFile() gives the part that is asked for", () => {
  const part = (range?: string, size = 10) => {
    const { status, start, length, headers } = answerFile(
      "a.mp4",
      size,
      "video",
      range,
    );
    return [status, start, length, headers["content-range"]];
  };
  assertEquals(part(), [200, 0, 10, undefined]);
  assertEquals(part("bytes=0-"), [206, 0, 10, "bytes 0-9/10"]);
  assertEquals(part("bytes=3-5"), [206, 3, 3, "bytes 3-5/10"]);
  assertEquals(part("bytes=3-999"), [206, 3, 7, "bytes 3-9/10"]);
  assertEquals(part("bytes=-4"), [206, 6, 4, "bytes 6-9/10"]);
  assertEquals(part("bytes=-99"), [206, 0, 10, "bytes 0-9/10"]);
  assertEquals(part("bytes=10-"), [416, 0, 0, "bytes */10"]);
  assertEquals(part("bytes=-0"), [416, 0, 0, "bytes */10"]);
  assertEquals(part("bytes=0-", 0), [416, 0, 0, "bytes */0"]);
  for (
    const odd of ["bytes=5-3", "bytes=-", "bytes=0-1,3-4", "x", "items=0-"]
  ) {
    assertEquals(part(odd), [200, 0, 10, undefined], odd);
  }
});
