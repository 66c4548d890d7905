import { assertEquals } from "@std/assert";
import { readUploadPlace } from "../../../../lib/client/ui/web/upload_place.ts";

const batch = "AAAAAAAAAAAAAAAAAAAAAA";

function partsOf(name: string, path?: string, isWindows = false) {
  const query = new URLSearchParams({ batch, name, ...path && { path } });
  return readUploadPlace(query.toString(), isWindows)?.parts;
}

Deno.test("readUploadPlace() reads where a file belongs", () => {
  const query = `batch=${batch}&name=a%20b.png&path=x/y&modified=5`;
  const parts = ["x", "y", "a b.png"];
  assertEquals(readUploadPlace(query, false), { batch, parts, modified: 5 });
  assertEquals(partsOf("名前.mp4"), ["名前.mp4"]);
  for (const modified of ["x", "-1", "1e99", ""]) {
    const odd = `batch=${batch}&name=a&modified=${modified}`;
    const place = readUploadPlace(odd, false);
    assertEquals(place?.modified, modified === "" ? 0 : undefined, modified);
  }
});

Deno.test("readUploadPlace(): no name leads out of the folder", () => {
  for (const name of ["", ".", "..", "x".repeat(1025)]) {
    assertEquals(partsOf(name), undefined, name);
  }
  for (const path of ["..", "a/..", "/", "/etc", "a//b", "a/", "./a"]) {
    assertEquals(partsOf("x", path), undefined, path);
  }
  assertEquals(partsOf("x", "a/".repeat(40) + "b"), undefined);
  assertEquals(partsOf("../../etc/passwd"), [".._.._etc_passwd"]);
  assertEquals(partsOf("..\\x\0\n\u202e"), [".._x___"]);
  assertEquals(partsOf("c:a|b", "x", true), ["x", "c_a_b"]);
  for (const other of ["", "x", "../".repeat(7) + "a"]) {
    assertEquals(readUploadPlace(`batch=${other}&name=a`, false), undefined);
  }
});

Deno.test("readUploadPlace(): nothing is a device on Windows", () => {
  const devices = ["con", "NUL", "aux.txt", "COM1", "lpt9.tar.gz", "com¹"];
  for (const name of devices) {
    assertEquals(partsOf(name, name, true), [`_${name}`, `_${name}`]);
    assertEquals(partsOf(name), [name], "elsewhere it is a name");
  }
  for (const name of ["NUL.", "nul ", "nul . ", "NUL .txt"]) {
    const [part = ""] = partsOf(name, undefined, true) ?? [];
    assertEquals(/^_nul( ?\.txt)?$/i.test(part), true, part);
  }
  for (const name of ["console", "nullable.txt", "com", "com10"]) {
    assertEquals(partsOf(name, undefined, true), [name]);
  }
});
