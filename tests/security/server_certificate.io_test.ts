import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  givenTlsCertificate,
  ownTlsCertificate,
} from "../../lib/security/server_certificate.io.ts";
import { StartError } from "../../lib/system/errors.io.ts";
import { parseCertificate } from "../../lib/security/certificate.ts";
import { isInstalled } from "../support/is_installed.ts";
import { readPage } from "../support/pages.ts";
import { testCertificate } from "../support/test_certificate.ts";

const dayMs = 86_400_000;

Deno.test("ownTlsCertificate() makes a key and a certificate once", async () => {
  await inFolder(async (folder) => {
    const now = Date.now();
    const made = await ownTlsCertificate(folder, now);
    assertEquals(made.origin, "made");
    assertEquals(Math.round((made.notAfter - now) / dayMs), 3650);
    const certificate = parseCertificate(made.cert);
    assert(certificate.selfSigned && !certificate.authority);
    assertEquals(made.fingerprint, certificate.fingerprint);
    for (const name of ["tls-key.pem", "tls-cert.pem"]) {
      const { mode } = await Deno.stat(join(folder, name));
      assertEquals((mode ?? 0) & 0o777, 0o600, name);
    }
    const again = await ownTlsCertificate(folder, now + dayMs);
    assertEquals(again, { ...made, origin: "loaded" });
  });
});

Deno.test("ownTlsCertificate() renews near the end and keeps the fingerprint", async () => {
  await inFolder(async (folder) => {
    const now = Date.now();
    const made = await ownTlsCertificate(folder, now - 3400 * dayMs);
    const renewed = await ownTlsCertificate(folder, now);
    assertEquals(renewed.origin, "renewed");
    assertEquals(renewed.fingerprint, made.fingerprint);
    assertEquals(renewed.key, made.key);
    assert(renewed.notAfter > now + 3600 * dayMs);
    assert(renewed.cert !== made.cert);
    assertEquals((await ownTlsCertificate(folder, now)).origin, "loaded");
    // A missing certificate is made again for the key that is there.
    await Deno.remove(join(folder, "tls-cert.pem"));
    const remade = await ownTlsCertificate(folder, now);
    assertEquals(remade.fingerprint, made.fingerprint);
  });
});

Deno.test("ownTlsCertificate() never replaces what it cannot read", async () => {
  await inFolder(async (folder) => {
    const now = Date.now();
    await ownTlsCertificate(folder, now);
    const keyPath = join(folder, "tls-key.pem");
    const other = await testCertificate();
    await Deno.writeTextFile(keyPath, other.key);
    await refused(ownTlsCertificate(folder, now), "is not that of");
    await Deno.writeTextFile(keyPath, "nothing");
    await refused(ownTlsCertificate(folder, now), "no private key");
    assertEquals(await Deno.readTextFile(keyPath), "nothing");
    await Deno.remove(keyPath);
    await refused(ownTlsCertificate(folder, now), "is missing");
  });
});

Deno.test("givenTlsCertificate() takes a chain and tells what is wrong", async () => {
  await inFolder(async (folder) => {
    const now = Date.now();
    const cert = join(folder, "c.pem");
    const key = join(folder, "k.pem");
    const put = async (pair: { cert: string; key: string }, chain = "") => {
      await Deno.writeTextFile(cert, pair.cert + chain);
      await Deno.writeTextFile(key, pair.key);
      return givenTlsCertificate(cert, key, now);
    };
    const good = await testCertificate();
    const other = await testCertificate();
    const loaded = await put(good, `\n${other.cert}`);
    assertEquals(loaded.fingerprint, parseCertificate(good.cert).fingerprint);
    await refused(put({ ...good, key: other.key }), "is not that of");
    await refused(put({ ...good, key: "x" }), "no private key");
    await refused(put({ ...good, cert: "x" }), "cannot be read");
    await refused(
      put(await testCertificate({ from: -2000, until: -1000 })),
      "it expired on",
    );
    await refused(
      put(await testCertificate({ from: dayMs, until: 2 * dayMs })),
      "not valid before",
    );
    await refused(put(await testCertificate({ authority: true })), "CA:FALSE");
    await refused(
      put(await testCertificate({ name: null })),
      "names no server",
    );
    await refused(
      put(await testCertificate({ algorithm: { name: "Ed25519" } })),
      "must be signed with",
    );
    await refused(
      put(
        await testCertificate({
          algorithm: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-256" },
          authority: true,
        }),
      ),
      "CA:FALSE",
    );
    await refused(
      put(await testCertificate({ usage: "1.3.6.1.5.5.7.3.2" })),
      "clients would not accept it: the server's certificate is not made for servers",
    );
    await refused(
      put(await testCertificate({ issuer: other.keys })),
      "clients would not accept it: no authority that this program knows",
    );
    await refused(
      put({ ...good, cert: `${other.cert}\n${good.cert}` }),
      "must come first in",
    );
    await Deno.remove(cert);
    await refused(
      givenTlsCertificate(cert, key, now),
      `cannot read --tls-cert "${cert}": no such file`,
    );
    await refused(givenTlsCertificate(folder, key, now), folder);
  });
});

Deno.test("givenTlsCertificate() takes what clients take: other curves, wildcards, one file for both", async () => {
  await inFolder(async (folder) => {
    const path = join(folder, "both.pem");
    for (
      const options of [
        // As `openssl req` makes them: the hash is smaller than the curve.
        { algorithm: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-256" } },
        { algorithm: { name: "ECDSA", namedCurve: "P-384", hash: "SHA-384" } },
        { name: "*.chat.example" },
      ]
    ) {
      const { key, cert } = await testCertificate(options);
      const { selfSigned } = parseCertificate(cert);
      assert(selfSigned, JSON.stringify(options));
      await Deno.writeTextFile(path, `\ufeff${key}\n${cert}`);
      const given = await givenTlsCertificate(path, path, Date.now());
      assert(!given.cert.includes("PRIVATE KEY"));
      assert(!given.key.includes("CERTIFICATE"));
    }
  });
});

Deno.test({
  name: "docs/operating.md: the command makes a certificate that can be used",
  ignore: !await isInstalled("openssl"),
  async fn() {
    const page = readPage("docs/operating.md");
    const command = /^openssl [^`]+/m.exec(page)?.[0] ?? "";
    await inFolder(async (folder) => {
      const { code } = await new Deno.Command("sh", {
        args: ["-c", command],
        cwd: folder,
        stderr: "null",
      }).output();
      assertEquals(code, 0);
      const [cert, key] = ["cert.pem", "key.pem"]
        .map((name) => join(folder, name));
      const given = await givenTlsCertificate(cert!, key!, Date.now());
      assert(parseCertificate(given.cert).selfSigned);
    });
  },
});

async function refused(promise: Promise<unknown>, text: string) {
  const error = await assertRejects(() => promise, StartError, text);
  assert(!error.message.includes("\n"), error.message);
}

async function inFolder(run: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
