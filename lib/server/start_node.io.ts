/**
 * Starts a node of a cluster. While it has the lease of their database it is the
 * core and serves; otherwise it stands by, loaded with nothing, and listens only
 * to those who watch over it.
 */
import { bracketed } from "../base/ip_address.ts";
import { ClusterAccounts } from "./accounts/cluster_accounts.io.ts";
import {
  renderNodeMetrics,
  renderProcessMetrics,
} from "./admin/metrics_page.ts";
import {
  MetricsServer,
  type MetricsSource,
  processSnapshot,
} from "./admin/metrics_server.io.ts";
import type { ServerOptions } from "./admin/options.ts";
import { enoughFiles } from "./core/limits.ts";
import type { Report } from "./logs/server_log.io.ts";
import { UserLogFile } from "./logs/user_log.io.ts";
import {
  prepareServing,
  type Serving,
  type ServingParts,
} from "./serving.io.ts";
import { tlsCertificate } from "./shown_certificate.io.ts";
import type { NodeClients } from "./node_clients.io.ts";
import type { RunningServer } from "./start.io.ts";
import { DataFolder } from "./store/data_folder.io.ts";
import type { Lease, LeaseOwner } from "./store/lease.ts";
import { refuseDataHere } from "./store/moved_data.io.ts";
import { systemClock } from "../system/clock.io.ts";
import { replaceFile } from "../system/files.io.ts";
import { messageOf } from "../system/errors.io.ts";
import { openableFiles } from "../system/open_files.io.ts";
import { version } from "../base/version.ts";

/** A server that is a node. */
export interface RunningNode extends Omit<RunningServer, "handleAccounts"> {
  /** What it is called. */
  readonly node: string;
  /** Reads the accounts anew, if it is the core. */
  reloadAccounts(): Promise<void>;
}

/**
 * Starts one; `options` must have a database. Takes and throws what
 * `startServer` does, but for the accounts: those are in the database.
 */
export async function startNode(
  options: ServerOptions,
  report: Report,
  logLines: ReadonlyMap<string, number> = new Map(),
  now: () => number = () => systemClock().wall,
): Promise<RunningNode> {
  const { plain, database = "", cluster } = options;
  const name = cluster?.node ?? Deno.hostname();
  await using parts = new AsyncDisposableStack();
  const folder = parts.adopt(
    await DataFolder.open(options.dataDir),
    (folder) => folder.close(),
  );
  await refuseDataHere(folder.file("parley.db"), options.dataDir);
  const certificate = plain
    ? undefined
    : await tlsCertificate({ options, folder, report, now });
  const fingerprint = certificate?.fingerprint;
  const files = openableFiles("/", enoughFiles);
  // Loaded where it is used: a server without it starts sooner.
  const { openLease } = await import("./store/postgres/postgres_lease.io.ts");
  const lease = parts.adopt(
    await openLease(
      { database, node: name, version, key: fingerprint ?? "" },
      report,
    ),
    (lease) => lease.close(),
  );
  const openClients = async (nats: string) => {
    // The same: who does not meet others needs nothing of it.
    const { NodeClients } = await import("./node_clients.io.ts");
    const given = {
      ...{ options, folder, node: name, report, now, certificate, files },
      holder: () => node.holder,
    };
    return await NodeClients.open(given, nats, lease.secret);
  };
  const clients = cluster?.nats === undefined ? undefined : parts.adopt(
    await openClients(cluster.nats),
    (clients) => clients.close(),
  );
  const node: Node = parts.adopt(
    new Node(
      name,
      lease,
      { options, report, logLines, now, folder, files },
      clients,
    ),
    (node) => node.stop(),
  );
  const metrics = options.metrics && parts.adopt(
    new MetricsServer(options.metrics.host, options.metrics.port, node),
    (metrics) => metrics.close(),
  );
  lease.start(node);
  clients?.start();
  const running = parts.move();
  return {
    node: name,
    failed: node.failed,
    port: clients?.port ?? options.port,
    fingerprint,
    metricsPort: metrics?.port,
    reloadAccounts: () => node.reloadAccounts(),
    reloadCertificate: () => node.reloadCertificate(),
    stop: () => running.disposeAsync(),
  };
}

/** What a node needs to serve, but for what each term has of its own. */
type NodeParts = Omit<
  ServingParts,
  "certificate" | "openStore" | "accounts" | "source"
>;

/** Serves in the terms in which it has the lease. */
class Node implements LeaseOwner, MetricsSource {
  readonly #name: string;
  readonly #lease: Lease;
  readonly #failed = Promise.withResolvers<string>();
  readonly #parts: NodeParts;
  /** The last term of which anything is known, and whose it is. */
  #core = { holder: "", term: 0 };
  /** In which this node has the lease. */
  #term: number | undefined;
  #hasDatabase = true;
  #serving: Serving | undefined;
  /** Ends the start of serving that is under way, which may take long. */
  #starting = new AbortController();
  /** Of the term in which it serves. */
  #accounts: ClusterAccounts | undefined;
  /** Those of this node, and of all nodes while it is the core. */
  readonly #clients: NodeClients | undefined;
  /** Ends when what was begun is closed again, or serves. */
  #work: Promise<void>;
  #isStopped = false;

  constructor(
    name: string,
    lease: Lease,
    parts: NodeParts,
    clients: NodeClients | undefined,
  ) {
    this.#name = name;
    this.#clients = clients;
    this.#lease = lease;
    this.#parts = parts;
    // An earlier run may have been killed.
    this.#work = this.#emptyUserLog();
  }

  /** The node that the database names as the core; empty for none. */
  get holder(): string {
    return this.#core.holder;
  }

  get isApart(): boolean {
    return this.#clients?.isApart ?? false;
  }

  get isCutOff(): boolean {
    return this.#clients?.isCutOff ?? false;
  }

  /** It can never go on, and why. */
  get failed(): Promise<string> {
    return this.#failed.promise;
  }

  handleHeld(term: number): void {
    this.#core = { holder: this.#name, term };
    this.#term = term;
    this.#work = this.#work.then(() => this.#serve(term));
  }

  handleLost(why: string): void {
    this.#term = undefined;
    this.#starting.abort();
    const { report } = this.#parts;
    report("error", `node "${this.#name}" is no longer the core: ${why}`);
    const serving = this.#serving;
    this.#serving = undefined;
    this.#accounts = undefined;
    // At once: nobody is to be told anything by two cores.
    const closing = serving?.abandon();
    this.#work = Promise.all([this.#work, closing])
      .then(() => this.#emptyUserLog());
    this.#core = { ...this.#core, holder: "" };
  }

  handleOther(holder: string, term: number): void {
    this.#core = { holder, term };
    if (holder === "") return;
    const { report } = this.#parts;
    report("info", `node "${holder}" is the core now, term ${term}`);
  }

  handleReachable(isReachable: boolean): void {
    this.#hasDatabase = isReachable;
  }

  handleStopped(why: string): void {
    this.#failed.resolve(why);
  }

  async reloadAccounts(): Promise<void> {
    const serving = this.#serving;
    try {
      await this.#accounts?.reload((accounts) =>
        serving?.handleAccounts(accounts)
      );
    } catch (error) {
      this.#parts.report("error", messageOf(error));
    }
  }

  async reloadCertificate(): Promise<void> {
    const { options, report } = this.#parts;
    if (options.plain) return;
    const shows = this.#clients ?? this.#serving;
    try {
      // Who stands by without clients shows it when its time comes.
      const key = await shows?.reloadCertificate() ??
        (await tlsCertificate(this.#parts)).fingerprint;
      this.#lease.handleKey(key);
    } catch (error) {
      report("error", messageOf(error));
    }
  }

  fault(): string | undefined {
    const { holder, term } = this.#core;
    if (this.#clients !== undefined) {
      return this.#clients.fault() ?? this.#serving?.fault();
    }
    if (this.#serving !== undefined) return this.#serving.fault();
    if (!this.#hasDatabase) return "standby: the database does not answer";
    if (holder === "") return "standby: no node is the core now";
    if (holder === this.#name) return `starting to serve, term ${term}`;
    return `standby: node "${holder}" is the core, term ${term}`;
  }

  metrics(): string {
    const served = this.#serving?.metrics() ??
      renderProcessMetrics(processSnapshot());
    return served + renderNodeMetrics({
      isCore: this.#serving !== undefined,
      term: this.#core.term,
      hasDatabase: this.#hasDatabase,
      clients: this.#clients?.snapshot(),
    });
  }

  /** Tells every client, and stores what is left. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#starting.abort();
    await this.#work;
    const serving = this.#serving;
    this.#serving = undefined;
    await serving?.stop();
  }

  /** Nobody is online here now. */
  async #emptyUserLog(): Promise<void> {
    const { folder, report } = this.#parts;
    const log = new UserLogFile(
      folder.file("userlog.txt"),
      replaceFile,
      report,
    );
    log.set(() => []);
    await log.close();
  }

  /** Others can do better. */
  #giveUp(term: number, why: string): void {
    if (this.#term !== term) return;
    this.handleLost(why);
    this.#work = this.#work.then(() => this.#lease.release());
  }

  async #serve(term: number): Promise<void> {
    const { options, report } = this.#parts;
    const isOver = () => this.#isStopped || this.#term !== term;
    if (isOver()) return;
    const { signal } = this.#starting = new AbortController();
    try {
      const certificate = options.plain || this.#clients !== undefined
        ? undefined
        : await tlsCertificate(this.#parts);
      if (certificate) this.#lease.handleKey(certificate.fingerprint);
      const source = new ClusterAccounts(this.#lease.openAccounts(), report);
      const accounts = await source.load(options.credentials, signal);
      const serving = await prepareServing({
        ...this.#parts,
        ...{ certificate, accounts, source, signal },
        openStore: () => Promise.resolve(this.#lease.openStore()),
        ...this.#clients && {
          openEntrance: this.#clients.entrance(
            term,
            (why) => this.#giveUp(term, why),
          ),
        },
      });
      if (isOver()) return await serving.abandon();
      this.#serving = serving;
      this.#accounts = source;
      const place = `${bracketed(options.host)}:${serving.port}`;
      serving.start();
      report(
        "info",
        `node "${this.#name}" is the core now, term ${term}: listening on ${place}`,
      );
    } catch (error) {
      if (isOver()) return;
      await this.#lease.release();
      this.#failed.resolve(messageOf(error));
    }
  }
}
