/** A server core with its shell in this process, and its logs in memory. */
import { takeAll } from "../../lib/base/steps.ts";
import { deriveKey } from "../../lib/security/derive_key.io.ts";
import { Authenticator } from "../../lib/server/accounts/authenticator.ts";
import { CredentialsFile } from "../../lib/server/accounts/credentials_file.ts";
import type { UserLogEntry } from "../../lib/server/model/actions.ts";
import type {
  InboxReader,
  StoredRequest,
  StoreWrite,
} from "../../lib/server/model/store.ts";
import type { Network, NetworkOwner } from "../../lib/server/net/network.ts";
import { TcpServer } from "../../lib/server/net/tcp_server.io.ts";
import type { CoreOptions } from "../../lib/server/core/server_context.ts";
import { ServerCore } from "../../lib/server/server_core.ts";
import { ServerShell } from "../../lib/server/shell.io.ts";
import { SqliteStore } from "../../lib/server/store/sqlite_store.io.ts";
import { systemClock, systemRandom } from "../../lib/system/clock.io.ts";
import { accountLine } from "./account_line.ts";
import { ProtocolClient } from "./protocol_client.ts";

/** The connections of a {@link ShellServer}. */
export interface ShellNetwork {
  readonly network: Network;
  /** The port for clients. */
  readonly port: number;
  /** Starts to listen. */
  start(): void;
  close(): Promise<void>;
}

const { accounts } = new CredentialsFile(
  accountLine("yoda", "green") + accountLine("luke", "blue") +
    accountLine("leia", "white"),
);

/** A database on a disk that can be full, and fails like one. */
export class FullableStore extends SqliteStore {
  full = false;
  readonly batches: number[] = [];
  /** What commands beside the server want, until it is done. */
  wanted: readonly StoredRequest[] = [];

  override async commit(writes: readonly StoreWrite[]): Promise<void> {
    this.batches.push(writes.length);
    if (this.full) throw new Error("database is full");
    await super.commit(writes);
    for (const each of writes) {
      if (each.write !== "requests-done") continue;
      this.wanted = this.wanted.filter(({ number }) => number > each.upto);
    }
  }

  override requests(): Promise<StoredRequest[]> {
    return Promise.resolve([...this.wanted]);
  }

  override inbox(reader: InboxReader, after: number, limit: number) {
    if (this.full) return Promise.reject(new Error("disk I/O error"));
    return super.inbox(reader, after, limit);
  }
}

/** The server; `yoda`, `luke` and `leia` may log in. */
export class ShellServer implements AsyncDisposable {
  readonly store: FullableStore;
  readonly core: ServerCore;
  readonly lines: string[] = [];
  readonly reports: string[] = [];
  online: readonly UserLogEntry[] | undefined;
  /** Why the accounts cannot be read, if they cannot. */
  accountsFault: string | undefined;
  /** How often they were to be read. */
  accountsReads = 0;
  readonly #shell: ServerShell;
  readonly #network: ShellNetwork;
  #stopped: Promise<void> | undefined;

  private constructor(
    store: FullableStore,
    core: ServerCore,
    makeNetwork: (owner: NetworkOwner) => ShellNetwork,
  ) {
    this.store = store;
    this.core = core;
    this.#shell = new ServerShell({
      core,
      store,
      messageLogs: { append: (_group, line) => this.lines.push(line) },
      transferLog: { append: () => {} },
      rendezvous: { handleChange: () => {} },
      userLog: { set: (list) => this.online = list() },
      deriveKey,
      editCredentials: () => Promise.reject(new Error("not in this test")),
      reloadAccounts: () => this.#reloadAccounts(),
      report: (_level, text) => this.reports.push(text),
    });
    this.#network = makeNetwork(this.#shell);
    this.#shell.start(this.#network.network);
    this.#network.start();
  }

  /**
   * @param makeNetwork Its connections; those of a {@link TcpServer} by default.
   * @param more Options of the core.
   */
  static async start(
    makeNetwork = tcpNetwork,
    more: Partial<CoreOptions> = {},
  ): Promise<ShellServer> {
    const secret = systemRandom.bytes(32);
    const options = { attempts: 3, blockMs: 1000, allowDemo: false, secret };
    const authenticator = new Authenticator(options, systemRandom);
    authenticator.handleAccounts(accounts);
    const store = new FullableStore(":memory:");
    const core = takeAll(ServerCore.load({
      options: { idleMs: 0, udpPort: 0, agent: "test", ...more },
      state: await store.load(),
      logins: authenticator,
      random: systemRandom,
      now: systemClock(),
    }));
    return new ShellServer(store, core, makeNetwork);
  }

  get port(): number {
    return this.#network.port;
  }

  login(user: string, password: string): Promise<ProtocolClient> {
    return ProtocolClient.login(this.port, { user, password });
  }

  handleAccounts(text: string): void {
    this.#shell.handleAccounts(new CredentialsFile(text).accounts);
  }

  #reloadAccounts(): Promise<void> {
    this.accountsReads++;
    const { accountsFault } = this;
    return accountsFault === undefined
      ? Promise.resolve()
      : Promise.reject(new Error(accountsFault));
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

function tcpNetwork(owner: NetworkOwner): ShellNetwork {
  const network = new TcpServer("127.0.0.1", 0, owner, () => {});
  const { port } = network;
  return {
    network,
    port,
    start: () => network.start(),
    close: () => network.close(),
  };
}
