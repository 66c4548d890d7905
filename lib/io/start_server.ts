/**
 * Builds a server from its parts in the order in which they can fail, so that
 * whatever stops a start has left nothing behind, and takes it down in reverse.
 */
import { Authenticator } from "../server/authenticator.ts";
import type { Accounts } from "../server/accounts.ts";
import type { ServerOptions } from "../server/server_options.ts";
import type { CredentialChange } from "../server/server_action.ts";
import { ServerCore } from "../server/server_core.ts";
import { version } from "../protocol/version.ts";
import { writeFileAtomically } from "./atomic_file.ts";
import { DataFolder } from "./data_folder.ts";
import { deriveKey } from "./derive_key.ts";
import { MessageLogs } from "./message_logs.ts";
import type { Report } from "./report.ts";
import { ServerShell } from "./server_shell.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { systemClock } from "./system_clock.ts";
import { systemRandom } from "./system_random.ts";
import { TcpServer } from "./tcp_server.ts";
import { UserLogFile } from "./user_log_file.ts";

/** A server at work. */
export interface RunningServer {
  /** The port that it listens on. */
  readonly port: number;
  /** The accounts were edited. */
  handleAccounts(accounts: Accounts): void;
  /**
   * Tells every client that the server shuts down, stores and logs what is left
   * and closes everything; takes less than 2 s.
   */
  stop(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @param accounts Who may log in.
 * @param editCredentials Changes an account where the accounts come from.
 * @param report Gets what the one who runs the server should know.
 * @throws {StartError} when something that it needs cannot be used.
 */
export async function startServer(
  options: ServerOptions,
  accounts: Accounts,
  editCredentials: (change: CredentialChange) => Promise<Accounts>,
  report: Report,
): Promise<RunningServer> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.adopt(
    await DataFolder.open(options.dataDir),
    (folder) => folder.close(),
  );
  const store = parts.adopt(
    new SqliteStore(folder.file("parley.db")),
    (store) => store.close(),
  );
  const state = await store.load();
  const messageLogs = parts.adopt(
    new MessageLogs(folder.path, report),
    (logs) => logs.close(),
  );
  await messageLogs.catchUp(store, state);
  const userLog = parts.adopt(
    new UserLogFile(folder.file("userlog.txt"), writeFileAtomically, report),
    (log) => log.close(),
  );

  const authenticator = new Authenticator({
    attempts: options.attempts,
    blockMs: options.blockDuration * 1000,
    allowDemo: options.allowDemo,
    secret: state.secret,
  }, systemRandom);
  authenticator.handleAccounts(accounts);
  const core = new ServerCore(
    {
      idleMs: options.idleTimeout * 1000,
      udpPort: 0,
      agent: `parley-server ${version}`,
    },
    state,
    authenticator,
    systemRandom,
    systemClock(),
  );
  const shell = parts.adopt(
    new ServerShell({
      core,
      store,
      messageLogs,
      userLog,
      deriveKey,
      editCredentials,
      report,
    }),
    (shell) => shell.close(),
  );
  const { host, port } = options;
  const network = parts.adopt(
    new TcpServer(host, port, shell, report),
    (network) => network.close(),
  );
  shell.start(network);
  network.start();

  const running = parts.move();
  return {
    port: network.port,
    handleAccounts: (accounts) => shell.handleAccounts(accounts),
    async stop() {
      await shell.stop(storeMs);
      await running.disposeAsync();
    },
  };
}

/** How long a shutdown waits for what is left to be stored, ms. */
const storeMs = 500;
