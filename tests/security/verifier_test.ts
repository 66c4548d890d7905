import { assertEquals } from "@std/assert";
import { pbkdf2Sync } from "node:crypto";
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
  assertEquals(parseVerifier(formatVerifier(verifier)), verifier);
});

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
