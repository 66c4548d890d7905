/** Starts a server, and takes it down in reverse. */
import type { Accounts } from "./accounts/credentials_file.ts";
import type { ServerOptions } from "./admin/options.ts";
import { MetricsServer } from "./admin/metrics_server.io.ts";
import { enoughFiles } from "./core/limits.ts";
import type { Report } from "./logs/server_log.io.ts";
import type { Store } from "./model/store.ts";
import { type AccountSource, prepareServing } from "./serving.io.ts";
import { tlsCertificate } from "./shown_certificate.io.ts";
import { DataFolder } from "./store/data_folder.io.ts";
import { refuseDataHere } from "./store/moved_data.io.ts";
import type { WriterNews } from "./store/postgres/postgres_writer.io.ts";
import { WorkerStore } from "./store/worker_store.io.ts";
import { systemClock } from "../system/clock.io.ts";
import { openableFiles } from "../system/open_files.io.ts";

/** A server at work. */
export interface RunningServer {
  /** The port that it listens on. */
  readonly port: number;
  /** Of the key that clients pin; absent without TLS. */
  readonly fingerprint: string | undefined;
  /** Where metrics are told; absent when they are not. */
  readonly metricsPort: number | undefined;
  /** It can never store anything again, and why. */
  readonly failed: Promise<string>;
  /** The accounts were edited. */
  handleAccounts(accounts: Accounts): void;
  /** Reads the certificate anew and shows it to those who connect from now on. */
  reloadCertificate(): Promise<void>;
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
 * @param source Changes an account where the accounts come from, and reads them
 * anew.
 * @param report Gets what the one who runs the server should know.
 * @param logLines How much it got, by level, for the metrics.
 * @param now The wall clock for the certificate, milliseconds since 1970.
 * @throws {StartError} when something that it needs cannot be used.
 */
export async function startServer(
  options: ServerOptions,
  accounts: Accounts,
  source: AccountSource,
  report: Report,
  logLines: ReadonlyMap<string, number> = new Map(),
  now: () => number = () => systemClock().wall,
): Promise<RunningServer> {
  await using parts = new AsyncDisposableStack();
  const folder = parts.adopt(
    await DataFolder.open(options.dataDir),
    (folder) => folder.close(),
  );
  const certificate = options.plain
    ? undefined
    : await tlsCertificate({ options, folder, report, now });
  // Before the first thread that opens files by itself.
  const files = openableFiles("/", enoughFiles);
  const whenFailed = Promise.withResolvers<string>();
  const stop = whenFailed.resolve;
  const serving = parts.adopt(
    await prepareServing({
      ...{ options, accounts, source, report, logLines, now },
      ...{ folder, files, certificate },
      openStore: () =>
        openStore(options, folder.file("parley.db"), { report, stop }),
    }),
    (serving) => serving.abandon(),
  );
  const metrics = options.metrics && parts.adopt(
    new MetricsServer(options.metrics.host, options.metrics.port, serving),
    (metrics) => metrics.close(),
  );
  serving.start();
  const running = parts.move();
  return {
    failed: whenFailed.promise,
    port: serving.port,
    fingerprint: certificate?.fingerprint,
    metricsPort: metrics?.port,
    handleAccounts: (accounts) => serving.handleAccounts(accounts),
    async reloadCertificate() {
      await serving.reloadCertificate();
    },
    async stop() {
      await serving.stop();
      await running.disposeAsync();
    },
  };
}

/** The database in the data folder, or the one that was asked for. */
async function openStore(
  { database, dataDir }: ServerOptions,
  path: string,
  news: WriterNews,
): Promise<Store> {
  if (database === undefined) return await WorkerStore.open(path);
  await refuseDataHere(path, dataDir);
  // Loaded where it is used: a server without it starts sooner.
  const [{ PostgresStore }, { readDatabaseOption }] = await Promise.all([
    import("./store/postgres/postgres_store.io.ts"),
    import("./store/postgres/database_option.io.ts"),
  ]);
  const place = await readDatabaseOption(database);
  const store = await PostgresStore.open(place, news);
  store.indexAlong();
  return store;
}
