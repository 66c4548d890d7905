import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  connectPinned,
  PinFile,
} from "../../lib/client/trust/server_pins.io.ts";
import { startServer } from "../../lib/server/start.io.ts";
import { TlsConnectError } from "../../lib/security/tls_client.io.ts";
import { parseServerOptions } from "../../lib/server/admin/options.ts";
import { withTempFolder } from "../support/temp_folder.ts";
import { waitUntil } from "../support/wait_until.ts";

Deno.test("startServer(): a certificate that was made while the clock was wrong is renewed when it is set", async () => {
  await withTempFolder(async (folder) => {
    let clock = Date.parse("1970-01-01T12:00:00Z");
    const reports: string[] = [];
    const request = parseServerOptions([
      ...["--host", host, "--port", "0", "--data-dir", join(folder, "data")],
    ]);
    if (request.kind !== "run") throw new Error("no options");
    const server = await startServer(
      request.options,
      new Map(),
      {
        edit: () => Promise.resolve(new Map()),
        reload: () => Promise.resolve(),
      },
      (_, text) => reports.push(text),
      new Map(),
      () => clock,
    );
    try {
      const pins = new PinFile(folder);
      const connect = () => connectPinned(host, server.port, pins);
      const setClock = async (to: number) => {
        reports.length = 0;
        clock = to;
        const isRenewed = (text: string) =>
          text.includes("its key is the same");
        await waitUntil("the renewal", () => reports.some(isRenewed));
      };
      await assertRejects(connect, TlsConnectError, "expired on 30 Dec 1979");
      await setClock(Date.parse("2014-03-01T12:00:00Z"));
      await assertRejects(
        connect,
        TlsConnectError,
        "the server's certificate expired on 27 Feb 2024",
      );
      await setClock(Date.parse("2099-01-01T12:00:00Z"));
      await assertRejects(
        connect,
        TlsConnectError,
        "the server's certificate is not valid before 31 Dec 2098",
      );
      await setClock(Date.now());
      const { socket, certificate } = await connect();
      socket.close();
      assertEquals(certificate.fingerprint, server.fingerprint);
    } finally {
      await server.stop();
    }
  });
});

const host = "127.0.0.1";
