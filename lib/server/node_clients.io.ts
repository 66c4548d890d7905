/**
 * The clients of a node whose nodes share them: those that came to this one, at
 * its ports, and those of all nodes while this one is the core. They stay
 * connected while the core becomes another one.
 */
import type { ServerOptions } from "./admin/options.ts";
import { mostAddresses } from "./cluster/cluster_fields.ts";
import { ClusterNetwork, type CoreEnd } from "./cluster/cluster_network.io.ts";
import { readNatsOption } from "./cluster/nats_option.io.ts";
import type { Report } from "./logs/server_log.io.ts";
import type { RendezvousServer } from "./rendezvous/rendezvous_server.io.ts";
import { type Entrance, openRendezvous } from "./serving.io.ts";
import type { ServerShell } from "./shell.io.ts";
import {
  type CertificateParts,
  ShownCertificate,
} from "./shown_certificate.io.ts";
import { connectionsWithin } from "./core/limits.ts";
import { addressesOf } from "../system/addresses.io.ts";
import { StartError } from "../system/errors.io.ts";
import { version } from "../base/version.ts";
import type { TlsCertificate } from "../security/server_certificate.io.ts";

/** What they need of the node. */
export interface NodeClientsParts extends CertificateParts {
  readonly options: ServerOptions;
  /** The node's name. */
  readonly node: string;
  readonly certificate: TlsCertificate | undefined;
  /** How many files this process may open. */
  readonly files: number;
  /** The node that the database names as the core; empty for none. */
  readonly holder?: () => string;
}

/** Clients at this node's ports, and the line to the core. */
export class NodeClients {
  readonly #report: Report;
  readonly #network: ClusterNetwork;
  readonly #rendezvous: RendezvousServer;
  readonly #shown: ShownCertificate | undefined;
  readonly #holder: (() => string) | undefined;

  private constructor(parts: NodeClientsParts, network: ClusterNetwork) {
    const { report, certificate, holder } = parts;
    this.#report = report;
    this.#holder = holder;
    this.#network = network;
    this.#rendezvous = openRendezvous(
      parts.options,
      (news) => network.handleRendezvous(news),
      network.port,
      report,
    );
    this.#shown = certificate && new ShownCertificate(
      parts,
      certificate,
      (read) => network.replaceCertificate(read),
    );
  }

  /**
   * Binds the ports and begins to connect.
   *
   * @param nats The option `--nats`.
   * @param secret Of the cluster.
   * @throws {StartError} when something of that cannot be used.
   */
  static async open(
    parts: NodeClientsParts,
    nats: string,
    secret: Uint8Array,
  ): Promise<NodeClients> {
    const { options, node, report, certificate, files, holder } = parts;
    const { host, port, cluster } = options;
    const network = new ClusterNetwork({
      most: connectionsWithin(files),
      ...{ host, port, node, report, certificate, secret, holder },
      nats: await readNatsOption(nats),
      addresses: await advertised(cluster?.advertise),
      advertise: cluster?.advertise,
    });
    return new NodeClients(parts, network);
  }

  /** The port that it listens on. */
  get port(): number {
    return this.#network.port;
  }

  /** Takes the first clients. */
  start(): void {
    this.#network.start(this.#rendezvous);
  }

  /** Why clients cannot log in here now; undefined when they can. */
  fault(): string | undefined {
    if (!this.#network.hasNats) return "NATS cannot be reached";
    if (this.#network.core !== undefined) return undefined;
    const holder = this.#holder?.() ?? "";
    return holder === ""
      ? "no node is the core now"
      : `node "${holder}" is the core, but is not heard over NATS yet`;
  }

  /** True while no core was ever heard of over NATS. */
  get isApart(): boolean {
    return !this.#network.hasHeard;
  }

  /** True while NATS cannot be reached. */
  get isCutOff(): boolean {
    return !this.#network.hasNats;
  }

  /** How things are, for the metrics. */
  snapshot() {
    const { size: connections, hasNats, core, lags } = this.#network;
    return { connections, hasNats, isServed: core !== undefined, lags };
  }

  /** See `Serving.reloadCertificate`. */
  async reloadCertificate(): Promise<string | undefined> {
    return await this.#shown?.reload();
  }

  /**
   * Makes the clients of all nodes those of a core.
   *
   * @param giveUp This node cannot be the core any more, and why.
   */
  entrance(
    term: number,
    giveUp: (why: string) => void,
  ): (shell: ServerShell) => Entrance {
    return (shell) => {
      const report = this.#report;
      const core: CoreEnd = this.#network.serve(term, {
        handleOpen: (id, remote) => shell.handleOpen(id, remote),
        handleData: (id, bytes) => shell.handleData(id, bytes),
        handleClosed: (id) => shell.handleClosed(id),
        takeFrames: (id, enough) => shell.takeFrames(id, enough),
        handleRendezvous: (news, run) => shell.handleRendezvous(news, run),
        handleAttached: (gateway) => {
          const other = gateway.version === version
            ? ""
            : `; it has version ${gateway.version}, this one ${version}`;
          report(
            "info",
            `node "${gateway.node}" is there with its clients${other}`,
          );
          // Who came before it would not find it when its own node is gone.
          if (gateway.place !== undefined) shell.handleHosts();
        },
        handleDetached: ({ node }, why) =>
          report("warning", `node "${node}" is gone with its clients: ${why}`),
        handleUnfit: giveUp,
      });
      return {
        network: core,
        rendezvous: {
          handleChange: (change, at) => core.handleChange(change, at),
          counters: this.#rendezvous.counters,
        },
        port: this.#network.port,
        udpPort: this.#rendezvous.port,
        probePort: this.#rendezvous.probePort,
        isLasting: true,
        hosts: () => core.hosts,
        start: () => core.start(),
        reloadCertificate: () => this.reloadCertificate(),
        close: () => Promise.resolve(core.close()),
      };
    };
  }

  /** Tells the clients, and closes the ports. */
  async close(): Promise<void> {
    this.#shown?.close();
    await this.#network.close();
    await this.#rendezvous.close();
  }
}

/** Where clients of other nodes reach this one. */
async function advertised(host: string | undefined): Promise<string[]> {
  if (host === undefined) return [];
  try {
    const found = await addressesOf(host);
    return found.slice(0, mostAddresses);
  } catch {
    throw new StartError(
      `cannot find "${host}" of --advertise; use a name that leads here, or an IP address`,
    );
  }
}
