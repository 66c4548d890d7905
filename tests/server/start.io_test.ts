import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import {
  connectPinned,
  PinFile,
} from "../../lib/client/trust/server_pins.io.ts";
import { CredentialsFile } from "../../lib/server/accounts/credentials_file.ts";
import { prepareServing } from "../../lib/server/serving.io.ts";
import { startServer } from "../../lib/server/start.io.ts";
import type { StoredUser } from "../../lib/server/model/store.ts";
import { DataFolder } from "../../lib/server/store/data_folder.io.ts";
import { WorkerStore } from "../../lib/server/store/worker_store.io.ts";
import { TlsConnectError } from "../../lib/security/tls_client.io.ts";
import { parseServerOptions } from "../../lib/server/admin/options.ts";
import { accountLine } from "../support/account_line.ts";
import { ProtocolClient } from "../support/protocol_client.ts";
import { storedUser } from "../support/stored_user.ts";
import { runProgram } from "../support/run_program.ts";
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
      source,
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

Deno.test("Serving gives its store back first when it stops, also where the disk of the logs hangs", async () => {
  await withTempFolder(async (root) => {
    const dataDir = join(root, "data");
    const request = parseServerOptions([
      ...["--host", host, "--port", "0", "--plain", "--data-dir", dataDir],
    ]);
    if (request.kind !== "run") throw new Error("no options");
    const { options } = request;
    const folder = await DataFolder.open(dataDir);
    const text = accountLine("yoda", "green") + accountLine("luke", "blue");
    const { accounts } = new CredentialsFile(text);
    let isGiven = false;
    const serving = await prepareServing({
      ...{ options, accounts, source, report() {}, now: Date.now },
      ...{ folder, files: 100, certificate: undefined, logLines: new Map() },
      async openStore() {
        const store = await WorkerStore.open(folder.file("parley.db"));
        const close = store.close.bind(store);
        store.close = async () => {
          await close();
          isGiven = true;
        };
        return store;
      },
    });
    serving.start();
    // Who opens it to write waits for somebody who reads.
    const log = folder.file("messagelog.txt");
    await Deno.remove(log).catch(() => {});
    await runProgram(["mkfifo", log]);
    const credentials = { user: "yoda", password: "green" };
    using yoda = await ProtocolClient.login(serving.port, credentials);
    await yoda.request("message", { to: ["luke"], text: "hello", mid: "1" });
    let isStopped = false;
    const stopping = serving.stop().then(() => isStopped = true);
    try {
      await waitUntil("the store to be given back", () => isGiven);
      assert(!isStopped);
    } finally {
      using reader = await Deno.open(log);
      await Promise.all([stopping, new Response(reader.readable).text()]);
      await folder.close();
    }
  });
});

Deno.test("prepareServing() gives its store back when it is ended while it makes a core of many users", async () => {
  await withTempFolder(async (root) => {
    const dataDir = join(root, "data");
    const request = parseServerOptions(["--port", "0", "--data-dir", dataDir]);
    if (request.kind !== "run") throw new Error("no options");
    const { options } = request;
    const folder = await DataFolder.open(dataDir);
    const stop = new AbortController();
    let isGiven = false;
    const openStore = async () => {
      const store = await WorkerStore.open(folder.file("parley.db"));
      const [load, close] = [store.load.bind(store), store.close.bind(store)];
      store.load = async () => {
        const users = { [Symbol.iterator]: () => slowUsers(stop) };
        return { ...await load(), users: users as unknown as StoredUser[] };
      };
      store.close = async () => {
        await close();
        isGiven = true;
      };
      return store;
    };
    const preparing = prepareServing({
      ...{ options, source, report() {}, now: Date.now, openStore },
      ...{ accounts: new Map(), signal: stop.signal },
      ...{ folder, files: 100, certificate: undefined, logLines: new Map() },
    });
    try {
      await assertRejects(() => preparing, Error, "enough");
      assert(isGiven);
    } finally {
      await folder.close();
    }
  });
});

/** So many that they take half a second, in which somebody has enough of it. */
function* slowUsers(stop: AbortController): Generator<StoredUser> {
  const still = new Int32Array(new SharedArrayBuffer(4));
  for (let id = 1; id <= 50_000; id++) {
    yield storedUser(id, `user${id}`);
    if (id === 5_000) stop.abort(new Error("enough"));
    if (id % 1_000 === 0) Atomics.wait(still, 0, 0, 10);
  }
}

const source = {
  edit: () => Promise.resolve(new Map()),
  reload: () => Promise.resolve(),
};
const host = "127.0.0.1";
