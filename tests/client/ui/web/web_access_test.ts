import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  judge,
  mostSecrets,
  mostTokens,
  mostWrong,
  secretMs,
  type Verdict,
  WebAccess,
  wrongMs,
} from "../../../../lib/client/ui/web/web_access.ts";
import { isId } from "../../../../lib/client/ui/web/web_wire.ts";
import { SeededRandom } from "../../../support/seeded_random.ts";

const authority = "127.0.0.1:6080";
const id = "AAAAAAAAAAAAAAAAAAAA-_";
const own = { origin: `http://${authority}`, "sec-fetch-site": "same-origin" };

function verdict(
  method: string,
  target: string,
  headers: Record<string, string> = {},
): Verdict {
  const all: Record<string, string> = { host: authority, ...headers };
  return judge({ method, target, header: (name) => all[name] }, authority);
}

/** The status of a refusal; the kind of anything else. */
function told(...request: Parameters<typeof verdict>): number | string {
  const given = verdict(...request);
  return given.kind === "refused" ? given.status : given.kind;
}

Deno.test("WebAccess gives one token for each secret", () => {
  const access = new WebAccess(new SeededRandom(1));
  const secret = access.newSecret(0);
  assert(isId(secret));
  assert(!access.isToken(secret));
  const token = access.exchange(secret, 0);
  assert(token !== undefined && isId(token));
  assertNotEquals(token, secret);
  assert(access.isToken(token));
  assertEquals(access.exchange(secret, 0), undefined, "a second time");
  assertEquals(access.exchange(token, 0), undefined, "a token is no secret");
  const wrong = ["", "x", secret, token.slice(1), `${token}A`, `${token}\n`];
  for (const text of wrong) assert(!access.isToken(text), text);
});

Deno.test("WebAccess: a token of another run is none", () => {
  const before = new WebAccess(new SeededRandom(1));
  const token = before.exchange(before.newSecret(0), 0);
  assert(token !== undefined && before.isToken(token));
  assert(!new WebAccess(new SeededRandom(2)).isToken(token));
});

Deno.test("WebAccess: a secret is good for ten minutes", () => {
  const access = new WebAccess(new SeededRandom(1));
  const [early, late] = [access.newSecret(0), access.newSecret(1000)];
  assertEquals(secretMs, 600_000);
  assertEquals(access.exchange(early, secretMs), undefined);
  assertEquals(access.exchange(early, 0), undefined, "it is used up");
  assert(access.exchange(late, 999 + secretMs) !== undefined);
});

Deno.test("WebAccess proves by its key that it is the same run", async () => {
  const [access, other] = [1, 2].map((seed) =>
    new WebAccess(new SeededRandom(seed))
  );
  assert(access !== undefined && isId(access.key));
  const hash = { name: "HMAC", hash: "SHA-256" };
  const bytes = (text: string) => new TextEncoder().encode(text);
  const key = await crypto.subtle.importKey(
    "raw",
    bytes(access.key),
    hash,
    false,
    ["sign"],
  );
  const proof = new Uint8Array(await crypto.subtle.sign(hash, key, bytes(id)));
  assertEquals(
    access.prove(id),
    proof.toBase64({ alphabet: "base64url", omitPadding: true }),
  );
  assertNotEquals(other?.prove(id), access.prove(id));
});

Deno.test("WebAccess keeps so many secrets and tokens, the newest", () => {
  const access = new WebAccess(new SeededRandom(1));
  const secrets = Array.from(
    { length: mostSecrets + 1 },
    () => access.newSecret(0),
  );
  assertEquals(access.exchange(secrets[0] ?? "", 0), undefined);
  const tokens = secrets.slice(1).map((secret) => access.exchange(secret, 0));
  assert(tokens.every((token) => token !== undefined));
  for (let more = 0; more < mostTokens; more++) {
    access.exchange(access.newSecret(0), 0);
  }
  assert(!tokens.some((token) => access.isToken(token ?? "")));
});

Deno.test("WebAccess answers what is wrong late, one by one, and then not at all", () => {
  const access = new WebAccess(new SeededRandom(1));
  const delays = Array.from(
    { length: mostWrong + 2 },
    () => access.handleWrong(1000),
  );
  assertEquals(delays.slice(0, 3), [wrongMs, 2 * wrongMs, 3 * wrongMs]);
  assertEquals(delays.slice(-3), [mostWrong * wrongMs, undefined, undefined]);
  // However many ask: no more than four a second are told.
  assertEquals(access.handleWrong(1000 + wrongMs), mostWrong * wrongMs);
  assertEquals(access.handleWrong(1000 + wrongMs), undefined);
  assertEquals(access.handleWrong(1e9), wrongMs);
});

Deno.test("judge() takes requests to the page's own address only", () => {
  assertEquals(told("GET", "/"), "page");
  const others = [
    "localhost:6080",
    "127.0.0.1",
    "127.0.0.1:6081",
    "127.0.0.1:6080.",
    "evil.example:6080",
    "evil.example",
    "[::1]:6080",
    "127.0.0.1:6080, evil.example",
    " 127.0.0.1:6080",
    "",
  ];
  for (const host of others) {
    assertEquals(told("GET", "/", { host }), 421, host);
  }
  const nameless = judge(
    { method: "GET", target: "/", header: () => undefined },
    authority,
  );
  assertEquals(nameless.kind, "refused");
});

Deno.test("judge() takes a script's requests from the page itself only", () => {
  for (const target of ["/token", "/upload?name=a"]) {
    assertEquals(typeof told("POST", target, own), "string");
    const foreign = [
      {},
      { origin: "null" },
      { origin: "http://evil.example" },
      { origin: "http://localhost:6080" },
      { origin: "http://127.0.0.1:6081" },
      { origin: `https://${authority}` },
      { origin: `http://${authority}/` },
      { ...own, "sec-fetch-site": "same-site" },
      { ...own, "sec-fetch-site": "cross-site" },
      { ...own, "sec-fetch-site": "none" },
    ];
    for (const headers of foreign) {
      const asked = JSON.stringify(headers);
      assertEquals(told("POST", target, headers as typeof own), 403, asked);
      assertEquals(told("GET", "/socket", headers as typeof own), 403, asked);
    }
    for (const method of ["GET", "PUT", "OPTIONS", "HEAD", "TRACE"]) {
      assertEquals(told(method, target, own), 405, method);
    }
  }
  assertEquals(told("GET", "/socket", own), "socket");
  assertEquals(told("POST", "/socket", own), 405);
  for (const target of ["/", "/icon.svg", "/socket", `/file/${id}`]) {
    assertEquals(told("OPTIONS", target, own), 405, target);
  }
});

Deno.test("judge() finds the token and what is to be uploaded", () => {
  const sent = (authorization: string) =>
    verdict("POST", "/upload?name=a%3Fb&x", { ...own, authorization });
  const query = "name=a%3Fb&x";
  assertEquals(sent(`Bearer ${id}`), { kind: "upload", token: id, query });
  const none = ["", id, `Basic ${id}`, `Bearer  ${id}`, `Bearer ${id} x`];
  for (const each of none) {
    assertEquals(sent(each), { kind: "upload", token: "", query });
  }
});

Deno.test("judge() lets a file be shown or saved by the page, and nothing else", () => {
  const use = (headers: Record<string, string>, target = `/file/${id}`) => {
    const given = verdict("GET", target, headers);
    return given.kind === "file" ? given.use : told("GET", target, headers);
  };
  const dest = (dest: string) =>
    use({ "sec-fetch-dest": dest, "sec-fetch-site": "same-origin" });
  for (const shown of ["image", "video", "audio"]) {
    assertEquals(dest(shown), shown);
  }
  assertEquals(dest("document"), "save");
  assertEquals(dest("empty"), "save");
  assertEquals(use({}), "save");
  const never = [
    "iframe",
    "frame",
    "embed",
    "object",
    "script",
    "style",
    "worker",
    "serviceworker",
    "sharedworker",
    "manifest",
    "xslt",
    "font",
    "track",
    "toString",
  ];
  for (const each of never) assertEquals(dest(each), 403, each);
  for (const site of ["cross-site", "same-site"]) {
    const headers = { "sec-fetch-dest": "image", "sec-fetch-site": site };
    assertEquals(use(headers), 403, site);
  }
  const wrong = ["/file/", "/file/x", `/file/${id}/`, `/file/${id}x`];
  for (const target of wrong) assertEquals(typeof use({}, target), "number");
  assertEquals(told("POST", `/file/${id}`, own), 405);
});

Deno.test("judge() refuses what is no path, or too long", () => {
  const targets = ["http://evil.example/", "*", "", "127.0.0.1:6080"];
  for (const target of targets) assertEquals(told("GET", target), 400, target);
  assertEquals(told("GET", `/${"a".repeat(9000)}`), 414);
  assertEquals(told("GET", "/?x"), 404);
});
