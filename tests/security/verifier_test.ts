import { assertEquals } from "@std/assert";
import { pbkdf2Sync } from "node:crypto";
import { encodeBase64 } from "@std/encoding/base64";
import fc from "fast-check";
import { base64Bytes } from "../../lib/security/scram.ts";
import {
  formatVerifier,
  looksLikeVerifier,
  makeVerifier,
  parseVerifier,
} from "../../lib/security/verifier.ts";

const salt = base64Bytes("W22ZaJ0SNY7soEsUEjb6gQ==") ?? new Uint8Array(0);
const salted = new Uint8Array(pbkdf2Sync("pencil", salt, 4096, 32, "sha256"));
// As PostgreSQL stores the account of RFC 7677 §3.
const line = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==" +
  "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=" +
  ":wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

Deno.test("makeVerifier() makes the keys of RFC 7677's account", () => {
  const verifier = makeVerifier(salted, { salt, iterations: 4096 });
  assertEquals(formatVerifier(verifier), line);
});

Deno.test("parseVerifier() is the inverse of formatVerifier()", () => {
  const verifier = makeVerifier(salted, { salt, iterations: 600_000 });
  const { iterations, salt: ownSalt, storedKey, serverKey } =
    parseVerifier(formatVerifier(verifier)) ?? {};
  const own = { iterations, salt: ownSalt, storedKey, serverKey };
  assertEquals(own as unknown, verifier);
});

Deno.test("parseVerifier() takes base64 in the one spelling that RFC 4648 makes", () => {
  const keys = line.slice(line.indexOf("$", 14));
  const base64 = fc.string({
    unit: fc.constantFrom(..."AQgwEIMcZ019+/=-"),
    minLength: 8,
    maxLength: 92,
  });
  const canonical = fc.uint8Array({ maxLength: 70 }).map((bytes) =>
    encodeBase64(bytes)
  );
  fc.assert(fc.property(fc.oneof(base64, canonical), (text) => {
    const { length = 0 } = base64Bytes(text) ?? {};
    const parsed = parseVerifier(`SCRAM-SHA-256$4096:${text}${keys}`);
    assertEquals(parsed !== undefined, length >= 8 && length <= 64, text);
    if (parsed !== undefined) assertEquals(encodeBase64(parsed.salt), text);
  }));
  for (let index = 0; index < 64; index++) {
    const last = alphabet[index];
    const key = line.slice(0, -2) + last + "=";
    assertEquals(parseVerifier(key) !== undefined, index % 4 === 0, key);
    const stored = line.replace("T4qY=:", `T4q${last}=:`);
    assertEquals(parseVerifier(stored) !== undefined, index % 4 === 0, stored);
  }
});

const alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Deno.test("parseVerifier() refuses what is malformed or out of limits", () => {
  const bad = [
    "",
    "pencil",
    "SCRAM-SHA-256$",
    line.replace("4096", "4095"),
    line.replace("4096", "04096"),
    line.replace("4096", "5000001"),
    line.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "W22Z"),
    line.replace("W22ZaJ0SNY7soEsUEjb6gQ==", "W22ZaJ0SNY7soEsUEjb6gR=="),
    line.replace("WG5d", ""),
    line.replace("wfPL", "wfP"),
    line.replace("SCRAM", "scram"),
    line + " ",
    line + "A".repeat(600),
    line.slice(0, -1),
  ];
  for (const text of bad) assertEquals(parseVerifier(text), undefined, text);
  fc.assert(fc.property(fc.string(), (text) => {
    assertEquals(parseVerifier("SCRAM-SHA-256$" + text), undefined);
  }));
});

Deno.test("looksLikeVerifier() tells a verifier from a password", () => {
  assertEquals(looksLikeVerifier(line), true);
  assertEquals(looksLikeVerifier("SCRAM-SHA-256$broken"), true);
  assertEquals(looksLikeVerifier("SCRAM"), false);
});
