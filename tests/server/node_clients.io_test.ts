import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { ownTlsCertificate } from "../../lib/security/server_certificate.io.ts";
import { connectTls } from "../../lib/security/tls_client.io.ts";
import { parseServerOptions } from "../../lib/server/admin/options.ts";
import { NodeClients } from "../../lib/server/node_clients.io.ts";
import { DataFolder } from "../../lib/server/store/data_folder.io.ts";
import { freePort } from "../support/free_port.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("NodeClients show the certificate that is there, also the one of before again, and renew it, core or not", async () => {
  await withTempFolder(async (root) => {
    // Nothing listens there: certificates do not wait for the other nodes.
    const nats = `nats://${host}:${freePort()}`;
    const given = await DataFolder.open(join(root, "data"));
    const other = await DataFolder.open(join(root, "other"));
    const request = parseServerOptions([
      ...["--host", host, "--port", "0", "--data-dir", given.path],
      ...["--cluster", "--database", "postgres://x@/x", "--nats", nats],
    ]);
    if (request.kind !== "run") throw new Error("no options");
    let clock = Date.now();
    const certificate = await ownTlsCertificate(given.path, clock);
    const { fingerprint } = await ownTlsCertificate(other.path, clock);
    const clients = await NodeClients.open(
      {
        ...{ options: request.options, folder: given, node: "a", certificate },
        ...{ report() {}, now: () => clock, files: 1_000 },
      },
      nats,
      new Uint8Array(32),
    );
    clients.start();
    const shown = async () => {
      const { socket, certificate } = await connectTls(host, clients.port);
      socket.close();
      return certificate;
    };
    const copy = async (from: string, to: string) => {
      for (const name of ["tls-cert.pem", "tls-key.pem"]) {
        await Deno.copyFile(join(from, name), join(to, name));
      }
    };
    const bring = async (from: string) => {
      await copy(from, given.path);
      await clients.reloadCertificate();
    };
    try {
      assertEquals((await shown()).fingerprint, certificate.fingerprint);
      const kept = join(root, "kept");
      await Deno.mkdir(kept);
      await copy(given.path, kept);
      await bring(other.path);
      assertEquals((await shown()).fingerprint, fingerprint);
      await bring(kept);
      assertEquals((await shown()).fingerprint, certificate.fingerprint);
      clock = certificate.notAfter;
      await waitUntil(
        "the renewal",
        async () => (await shown()).notAfter > certificate.notAfter,
      );
    } finally {
      await clients.close();
      await given.close();
      await other.close();
    }
  });
});

const host = "127.0.0.1";
