import { assertEquals, assertNotEquals } from "@std/assert";
import { pbkdf2Sync } from "node:crypto";
import { deriveKey } from "../../lib/security/derive_key.io.ts";

const parameters = { salt: new Uint8Array(16).fill(3), iterations: 4096 };

Deno.test("deriveKey() is PBKDF2-HMAC-SHA-256 of 32 bytes", async () => {
  const expected = pbkdf2Sync("pencil", parameters.salt, 4096, 32, "sha256");
  assertEquals(await deriveKey("pencil", parameters), new Uint8Array(expected));
});

Deno.test("deriveKey() normalises the password", async () => {
  const composed = await deriveKey("caf\u00e9\u00a0", parameters);
  assertEquals(await deriveKey("cafe\u0301 ", parameters), composed);
  assertNotEquals(await deriveKey("cafe ", parameters), composed);
});
