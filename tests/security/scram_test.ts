import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { pbkdf2Sync } from "node:crypto";
import fc from "fast-check";
import {
  base64Bytes,
  type ChannelBinding,
  escapeName,
  isIterationCount,
  normalizePassword,
  ScramError,
  serverKeysOf,
  unescapeName,
} from "../../lib/security/scram.ts";
import { ScramClient } from "../../lib/security/scram_client.ts";
import { ScramServer } from "../../lib/security/scram_server.ts";

// RFC 7677 §3.
const vector = {
  user: "user",
  password: "pencil",
  clientNonce: "rOprNGfwEbeRWgbNEkqO",
  serverNonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
  salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
  clientFirst: "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
  serverFirst: "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
    "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
  clientFinal: "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," +
    "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
  serverFinal: "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
};
const salt = base64Bytes(vector.salt) ?? new Uint8Array(0);
const salted = saltedPassword(vector.password);

Deno.test("ScramClient produces the messages of RFC 7677", () => {
  const client = vectorClient();
  assertEquals(client.clientFirst(), vector.clientFirst);
  const parameters = client.handleServerFirst(vector.serverFirst);
  assertEquals(parameters, { salt, iterations: 4096 });
  assertEquals(client.clientFinal(salted), vector.clientFinal);
  client.handleServerFinal(vector.serverFinal);
});

Deno.test("ScramServer produces the messages of RFC 7677", () => {
  const server = vectorServer();
  assertEquals(server.user, "user");
  assertEquals(
    server.serverFirst({ salt, iterations: 4096 }),
    vector.serverFirst,
  );
  server.handleClientFinal(vector.clientFinal);
  assertEquals(server.verify(serverKeysOf(salted)), vector.serverFinal);
});

Deno.test("ScramServer.verify() refuses the proof of another password", () => {
  const server = vectorServer();
  server.serverFirst({ salt, iterations: 4096 });
  server.handleClientFinal(vector.clientFinal);
  const other = serverKeysOf(saltedPassword("Pencil"));
  assertEquals(server.verify(other), undefined);
});

Deno.test("ScramClient.handleServerFinal() refuses a server without the verifier", () => {
  const client = vectorClient();
  client.handleServerFirst(vector.serverFirst);
  client.clientFinal(salted);
  const forged = `v=${encodeBase64(new Uint8Array(32))}`;
  for (const message of [forged, "e=other-error", "v=", "", "v=6rri"]) {
    assertThrows(() => client.handleServerFinal(message), ScramError);
  }
});

Deno.test("ScramClient refuses steps out of order", () => {
  const client = vectorClient();
  assertThrows(() => client.clientFinal(salted), ScramError);
  assertThrows(() => client.handleServerFinal(vector.serverFinal), ScramError);
  client.handleServerFirst(vector.serverFirst);
  assertThrows(() => client.clientFinal(new Uint8Array(31)), ScramError);
});

Deno.test("ScramServer.verify() throws before there is a proof", () => {
  assertThrows(() => vectorServer().verify(serverKeysOf(salted)), ScramError);
});

Deno.test("ScramClient.handleServerFirst() refuses what is malformed", () => {
  const nonce = vector.clientNonce + vector.serverNonce;
  const bad = [
    "",
    vector.serverFirst.replace("i=4096", "i=4095"),
    vector.serverFirst.replace("i=4096", "i=5000001"),
    vector.serverFirst.replace("i=4096", "i=04096"),
    vector.serverFirst.replace("i=4096", "i=4096.0"),
    vector.serverFirst.replace("i=4096", "i=99999999999999999999"),
    vector.serverFirst.replace("r=rO", "r=xO"),
    `r=${vector.clientNonce},s=${vector.salt},i=4096`,
    `r=${vector.clientNonce}short,s=${vector.salt},i=4096`,
    `r=${nonce}\u00e9,s=${vector.salt},i=4096`,
    `r=${nonce}${"x".repeat(256)},s=${vector.salt},i=4096`,
    `r=${nonce},s=,i=4096`,
    `r=${nonce},s=AAAA,i=4096`,
    `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gR==,i=4096`, // not canonical
    `r=${nonce},s=${"A".repeat(128)},i=4096`,
    `s=${vector.salt},r=${nonce},i=4096`,
    `m=needed,${vector.serverFirst}`,
    `${vector.serverFirst},m=needed`,
    `${vector.serverFirst},`,
    `${vector.serverFirst}${",x=y".repeat(20)}`,
    `${vector.serverFirst},x=${"y".repeat(3000)}`,
  ];
  for (const message of bad) {
    assertThrows(() => vectorClient().handleServerFirst(message), ScramError);
  }
  vectorClient().handleServerFirst(`${vector.serverFirst},x=ignored`);
});

Deno.test("ScramServer refuses a malformed first message", () => {
  const nonce = "r=rOprNGfwEbeRWgbNEkqO";
  const bad = [
    "",
    "n",
    "n,",
    "n,,",
    `n,,n=user`,
    `n,,n=,${nonce}`,
    `n,,n=us=er,${nonce}`,
    `n,,n=us=2cer,${nonce}`,
    `n,,n=user,r=short`,
    `n,,n=user,r=${"x".repeat(300)}`,
    `n,,n=user,r=rOprNGfwEbe RWgbNEkqO`,
    `n,,${nonce},n=user`,
    `n,,m=x,n=user,${nonce}`,
    `n,,n=user,${nonce},m=x`,
    `n,,n=${"u".repeat(257)},${nonce}`,
    `n,,n=${"u".repeat(3000)},${nonce}`,
    `n,a=other,n=user,${nonce}`,
    `x,,n=user,${nonce}`,
    `p=tls-unique,,n=user,${nonce}`,
    `p=tls-server-end-point,,n=user,${nonce}`,
    `n=user,${nonce}`,
  ];
  for (const message of bad) {
    assertThrows(() => vectorServer(message), ScramError);
  }
  assertEquals(vectorServer(`y,,n=user,${nonce}`).user, "user");
  assertEquals(vectorServer(`n,,n=a=2Cb=3Dc,${nonce},x=y`).user, "a,b=c");
});

Deno.test("ScramServer.handleClientFinal() refuses what is malformed", () => {
  const proof = "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  const nonce = `r=${vector.clientNonce}${vector.serverNonce}`;
  const bad = [
    "",
    "p=",
    proof,
    `c=biws,${nonce}`,
    `c=biws,${nonce},p=`,
    `c=biws,${nonce},p=AAAA`,
    `c=biws,${nonce},${proof},`,
    `c=biws,${nonce}x,${proof}`,
    `c=eSws,${nonce},${proof}`, // y,,
    `c=,${nonce},${proof}`,
    `${nonce},c=biws,${proof}`,
    `c=biws,${nonce},m=x,${proof}`,
    `c=biws,${nonce},x=${"y".repeat(3000)},${proof}`,
  ];
  for (const message of bad) {
    assertThrows(() => vectorServer().handleClientFinal(message), ScramError);
  }
});

Deno.test("ScramServer and ScramClient log in with the channel bound", () => {
  const binding: ChannelBinding = {
    type: "tls-server-end-point",
    data: new Uint8Array(32).fill(7),
  };
  const other = { ...binding, data: new Uint8Array(32).fill(8) };
  assert(converse(binding, binding));
  // Somebody in between who shows a certificate of their own.
  assertThrows(
    () => converse(binding, other),
    ScramError,
    "another connection",
  );
  // A client that was made to believe that the server cannot bind.
  assertThrows(() => converse(undefined, binding), ScramError, "requires");
  assertThrows(() => converse(binding, undefined), ScramError, "not supported");
});

Deno.test("ScramServer refuses every truncated or altered message", () => {
  for (let length = 0; length < vector.clientFinal.length; length++) {
    assertRefused(vector.clientFinal.slice(0, length));
  }
  for (let at = 0; at < vector.clientFinal.length; at++) {
    const altered = vector.clientFinal.charCodeAt(at) ^ 1;
    assertRefused(
      vector.clientFinal.slice(0, at) + String.fromCharCode(altered) +
        vector.clientFinal.slice(at + 1),
    );
  }
});

Deno.test("ScramServer and ScramClient throw nothing but ScramError on noise", () => {
  const piece = fc.constantFrom(
    "n",
    "p=",
    "r=",
    "s=",
    "i=",
    "c=",
    "v=",
    "m=",
    ",",
    "=",
    "=2C",
    "\0",
    "4096",
    vector.clientNonce,
    "biws",
    "\ud800",
  );
  const noise = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 4 })), { maxLength: 24 })
      .map((pieces) => pieces.join("")),
  );
  fc.assert(
    fc.property(noise, (message) => {
      onlyScramErrors(() => vectorServer(message));
      onlyScramErrors(() => vectorServer().handleClientFinal(message));
      onlyScramErrors(() => vectorClient().handleServerFirst(message));
      const client = vectorClient();
      client.handleServerFirst(vector.serverFirst);
      client.clientFinal(salted);
      assertThrows(() => client.handleServerFinal(message), ScramError);
    }),
    { numRuns: 500 },
  );
});

Deno.test("escapeName() and unescapeName() are inverse", () => {
  assertEquals(escapeName("a,b=c"), "a=2Cb=3Dc");
  fc.assert(fc.property(fc.string({ minLength: 1, maxLength: 60 }), (name) => {
    if (name.includes("\0")) return;
    assertEquals(unescapeName(escapeName(name)), name);
  }));
  assertEquals(unescapeName("a=2"), undefined);
  assertEquals(unescapeName("a\0"), undefined);
});

Deno.test("normalizePassword() makes alike what looks alike", () => {
  assertEquals(normalizePassword("I\u00adX"), "IX"); // RFC 4013 §3
  assertEquals(normalizePassword("\u00aa\u2168"), "aIX"); // RFC 4013 §3
  assertEquals(normalizePassword("e\u0301"), "\u00e9");
  assertEquals(normalizePassword("a\u00a0b\u3000c"), "a b c");
  assertEquals(normalizePassword(" Sp ace "), " Sp ace ");
});

Deno.test("isIterationCount() takes 4,096 to 5,000,000", () => {
  assertEquals(
    [4095, 4096, 5_000_000, 5_000_001, 4096.5, NaN].map(isIterationCount),
    [false, true, true, false, false, false],
  );
});

/** A whole login over a channel that looks so to the client, so to the server. */
function converse(
  clientSide: ChannelBinding | undefined,
  serverSide: ChannelBinding | undefined,
): boolean {
  const client = new ScramClient({
    user: "user",
    nonce: vector.clientNonce,
    ...clientSide && { binding: clientSide },
  });
  const server = new ScramServer(client.clientFirst(), {
    nonce: vector.serverNonce,
    ...serverSide && { binding: serverSide },
  });
  client.handleServerFirst(server.serverFirst({ salt, iterations: 4096 }));
  server.handleClientFinal(client.clientFinal(salted));
  const serverFinal = server.verify(serverKeysOf(salted));
  if (serverFinal === undefined) return false;
  client.handleServerFinal(serverFinal);
  return true;
}

function assertRefused(clientFinal: string): void {
  const server = vectorServer();
  server.serverFirst({ salt, iterations: 4096 });
  let result: string | undefined;
  onlyScramErrors(() => {
    server.handleClientFinal(clientFinal);
    result = server.verify(serverKeysOf(salted));
  });
  assertEquals(result, undefined, clientFinal);
}

function onlyScramErrors(action: () => void): void {
  try {
    action();
  } catch (error) {
    assert(error instanceof ScramError, String(error));
  }
}

function vectorClient(): ScramClient {
  return new ScramClient({ user: vector.user, nonce: vector.clientNonce });
}

function vectorServer(clientFirst = vector.clientFirst): ScramServer {
  return new ScramServer(clientFirst, { nonce: vector.serverNonce });
}

function saltedPassword(password: string): Uint8Array {
  return new Uint8Array(pbkdf2Sync(password, salt, 4096, 32, "sha256"));
}
