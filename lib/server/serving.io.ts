/**
 * What stands between the store and the clients of a server: logs, core,
 * rendezvous and network. Built from its parts in the order in which they can
 * fail, so that whatever stops a start has left nothing behind, and taken down in
 * reverse.
 */
import { Authenticator } from "./accounts/authenticator.ts";
import type { Accounts } from "./accounts/credentials_file.ts";
import type { ServerOptions } from "./admin/options.ts";
import type { CredentialChange } from "./model/actions.ts";
import type { RendezvousNews } from "./model/rendezvous_change.ts";
import { ServerCore } from "./server_core.ts";
import { version } from "../base/version.ts";
import { replaceFile } from "../system/files.io.ts";
import type { DataFolder } from "./store/data_folder.io.ts";
import { connectionsWithin, newcomersWithin } from "./core/limits.ts";
import { deriveKey } from "../security/derive_key.io.ts";
import { renderMetrics } from "./admin/metrics_page.ts";
import {
  type MetricsSource,
  processSnapshot,
} from "./admin/metrics_server.io.ts";
import { MessageLogs } from "./logs/message_logs.io.ts";
import type { Report } from "./logs/server_log.io.ts";
import { reasonOf, StartError } from "../system/errors.io.ts";
import { ServerShell, type ServerShellParts } from "./shell.io.ts";
import type { Store } from "./model/store.ts";
import { systemClock, systemRandom } from "../system/clock.io.ts";
import type { Network } from "./net/network.ts";
import { TcpServer } from "./net/tcp_server.io.ts";
import { RendezvousServer } from "./rendezvous/rendezvous_server.io.ts";
import type { TlsCertificate } from "../security/server_certificate.io.ts";
import {
  type CertificateParts,
  ShownCertificate,
} from "./shown_certificate.io.ts";
import { takeSteps } from "../base/take_steps.io.ts";
import { TransferLogFile } from "./logs/transfer_log.io.ts";
import { UserLogFile } from "./logs/user_log.io.ts";

/** Where the accounts come from; `CredentialsSource` is one. */
export interface AccountSource {
  /** Changes an account; the accounts as they are then. */
  edit(change: CredentialChange): Promise<Accounts>;
  /** Reads them now. */
  reload(changed: (accounts: Accounts) => void): Promise<void>;
}

/** What serving needs; it closes none of it but the store. */
export interface ServingParts {
  readonly options: ServerOptions;
  /** Who may log in. */
  readonly accounts: Accounts;
  readonly source: AccountSource;
  readonly report: Report;
  /** How much was reported, by level, for the metrics. */
  readonly logLines: ReadonlyMap<string, number>;
  /** The wall clock for the certificate, ms since 1970. */
  readonly now: () => number;
  /** Where the logs are. */
  readonly folder: DataFolder;
  /** How many files this process may open. */
  readonly files: number;
  /** What to show to clients at ports of this machine; absent without TLS. */
  readonly certificate: TlsCertificate | undefined;
  readonly openStore: () => Promise<Store>;
  /** Ends a start that is under way, with what it is aborted with. */
  readonly signal?: AbortSignal;
  /** Where clients come in; ports of this machine when absent. */
  readonly openEntrance?: (shell: ServerShell) => Entrance;
}

/** Where clients come in, by TCP and UDP. */
export interface Entrance {
  readonly network: Network;
  readonly rendezvous:
    & ServerShellParts["rendezvous"]
    & Pick<RendezvousServer, "counters">;
  /** The port that it listens on. */
  readonly port: number;
  /** UDP ports, 0 for none. */
  readonly udpPort: number;
  readonly probePort: number;
  /** True when clients stay connected while the core becomes another one. */
  readonly isLasting: boolean;
  /** Where several machines take clients, as HOST:PORT; else absent. */
  hosts?(): readonly string[];
  /** Takes the first clients. */
  start(): void;
  /**
   * Reads the certificate anew and shows it to those who connect from now on.
   *
   * @returns The fingerprint of its key; undefined without TLS.
   */
  reloadCertificate(): Promise<string | undefined>;
  close(): Promise<void>;
}

/** A server with a store, which clients can reach. */
export interface Serving extends MetricsSource {
  /** The port that it listens on. */
  readonly port: number;
  /** Takes the first clients. */
  start(): void;
  /** The accounts were edited. */
  handleAccounts(accounts: Accounts): void;
  /**
   * Reads the certificate anew and shows it to those who connect from now on.
   *
   * @returns The fingerprint of its key; undefined without TLS.
   */
  reloadCertificate(): Promise<string | undefined>;
  /**
   * Tells every client that the server shuts down, stores and logs what is left
   * and closes everything; takes less than 2 s.
   */
  stop(): Promise<void>;
  /** Closes everything at once, and tells nobody. */
  abandon(): Promise<void>;
}

/**
 * Loads what is stored, brings the logs up to date and takes the ports.
 *
 * @throws {StartError} when something that it needs cannot be used.
 */
export async function prepareServing(given: ServingParts): Promise<Serving> {
  const { options, source, report, logLines, folder, files, signal } = given;
  await using parts = new AsyncDisposableStack();
  const store = parts.adopt(
    await given.openStore(),
    (store) => store.close(),
  );
  const stored = await store.load(signal).catch((error) => {
    throw new StartError(reasonOf(error));
  });
  const messageLogs = parts.adopt(
    new MessageLogs(folder.path, report),
    (logs) => logs.close(),
  );
  // Where clients wait for the next core they are not to wait for this, too.
  const isNode = given.openEntrance !== undefined;
  const state = isNode
    ? await messageLogs.look(store, stored)
    : await messageLogs.catchUp(store, stored);
  const transferLog = parts.adopt(
    await TransferLogFile.open(folder.path, report),
    (log) => log.close(),
  );
  const userLog = parts.adopt(
    new UserLogFile(folder.file("userlog.txt"), replaceFile, report),
    (log) => log.close(),
  );

  const authenticator = new Authenticator({
    attempts: options.attempts,
    blockMs: options.blockDuration * 1000,
    allowDemo: options.allowDemo,
    secret: state.secret,
  }, systemRandom);
  // Where many users are, this and the core take seconds, in which others have
  // their turn: a node is to keep its place, and its clients.
  await takeSteps(authenticator.takeAccounts(given.accounts), signal);
  const coreOptions = {
    idleMs: options.idleTimeout * 1000,
    // Known once it is bound, before the first client can ask.
    udpPort: 0,
    otherUdpPort: 0,
    restarts: false,
    hosts: (): readonly string[] => entrance.hosts?.() ?? [],
    sessions: options.sessions,
    keepMs: options.keepDays * dayMs,
    messageRate: options.limits.messageRate,
    messagesPerDay: options.limits.historyQuota,
    mailboxMessages: options.limits.mailboxQuota,
    relayBytes: relayBytesOf(options),
    addressFailures: options.limits.addressFailures,
    unauthenticatedPerAddress: options.limits.addressConnections,
    unauthenticated: newcomersWithin(files),
    agent: `parley-server ${version}`,
  };
  const core = await takeSteps(
    ServerCore.load({
      ...{ options: coreOptions, state, logins: authenticator },
      ...{ random: systemRandom, now: systemClock() },
    }),
    signal,
  );
  const shell: ServerShell = parts.adopt(
    new ServerShell({
      core,
      store,
      messageLogs,
      transferLog,
      userLog,
      rendezvous: {
        handleChange: (change, at) =>
          entrance.rendezvous.handleChange(change, at),
      },
      deriveKey,
      editCredentials: (change) => source.edit(change),
      reloadAccounts: () =>
        source.reload((accounts) => shell.handleAccounts(accounts)),
      report,
    }),
    (shell) => shell.close(),
  );
  const openEntrance = given.openEntrance ??
    ((shell) => openPorts(given, shell));
  const entrance = parts.adopt(
    openEntrance(shell),
    (entrance) => entrance.close(),
  );
  const { rendezvous } = entrance;
  coreOptions.udpPort = entrance.udpPort;
  coreOptions.otherUdpPort = entrance.probePort;
  coreOptions.restarts = entrance.isLasting;
  const running = parts.move();
  const close = () => running.disposeAsync();
  return {
    port: entrance.port,
    start() {
      shell.start(entrance.network);
      entrance.start();
      messageLogs.complete(store);
    },
    handleAccounts: (accounts) => shell.handleAccounts(accounts),
    reloadCertificate: () => entrance.reloadCertificate(),
    fault: () => shell.storeFault,
    metrics: () =>
      renderMetrics({
        counters: core.metrics,
        udp: rendezvous.counters,
        gauges: core.gauges(),
        commitSeconds: shell.commitSeconds,
        logLines,
        process: processSnapshot(),
      }),
    async stop() {
      // To clients that stay connected this is not the end.
      if (entrance.isLasting) await entrance.close();
      await shell.stop(storeMs);
      // First of all, as the next core waits for it: its logs may take longer.
      await store.close();
      await close();
    },
    abandon: close,
  };
}

/** Listens at this machine. */
function openPorts(
  parts:
    & CertificateParts
    & Pick<ServingParts, "options" | "certificate" | "files">,
  shell: ServerShell,
): Entrance {
  const { options, report, certificate } = parts;
  const { host, port } = options;
  const most = connectionsWithin(parts.files);
  const network = new TcpServer(host, port, shell, report, certificate, most);
  const rendezvous = openRendezvous(
    options,
    (news) => shell.handleRendezvous(news),
    network.port,
    report,
  );
  const shown = certificate && new ShownCertificate(
    parts,
    certificate,
    (read) => network.replaceCertificate(read),
  );
  return {
    ...{ network, rendezvous },
    port: network.port,
    udpPort: rendezvous.port,
    probePort: rendezvous.probePort,
    isLasting: false,
    start: () => network.start(),
    reloadCertificate: async () => await shown?.reload(),
    async close() {
      shown?.close();
      await network.close();
      await rendezvous.close();
    },
  };
}

/** The UDP ports beside a TCP port, as far as they can be had. */
export function openRendezvous(
  options: ServerOptions,
  handleNews: (news: RendezvousNews) => void,
  tcpPort: number,
  report: Report,
): RendezvousServer {
  const rendezvous = new RendezvousServer(
    relayBytesOf(options),
    handleNews,
    systemClock,
  );
  openUdp(rendezvous, options, tcpPort, report);
  return rendezvous;
}

function relayBytesOf({ relayQuota }: ServerOptions): number {
  return relayQuota * 1_000_000;
}

/** The UDP port of the same number; without it clients still meet on a LAN. */
function openUdp(
  rendezvous: RendezvousServer,
  options: ServerOptions,
  tcpPort: number,
  report: Report,
): void {
  // Where any free port will do, it need not be the same one.
  const ports = options.port === 0 ? [tcpPort, 0] : [tcpPort];
  for (const port of ports) {
    try {
      rendezvous.open(options.host, port);
      return rendezvous.openProbes(options.host);
    } catch (error) {
      if (port !== ports.at(-1)) continue;
      report(
        "warning",
        `cannot use UDP port ${port}: ${
          reasonOf(error)
        }; clients behind routers will not find each other`,
      );
    }
  }
}

const dayMs = 86_400_000;
/** How long a shutdown waits for what is left to be stored, ms. */
const storeMs = 500;
