/**
 * A node's part in the network of a cluster: its gateway, which holds the clients
 * that came to this node, and, while this node is the core, the line ends to the
 * gateways of all nodes. What one turn of the event loop has to say goes out at
 * the end of it.
 */
import { bracketed } from "../../base/ip_address.ts";
import { createHash } from "node:crypto";
import { encodeHex } from "@std/encoding/hex";
import { setImmediate } from "node:timers";
import type { ConnectionId } from "../model/actions.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import type { Report } from "../logs/server_log.io.ts";
import type { FramesForMany, Network, NetworkOwner } from "../net/network.ts";
import { TcpServer } from "../net/tcp_server.io.ts";
import type { RendezvousServer } from "../rendezvous/rendezvous_server.io.ts";
import type { TlsCertificate } from "../../security/server_certificate.io.ts";
import { systemClock, systemRandom } from "../../system/clock.io.ts";
import { version } from "../../base/version.ts";
import {
  type Attachment,
  decodeLead,
  encodeJson,
  type Lead,
  mostNamed,
} from "./cluster_fields.ts";
import { messageFormat } from "./cluster_message.ts";
import { CoreLinks, type CoreLinksOwner, type NodeLag } from "./core_links.ts";
import { Gateway } from "./gateway.ts";
import { NatsBus } from "./nats_bus.io.ts";
import type { NatsAccess } from "./nats_option.io.ts";

/** What a node says of itself, and works with. */
export interface ClusterNetworkOptions {
  readonly nats: NatsAccess;
  /** The node's name. */
  readonly node: string;
  /** IP addresses at which all clients reach it; those they come to if none. */
  readonly addresses: readonly string[];
  /** As it was named, for clients of other nodes; absent where it was not. */
  readonly advertise?: string | undefined;
  /** Where it listens. */
  readonly host: string;
  readonly port: number;
  readonly certificate: TlsCertificate | undefined;
  /** How many connections there may be; any number by default. */
  readonly most?: number;
  /** Known to the nodes of this cluster alone; names their subjects. */
  readonly secret: Uint8Array;
  readonly report: Report;
  /** The node that the database names as the core; empty for none. */
  readonly holder?: (() => string) | undefined;
}

/** Who is told what matters to a core. */
export interface CoreOwner extends CoreLinksOwner {
  /** This node cannot be the core any more, and why. */
  handleUnfit(why: string): void;
}

/** The gateway at work. */
export class ClusterNetwork {
  readonly #options: ClusterNetworkOptions;
  readonly #bus: NatsBus;
  readonly #tcp: TcpServer;
  readonly #gateway: Gateway;
  /** What all subjects of this cluster begin with. */
  readonly #prefix: string;
  readonly #timer: ReturnType<typeof setInterval>;
  #rendezvous: RendezvousServer | undefined;
  #core: CoreEnd | undefined;
  /** When the core was last told what is relayed, monotonic ms. */
  #toldAt = -Infinity;
  #isFlushDue = false;
  #isReading = true;

  /**
   * Binds the port; nobody is accepted before {@link start}.
   *
   * @throws {StartError} when it cannot be bound.
   */
  constructor(options: ClusterNetworkOptions) {
    this.#options = options;
    const { node, report, host, port, certificate } = options;
    const gateway = this.#gateway = new Gateway({
      run: encodeHex(systemRandom.bytes(8)),
      describe: () => ({
        node,
        version,
        udpPort: this.#rendezvous?.port ?? 0,
        probePort: this.#rendezvous?.probePort ?? 0,
        ...options.advertise !== undefined && {
          place: `${bracketed(options.advertise)}:${this.port}`,
        },
      }),
      addresses: options.addresses,
      ...options.holder && { holder: options.holder },
      network: {
        wake: (ids) => this.#tcp.wake(ids),
        enter: (id) => this.#tcp.enter(id),
        finish: (id) => this.#tcp.finish(id),
        abort: (id) => this.#tcp.abort(id),
      },
      report,
    }, systemClock().mono);
    // What a turn of the event loop brings goes out together.
    const owner: NetworkOwner = {
      handleOpen: (id, remote) => {
        gateway.handleOpen(id, remote);
        this.#flushAfterTurn();
      },
      handleData: (id, bytes) => {
        gateway.handleData(id, bytes);
        this.#flushAfterTurn();
      },
      handleClosed: (id) => {
        gateway.handleClosed(id);
        this.#flushAfterTurn();
      },
      takeFrames: (id, enoughBytes) => {
        this.#flushAfterTurn();
        return gateway.takeFrames(id, enoughBytes);
      },
    };
    const { most } = options;
    this.#tcp = new TcpServer(host, port, owner, report, certificate, most);
    this.#prefix = subjectsOf(options.secret);
    this.#bus = new NatsBus(options.nats, report);
    this.#bus.subscribe(`${this.#prefix}.lead`, (bytes) => {
      const lead = decodeLead(bytes);
      if (lead !== undefined) this.#handleLead(lead);
    });
    this.#bus.subscribe(`${this.#prefix}.gateway.${gateway.run}`, (bytes) => {
      gateway.handleMessage(bytes, systemClock().mono);
      this.#flushAfterTurn();
    });
    this.#timer = setInterval(() => this.#handleTime(), lookMs);
  }

  /** The port for clients. */
  get port(): number {
    return this.#tcp.port;
  }

  /** Clients that are connected to this node. */
  get size(): number {
    return this.#tcp.size;
  }

  /** The core that this node's clients are served by, if there is one. */
  get core(): Lead | undefined {
    return this.#gateway.core;
  }

  /** How far the nodes that this one has lines to are behind. */
  get lags(): NodeLag[] {
    const { mono } = systemClock();
    const core = this.#core?.isClosed ? undefined : this.#core;
    return [this.#gateway.lag(mono) ?? [], core?.lags(mono) ?? []].flat();
  }

  /** True once a core was heard of. */
  get hasHeard(): boolean {
    return this.#gateway.hasHeard;
  }

  /** True while NATS can be reached. */
  get hasNats(): boolean {
    return this.#bus.downMs === 0;
  }

  /**
   * Starts to accept connections.
   *
   * @param rendezvous Of this node; told what the core says of it.
   */
  start(rendezvous: RendezvousServer): void {
    this.#rendezvous = rendezvous;
    this.#tcp.start();
  }

  /** The rendezvous tells what matters. */
  handleRendezvous(news: RendezvousNews): void {
    this.#gateway.handleRendezvous(news);
    this.#flushAfterTurn();
  }

  /**
   * Shows another certificate to those who connect from now on.
   *
   * @throws {StartError} when it cannot be used; the one before stays.
   */
  replaceCertificate(certificate: TlsCertificate): void {
    this.#tcp.replaceCertificate(certificate);
  }

  /** This node is the core: the clients of all nodes are its. */
  serve(term: number, owner: CoreOwner): CoreEnd {
    const { node } = this.#options;
    this.#core?.close();
    return this.#core = new CoreEnd(
      this.#bus,
      this.#prefix,
      { term, node },
      owner,
    );
  }

  /** Hands the connections to nobody any more, and closes them. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#core?.close();
    this.#gateway.close();
    this.#flush();
    await this.#tcp.close();
    await this.#bus.close();
  }

  #handleLead(lead: Lead): void {
    const core = this.#core;
    if (core !== undefined && !core.isClosed && lead.term > core.term) {
      core.owner.handleUnfit(`node "${lead.node}" is the core of a later term`);
    }
    this.#gateway.handleLead(lead, systemClock().mono);
    this.#flush();
  }

  #handleTime(): void {
    const { mono } = systemClock();
    this.#gateway.handleTimeout(mono, this.#bus.downMs > 0);
    if (this.#gateway.core !== undefined && mono >= this.#toldAt + tellMs) {
      this.#toldAt = mono;
      this.#rendezvous?.tellUses();
    }
    this.#flush();
    const core = this.#core;
    if (core === undefined || core.isClosed) return;
    core.handleTime(mono);
    if (this.#bus.downMs < unfitMs) return;
    core.owner.handleUnfit("it cannot reach NATS");
  }

  #flushAfterTurn(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    setImmediate(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    const gateway = this.#gateway;
    for (;;) {
      const message = gateway.pollMessage();
      if (message === undefined) break;
      this.#bus.publish(`${this.#prefix}.core.${message.term}`, message.bytes);
    }
    for (;;) {
      const change = gateway.pollChange();
      if (change === undefined) break;
      this.#rendezvous?.handleChange(change);
    }
    const mayRead = !gateway.isFull;
    if (mayRead === this.#isReading) return;
    this.#isReading = mayRead;
    this.#tcp.setReading(mayRead);
  }
}

/** What all subjects of the cluster with this secret begin with. */
export function subjectsOf(secret: Uint8Array): string {
  const name = createHash("sha256").update("cluster\0").update(secret)
    .digest("hex").slice(0, 16);
  return `parley.${name}`;
}

/** The line ends of the core of a term. */
export class CoreEnd implements Network {
  readonly term: number;
  readonly owner: CoreOwner;
  readonly #bus: NatsBus;
  readonly #prefix: string;
  readonly #node: string;
  readonly #links: CoreLinks;
  readonly #unsubscribe: () => void;
  #announcedAt = -Infinity;
  #isFlushDue = false;
  #isStarted = false;
  #isClosed = false;

  constructor(
    bus: NatsBus,
    prefix: string,
    { term, node }: Pick<Lead, "term" | "node">,
    owner: CoreOwner,
  ) {
    const { mono } = systemClock();
    this.term = term;
    this.#node = node;
    this.owner = owner;
    this.#bus = bus;
    this.#prefix = prefix;
    this.#links = new CoreLinks(term, owner, mono);
    this.#unsubscribe = bus.subscribe(
      `${prefix}.core.${term}`,
      (bytes) => {
        if (this.#isClosed) return;
        this.#links.handleMessage(bytes, systemClock().mono);
        this.#flushSoon();
      },
    );
  }

  /** Says to the gateways that it is there. */
  start(): void {
    this.#isStarted = true;
    this.handleTime(systemClock().mono);
  }

  /** True when it says and hears nothing any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The gateways that are there. */
  get gateways(): Attachment[] {
    return this.#links.gateways;
  }

  /** How far each of them is behind at `now`, monotonic ms. */
  lags(now: number): NodeLag[] {
    return this.#links.lags(now);
  }

  /** Where clients find them, as HOST:PORT. */
  get hosts(): string[] {
    return this.gateways.flatMap(({ place }) => place ?? []);
  }

  wake(connections: readonly ConnectionId[]): void {
    this.#links.wake(connections);
    this.#flushSoon();
  }

  share(frames: FramesForMany): readonly ConnectionId[] {
    this.#flushSoon();
    return this.#links.share(frames);
  }

  enter(connection: ConnectionId, restarts: boolean): void {
    this.#links.enter(connection, restarts);
    this.#flushSoon();
  }

  finish(connection: ConnectionId): void {
    this.#links.finish(connection);
    this.#flushSoon();
  }

  abort(connection: ConnectionId): void {
    this.#links.abort(connection);
    this.#flushSoon();
  }

  /**
   * The core tells what is so from now on.
   *
   * @param at The rendezvous of this connection's node alone; else all.
   */
  handleChange(change: RendezvousChange, at?: ConnectionId): void {
    this.#links.handleChange(change, at);
    this.#flushSoon();
  }

  /** Does what is due at `now`, monotonic ms. */
  handleTime(now: number): void {
    this.#links.handleTimeout(now);
    this.#flush();
    if (!this.#isStarted || now < this.#announcedAt + announceMs) return;
    this.#announcedAt = now;
    const lead: Lead = {
      term: this.term,
      node: this.#node,
      version,
      format: messageFormat,
      nodes: this.gateways.map(({ node }) => node).slice(0, mostNamed),
    };
    this.#bus.publish(`${this.#prefix}.lead`, encodeJson(lead));
  }

  /** Tells the gateways that this core goes; the connections stay theirs. */
  close(): void {
    if (this.#isClosed) return;
    this.#links.close();
    this.#flush();
    this.#isClosed = true;
    this.#unsubscribe();
  }

  /** What the core says in one go is one message for each gateway. */
  #flushSoon(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#isClosed) return;
    for (;;) {
      const message = this.#links.pollMessage();
      if (message === undefined) return;
      const { run, bytes } = message;
      this.#bus.publish(`${this.#prefix}.gateway.${run}`, bytes);
    }
  }
}

/** How often is looked for what is due, ms. */
const lookMs = 250;
/** How often the core is told what is relayed, ms. */
const tellMs = 1_000;
/** How often the core says that it is there, ms. */
const announceMs = 1_000;
/** How long the core may be without NATS, ms. */
const unfitMs = 3_000;
