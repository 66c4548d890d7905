import { assert } from "@std/assert";
import { startsLikeTls } from "../../lib/security/certificate.ts";

Deno.test("startsLikeTls() knows records from lines", () => {
  for (const hello of [[22, 3, 1, 2, 0], [21, 3, 3], [22], [22, 3]]) {
    assert(startsLikeTls(Uint8Array.from(hello)), `${hello}`);
  }
  for (const line of ['{"do":"hello"}', "\n", "", "GET / HTTP/1.1", "\x16{"]) {
    assert(!startsLikeTls(new TextEncoder().encode(line)), line);
  }
});
