import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { deriveKey } from "../../lib/security/derive_key.io.ts";
import { ServerShell } from "../../lib/server/shell.io.ts";
import { SqliteStore } from "../../lib/server/store/sqlite_store.io.ts";
import { systemClock, systemRandom } from "../../lib/system/clock.io.ts";
import { TcpServer } from "../../lib/server/net/tcp_server.io.ts";
import { Authenticator } from "../../lib/server/accounts/authenticator.ts";
import { CredentialsFile } from "../../lib/server/accounts/credentials_file.ts";
import type { UserLogEntry } from "../../lib/server/model/actions.ts";
import { ServerCore } from "../../lib/server/server_core.ts";
import type { StoreWrite } from "../../lib/server/model/store.ts";
import { accountLine } from "../support/account_line.ts";
import { ProtocolClient, RequestRefused } from "../support/protocol_client.ts";
import { waitUntil } from "../support/wait_until.ts";

const { accounts } = new CredentialsFile(
  accountLine("yoda", "green") + accountLine("luke", "blue"),
);

/** A database on a disk that can be full, and fails like one. */
class FullableStore extends SqliteStore {
  full = false;
  readonly batches: number[] = [];

  override commit(writes: readonly StoreWrite[]): Promise<void> {
    this.batches.push(writes.length);
    if (this.full) return Promise.reject(new Error("database is full"));
    return super.commit(writes);
  }

  override inbox(user: number, after: number, limit: number) {
    if (this.full) return Promise.reject(new Error("disk I/O error"));
    return super.inbox(user, after, limit);
  }
}

/** A server in this process, with its logs in memory. */
class ShellServer implements AsyncDisposable {
  readonly store: FullableStore;
  readonly lines: string[] = [];
  readonly reports: string[] = [];
  online: readonly UserLogEntry[] | undefined;
  readonly #shell: ServerShell<typeof accounts>;
  readonly #network: TcpServer;
  #stopped: Promise<void> | undefined;

  constructor(
    store: FullableStore,
    shell: (server: ShellServer) => ServerShell<typeof accounts>,
  ) {
    this.store = store;
    this.#shell = shell(this);
    const report = (_level: string, text: string) => {
      this.reports.push(text);
    };
    this.#network = new TcpServer("127.0.0.1", 0, this.#shell, report);
    this.#shell.start(this.#network);
    this.#network.start();
  }

  static async start(): Promise<ShellServer> {
    const secret = systemRandom.bytes(32);
    const options = { attempts: 3, blockMs: 1000, allowDemo: false, secret };
    const authenticator = new Authenticator(options, systemRandom);
    authenticator.handleAccounts(accounts);
    const store = new FullableStore(":memory:");
    const state = await store.load();
    const core = new ServerCore(
      { idleMs: 0, udpPort: 0, agent: "test" },
      state,
      authenticator,
      systemRandom,
      systemClock(),
    );
    return new ShellServer(store, (server) =>
      new ServerShell({
        core,
        store,
        messageLogs: { append: (_group, line) => server.lines.push(line) },
        transferLog: { append: () => {} },
        userLog: { set: (entries) => server.online = entries },
        deriveKey,
        editCredentials: () => Promise.reject(new Error("not in this test")),
        reloadAccounts: () => Promise.resolve(),
        report: (_level, text) => server.reports.push(text),
      }));
  }

  login(user: string, password: string): Promise<ProtocolClient> {
    return ProtocolClient.login(this.#network.port, { user, password });
  }

  handleAccounts(text: string): void {
    this.#shell.handleAccounts(new CredentialsFile(text).accounts);
  }

  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    await this.#shell.stop(500);
    await this.#network.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#shell.close();
    await this.store.close();
  }
}

Deno.test("ServerShell: requests fail while the disk is full, and work again afterwards", async () => {
  await using server = await ShellServer.start();
  using yoda = await server.login("yoda", "green");
  using luke = await server.login("luke", "blue");
  server.store.full = true;
  const send = (mid: string) =>
    yoda.request("message", { to: ["luke"], text: mid, mid });
  const refused = await assertRejects(() => send("a"), RequestRefused);
  assertEquals(refused.code, "storage_failed");
  await yoda.request("who");
  server.store.full = false;
  await send("b");
  await send("a");
  await luke.event("message", { text: "a" });
  const texts = luke.events.filter(({ ev }) => ev === "message")
    .map(({ text }) => text);
  assertEquals(texts, ["b", "a"]);
  assertEquals(server.lines.length, 2);
  assertStringIncludes(server.reports.join("\n"), "database is full");
});

Deno.test("ServerShell: requests of one turn share a transaction", async () => {
  await using server = await ShellServer.start();
  using yoda = await server.login("yoda", "green");
  using luke = await server.login("luke", "blue");
  server.store.batches.length = 0;
  const frames = Array.from({ length: 100 }, (_, id) => {
    const fields = { to: ["luke"], text: `${id}`, mid: `${id}` };
    return JSON.stringify({ do: "message", ...fields }) + "\n";
  });
  await yoda.write(frames.join(""));
  await luke.event("message", { text: "99" });
  const batches = server.store.batches.length;
  assertEquals(batches < 20, true, `${batches} transactions`);
  const texts = luke.events.filter(({ ev }) => ev === "message")
    .map(({ text }) => text);
  assertEquals(texts, frames.map((_, id) => `${id}`));
});

Deno.test("ServerShell: edited accounts reach the core, a removed user is disconnected", async () => {
  await using server = await ShellServer.start();
  using luke = await server.login("luke", "blue");
  await waitUntil("luke to be on line", () => server.online?.length === 1);
  server.handleAccounts(accountLine("yoda", "green"));
  await luke.event("bye", { code: "account_removed" });
  await luke.closed;
  await waitUntil("nobody to be on line", () => server.online?.length === 0);
  const again = () => server.login("luke", "blue");
  const refused = await assertRejects(again, RequestRefused);
  assertEquals(refused.code, "login_failed");
});

Deno.test("ServerShell.stop returns although nothing can be stored", async () => {
  await using server = await ShellServer.start();
  using yoda = await server.login("yoda", "green");
  server.store.full = true;
  const start = performance.now();
  await server.stop();
  assertEquals(performance.now() - start < 1900, true);
  await yoda.event("bye", { code: "shutting_down" });
  await yoda.closed;
});
