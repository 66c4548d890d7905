/**
 * A core without a server in it, gateways without sockets and what is between
 * them, in virtual time: messages arrive in order, and can be lost, held back or
 * come from a core that is no more.
 */
import {
  CoreLinks,
  type CoreLinksOwner,
} from "../../lib/server/cluster/core_links.ts";
import { messageFormat } from "../../lib/server/cluster/cluster_message.ts";
import { Gateway } from "../../lib/server/cluster/gateway.ts";
import type { RemoteAddress } from "../../lib/server/model/actions.ts";
import {
  type Frame,
  OutgoingQueue,
} from "../../lib/server/model/outgoing_queue.ts";
import type { Network } from "../../lib/server/net/network.ts";
import { joinFrames } from "../../lib/server/net/join_frames.ts";

/** What the core of a term knows of its connections. */
export class LabCore implements CoreLinksOwner {
  readonly term: number;
  readonly links: CoreLinks;
  /** By number: what came, and what waits to be taken. */
  readonly connections = new Map<
    number,
    { remote: RemoteAddress; text: string; queue: OutgoingQueue }
  >();
  readonly closed: number[] = [];
  readonly detached: string[] = [];
  /** False once it was killed. */
  isAlive = true;
  /** Messages that it sent, and their bytes. */
  sent = 0;
  sentBytes = 0;

  constructor(term: number, now: number) {
    this.term = term;
    this.links = new CoreLinks(term, this, now);
  }

  handleOpen(id: number, remote: RemoteAddress): void {
    this.connections.set(id, { remote, text: "", queue: new OutgoingQueue() });
  }

  handleData(id: number, bytes: Uint8Array): void {
    this.connections.get(id)!.text += decoder.decode(bytes);
  }

  takeFrames(id: number, enoughBytes: number): readonly Frame[] {
    return this.connections.get(id)?.queue.take(enoughBytes) ?? [];
  }

  handleClosed(id: number): void {
    this.connections.delete(id);
    this.closed.push(id);
  }

  handleAttached(): void {}

  handleDetached(_gateway: unknown, why: string): void {
    this.detached.push(why);
  }

  handleRendezvous(): void {}

  /** Sends a frame to some of its connections; to all by default. */
  send(frame: Frame, to: Iterable<number> = this.connections.keys()): void {
    const ids = [...to];
    for (const id of ids) this.connections.get(id)!.queue.push(frame);
    this.links.wake(ids);
  }
}

/** A node's gateway with its clients. */
export class LabGateway implements Network {
  readonly gateway: Gateway;
  readonly run: string;
  /** What each client got. */
  readonly got = new Map<number, string>();
  readonly finished: number[] = [];
  readonly aborted: number[] = [];
  readonly entered: number[] = [];
  /** What it said to those who run it. */
  readonly reports: string[] = [];
  /** The node that its database names as the core. */
  holder = "";
  /** Clients that do not read. */
  readonly slow = new Set<number>();
  /** False while nothing of it arrives anywhere. */
  isReachable = true;
  #last = 0;

  constructor(run: string, now: number) {
    this.run = run;
    this.gateway = new Gateway({
      run,
      describe: () => ({
        node: run,
        version: "1",
        udpPort: 0,
        probePort: 0,
      }),
      addresses: [],
      network: this,
      report: (_level, text) => void this.reports.push(text),
      holder: () => this.holder,
    }, now);
  }

  /** A client connects; its number. */
  connect(): number {
    const id = ++this.#last;
    this.got.set(id, "");
    this.gateway.handleOpen(id, { ip: "192.0.2.1", port: id, local: false });
    return id;
  }

  /** A client sends lines. */
  say(id: number, ...lines: readonly object[]): void {
    const text = lines.map((line) => JSON.stringify(line) + "\n").join("");
    this.gateway.handleData(id, encoder.encode(text));
  }

  /** What a client got since the last call. */
  take(id: number): string {
    const text = this.got.get(id) ?? "";
    this.got.set(id, "");
    return text;
  }

  /** A client reads again. */
  read(id: number): void {
    this.slow.delete(id);
    this.wake([id]);
  }

  wake(connections: readonly number[]): void {
    for (const id of connections) {
      if (this.slow.has(id)) continue;
      for (;;) {
        const bytes = joinFrames(this.gateway.takeFrames(id, 4096));
        if (bytes === undefined) break;
        this.got.set(id, this.got.get(id) + decoder.decode(bytes));
      }
    }
  }

  enter(id: number): void {
    this.entered.push(id);
  }

  finish(id: number): void {
    this.slow.delete(id);
    this.wake([id]);
    this.finished.push(id);
    this.gateway.handleClosed(id);
  }

  abort(id: number): void {
    this.aborted.push(id);
    this.gateway.handleClosed(id);
  }
}

/** All of them. */
export class ClusterLab {
  now = 1_000;
  readonly gateways: LabGateway[] = [];
  readonly cores: LabCore[] = [];
  /** Told of every message; false loses it. */
  passes: (from: "core" | "gateway", bytes: Uint8Array) => boolean = () => true;

  /** @param gateways How many there are. */
  constructor(gateways = 1) {
    for (let index = 1; index <= gateways; index++) {
      const run = String(index).padStart(16, "0");
      this.gateways.push(new LabGateway(run, this.now));
    }
  }

  /** Another node is the core now; those before are not told. */
  begin(term = this.cores.length + 1): LabCore {
    const core = new LabCore(term, this.now);
    this.cores.push(core);
    this.announce(core);
    this.settle();
    return core;
  }

  /** The core says that it is there, as each second. */
  announce(
    { term, isAlive }: LabCore,
    { version = "1", format = messageFormat } = {},
  ): void {
    if (!isAlive) return;
    for (const { gateway, isReachable } of this.gateways) {
      const node = `node ${term}`;
      const lead = { term, node, version, format, nodes: [] };
      if (isReachable) gateway.handleLead(lead, this.now);
    }
  }

  /** Hands over messages until there are none. */
  settle(): void {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      if (!this.#pass()) return;
    }
    throw new Error("they never come to an end");
  }

  /** Lets time pass. */
  advance(ms: number): void {
    const end = this.now + ms;
    while (this.now < end) {
      const before = Math.floor(this.now / 1000);
      this.now = Math.min(end, this.now + 250);
      for (const core of this.cores) {
        if (!core.isAlive) continue;
        core.links.handleTimeout(this.now);
        if (Math.floor(this.now / 1000) > before) this.announce(core);
      }
      for (const { gateway, isReachable } of this.gateways) {
        gateway.handleTimeout(this.now, !isReachable);
      }
      this.settle();
    }
  }

  #pass(): boolean {
    let isBusy = false;
    for (const { gateway, isReachable } of this.gateways) {
      const message = gateway.pollMessage();
      if (message === undefined) continue;
      isBusy = true;
      const core = this.cores.find(({ term }) => term === message.term);
      const arrives = isReachable && this.passes("gateway", message.bytes);
      if (!core?.isAlive || !arrives) continue;
      core.links.handleMessage(message.bytes, this.now);
    }
    for (const core of this.cores) {
      if (!core.isAlive) continue;
      const message = core.links.pollMessage();
      if (message === undefined) continue;
      isBusy = true;
      core.sent++;
      core.sentBytes += message.bytes.length;
      const to = this.gateways.find(({ run }) => run === message.run);
      if (!to?.isReachable || !this.passes("core", message.bytes)) continue;
      to.gateway.handleMessage(message.bytes, this.now);
    }
    return isBusy;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
