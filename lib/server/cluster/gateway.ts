/**
 * The gateway's end of the line to the core: it holds the clients' connections of
 * its node and hands on what passes between them and the core, whichever node
 * runs that.
 *
 * When the core is another one, or the line to it was broken, the clients keep
 * their connections. Each is told to begin anew on its own (event `restart`), and
 * does what it does after a loss: it says hello, comes back by its token and
 * sends again what had no answer. What it sent before that is dropped, which its
 * hello ends by the number of the restart. A client that does not know the event,
 * or that is not logged in yet, is hung up on and comes back by itself.
 *
 * Without a core nobody is let in: what comes from strangers is held for a while.
 * When that lasts ({@link patienceMs}), everybody is told and hung up on, and
 * may find another node; sooner when it is this node that is cut off.
 *
 * After any call drain {@link Gateway.pollMessage} and {@link Gateway.pollChange};
 * call {@link Gateway.handleTimeout} several times a second.
 */
import { joinBytes } from "../../base/bytes.ts";
import { type ErrorCode, wireError } from "../../wire/errors.ts";
import { encodeFrame, parseFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { event } from "../../wire/server_frame.ts";
import type { ConnectionId, RemoteAddress } from "../model/actions.ts";
import { type Frame, OutgoingQueue } from "../model/outgoing_queue.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import type { Network, NetworkOwner } from "../net/network.ts";
import type { Attachment, Lead } from "./cluster_fields.ts";
import {
  type ClusterItem,
  decodeClusterMessage,
  messageFormat,
} from "./cluster_message.ts";
import { type NodeLag, windowBytes } from "./core_links.ts";
import { LineEnd } from "./line_end.ts";

/** A message for the core of a term. */
export interface CoreMessage {
  readonly term: number;
  readonly bytes: Uint8Array;
}

/** What a gateway works with. */
export interface GatewayParts {
  /** Names this run of the node: eight bytes, hexadecimal. */
  readonly run: string;
  /** What it says of itself; asked for at each attachment. */
  readonly describe: () => Attachment;
  /** IP addresses at which all clients reach it; those they come to if none. */
  readonly addresses: readonly string[];
  /** Who holds the connections. */
  readonly network: Network;
  readonly report: (level: "info" | "warning", text: string) => void;
  /** The node that the database names as the core; empty for none. */
  readonly holder?: () => string;
}

/** The connections of a node, for the core. */
export class Gateway implements NetworkOwner {
  readonly #parts: GatewayParts;
  readonly #connections = new Map<ConnectionId, GatewayConnection>();
  #lead: Lead | undefined;
  #line: LineEnd | undefined;
  #isAttached = false;
  #attachments = 0;
  /** When the core was last asked to take this gateway, monotonic ms. */
  #attachAt = 0;
  /** Since when there is no core, monotonic ms. */
  #apartSince: number;
  /** Everybody was told that there is no core. */
  #isUnavailable = false;
  #changes: RendezvousChange[] = [];
  #restarts = 0;
  /** Monotonic ms, of the last call that said so. */
  #now: number;

  /** @param now Monotonic ms. */
  constructor(parts: GatewayParts, now: number) {
    this.#parts = parts;
    this.#apartSince = now;
    this.#now = now;
  }

  /** Names this run of the node. */
  get run(): string {
    return this.#parts.run;
  }

  /** The core that this gateway is attached to. */
  get core(): Lead | undefined {
    return this.#isAttached ? this.#lead : undefined;
  }

  /** How far the core is behind at `now`, monotonic ms; undefined without one. */
  lag(now: number): NodeLag | undefined {
    const { core } = this;
    if (core === undefined || this.#line === undefined) return undefined;
    return { from: "gateway", node: core.node, ...this.#line.lag(now) };
  }

  /** True while the core takes no more: clients should be read no further. */
  get isFull(): boolean {
    return this.#line?.isFull ?? false;
  }

  /** True once a core was heard of. */
  get hasHeard(): boolean {
    return this.#lead !== undefined;
  }

  /** A core says that it is there. */
  handleLead(lead: Lead, now: number): void {
    this.#now = now;
    const known = this.#lead?.term ?? 0;
    if (lead.term < known) return;
    if (lead.term > known) {
      this.#detach("another core has taken over");
      this.#checkVersion(lead);
    }
    this.#lead = lead;
    if (this.#line !== undefined || lead.format !== messageFormat) return;
    this.#attach(lead.term);
  }

  /** A message came from a core; its bytes may be reused after the call. */
  handleMessage(bytes: Uint8Array, now: number): void {
    this.#now = now;
    const line = this.#line;
    const message = decodeClusterMessage(bytes);
    if (line === undefined || message === undefined) return;
    const isOurs = message.term === line.term &&
      message.run === line.run && message.attachment === line.attachment;
    if (!isOurs) return;
    const fault = line.handleMessage(message, bytes.length, now);
    if (fault === "repeated") return;
    if (fault !== undefined) return this.#detach(fault);
    const bodies: Uint8Array[] = [];
    const woken: ConnectionId[] = [];
    for (const item of message.items) {
      if (line !== this.#line) break;
      this.#take(item, bodies, woken);
    }
    this.#parts.network.wake(woken);
  }

  handleOpen(id: ConnectionId, remote: RemoteAddress): void {
    const connection = new GatewayConnection(id, remote, this.#now);
    this.#connections.set(id, connection);
    if (this.#isAttached) return this.#open(connection);
    const held = [...this.#connections.values()]
      .filter(({ phase }) => phase === "held");
    if (held.length > limits.unauthenticated) {
      this.#parts.network.abort(held[0]!.id);
    }
  }

  handleData(id: ConnectionId, bytes: Uint8Array): void {
    const connection = this.#connections.get(id);
    switch (connection?.phase) {
      case "open":
        connection.hasSpoken = true;
        this.#line?.add({ item: "data", connection: id, bytes });
        return;
      case "held":
        if (!this.#isUnavailable) return this.#hold(connection, bytes);
        return this.#hangUp(connection, "unavailable");
      case "restarting":
        return this.#awaitHello(connection, bytes);
      default:
        // Sent again, where that matters.
        return;
    }
  }

  takeFrames(id: ConnectionId, enoughBytes: number): readonly Frame[] {
    const connection = this.#connections.get(id);
    if (connection === undefined) return [];
    const frames = connection.queue.take(enoughBytes);
    if (connection.phase !== "open") return frames;
    for (const { length } of frames) connection.untold += length;
    if (connection.untold >= windowBytes / 2) {
      const { untold: bytes } = connection;
      this.#line?.add({ item: "written", connection: id, bytes });
      connection.untold = 0;
    }
    return frames;
  }

  handleClosed(id: ConnectionId): void {
    const connection = this.#connections.get(id);
    this.#connections.delete(id);
    if (connection?.phase !== "open") return;
    this.#line?.add({ item: "closed", connection: id });
  }

  /** The rendezvous tells what matters. */
  handleRendezvous(news: RendezvousNews): void {
    if (this.#isAttached) this.#line?.add({ item: "news", news });
  }

  /** This node stops: clients are told, and the core, if there is one. */
  close(): void {
    for (const connection of [...this.#connections.values()]) {
      this.#hangUp(connection, "shutting_down");
    }
    this.#line?.add({ item: "end" });
  }

  /**
   * Does what is due.
   *
   * @param isCutOff True while this node reaches no other one.
   */
  handleTimeout(now: number, isCutOff = false): void {
    this.#now = now;
    const isLate = !this.#isAttached && this.#line !== undefined &&
      now >= this.#attachAt + attachMs;
    const fault = this.#line?.handleTimeout(now);
    if (fault !== undefined) this.#detach(fault);
    // It is tried again when the core says next that it is there.
    else if (isLate) this.#line = undefined;
    const mostMs = isCutOff ? cutOffMs : patienceMs;
    if (!this.#isAttached && now >= this.#apartSince + mostMs) {
      this.#giveUp(isCutOff);
    }
    for (const connection of this.#connections.values()) {
      const { phase, since } = connection;
      const isWaiting = phase === "restarting" || phase === "held";
      if (isWaiting && now >= since + limits.deadMs) {
        this.#parts.network.abort(connection.id);
      }
    }
  }

  /** The next message to send, until there is none. */
  pollMessage(): CoreMessage | undefined {
    const line = this.#line;
    const bytes = line?.pollMessage(this.#now);
    return line && bytes && { term: line.term, bytes };
  }

  /** The next thing that the rendezvous is to know, until there is none. */
  pollChange(): RendezvousChange | undefined {
    return this.#changes.shift();
  }

  /** Says what matters to those who bring in another version. */
  #checkVersion({ node, version, format }: Lead): void {
    const { report, describe } = this.#parts;
    const own = describe().version;
    if (format !== messageFormat) {
      return report(
        "warning",
        `node "${node}" is the core and has version ${version}, which this ` +
          `version ${own} cannot serve clients with: bring both to one version`,
      );
    }
    if (version === own) return;
    report(
      "info",
      `node "${node}" is the core and has version ${version}, this one ${own}`,
    );
  }

  #attach(term: number): void {
    const attachment = ++this.#attachments;
    const { run, describe } = this.#parts;
    this.#line = new LineEnd({ term, run, attachment }, this.#now);
    this.#line.add({ item: "attach", gateway: describe() });
    this.#attachAt = this.#now;
  }

  /** The core takes this gateway: everybody's connection goes on with it. */
  #attached(): void {
    this.#isAttached = true;
    this.#isUnavailable = false;
    const { node = "" } = this.#lead ?? {};
    this.#parts.report("info", `clients are served by node "${node}"`);
    const woken: ConnectionId[] = [];
    for (const connection of this.#connections.values()) {
      if (connection.phase === "held") this.#open(connection);
      if (connection.phase !== "paused") continue;
      const number = ++this.#restarts;
      connection.phase = "restarting";
      connection.since = this.#now;
      connection.restart = number;
      connection.queue.push(encodeFrame(event("restart", { number })));
      woken.push(connection.id);
    }
    this.#parts.network.wake(woken);
  }

  /** The line to the core is over. */
  #detach(why: string): void {
    if (this.#line === undefined) return;
    this.#line = undefined;
    if (!this.#isAttached) return;
    this.#isAttached = false;
    this.#apartSince = this.#now;
    this.#parts.report("warning", `the line to the core is over: ${why}`);
    for (const connection of [...this.#connections.values()]) {
      const { phase, isEntered, restarts, hasSpoken } = connection;
      connection.untold = 0;
      if (phase === "restarting") connection.phase = "paused";
      if (phase !== "open") continue;
      if (!isEntered && !hasSpoken) connection.phase = "held";
      else if (isEntered && restarts && connection.endsLine) {
        connection.phase = "paused";
      } else this.#hangUp(connection, "shutting_down");
    }
  }

  /** There was no core for long. */
  #giveUp(isCutOff: boolean): void {
    if (this.#isUnavailable) return;
    this.#isUnavailable = true;
    const holder = isCutOff ? "" : this.#parts.holder?.() ?? "";
    this.#parts.report(
      "warning",
      holder === ""
        ? "there is no core: nobody can log in"
        : `node "${holder}" is the core, but nothing is heard of it over ` +
          "NATS: nobody can log in; start all nodes with the same --nats",
    );
    for (const connection of [...this.#connections.values()]) {
      // Who has said nothing may not be able to read an answer.
      const isSilent = connection.phase === "held" &&
        connection.held.length === 0;
      if (!isSilent) this.#hangUp(connection, "unavailable");
    }
  }

  #take(
    item: ClusterItem,
    bodies: Uint8Array[],
    woken: ConnectionId[],
  ): void {
    const { network } = this.#parts;
    switch (item.item) {
      case "accept":
        return this.#attached();
      case "body":
        // Not to hold a whole message for one of its frames.
        bodies.push(item.bytes.slice());
        return;
      case "write": {
        for (const id of item.connections) {
          const connection = this.#connections.get(id);
          if (connection?.phase !== "open") continue;
          for (const place of item.places) {
            const frame = bodies[place]!;
            if (!connection.queue.push(frame)) network.abort(id);
            connection.endsLine = frame.at(-1) === lineFeed;
          }
          woken.push(id);
        }
        return;
      }
      case "enter": {
        const connection = this.#connections.get(item.connection);
        if (connection === undefined) return;
        connection.isEntered = true;
        connection.restarts = item.restarts;
        return network.enter(connection.id, item.restarts);
      }
      case "finish": {
        const connection = this.#connections.get(item.connection);
        if (connection === undefined) return;
        return network.finish(connection.id);
      }
      case "abort":
        return network.abort(item.connection);
      case "change":
        this.#changes.push(item.change);
        return;
      case "end":
        return this.#detach("it ended");
      default:
        // What only gateways say, or was seen to already.
        return;
    }
  }

  #open(connection: GatewayConnection): void {
    const { id } = connection;
    const { describe, addresses: given } = this.#parts;
    const { node, udpPort, probePort } = describe();
    const { to, ...from } = connection.remote;
    const addresses = given.length > 0 || to === undefined ? given : [to];
    const udp = { node, udpPort, probePort, addresses };
    const remote = { ...from, udp };
    connection.phase = "open";
    this.#line?.add({ item: "open", connection: id, remote });
    for (const bytes of connection.held.splice(0)) this.handleData(id, bytes);
    connection.heldBytes = 0;
  }

  #hold(connection: GatewayConnection, bytes: Uint8Array): void {
    connection.held.push(bytes.slice());
    connection.heldBytes += bytes.length;
    if (connection.heldBytes <= mostHeldBytes) return;
    this.#parts.network.abort(connection.id);
  }

  /** Drops what came before the hello of the restart. */
  #awaitHello(connection: GatewayConnection, bytes: Uint8Array): void {
    const all = joinBytes([...connection.held.splice(0), bytes]);
    let from = 0;
    for (;;) {
      const end = all.indexOf(lineFeed, from);
      if (end < 0) break;
      const line = decoder.decode(all.subarray(from, end));
      const { do: request, restart } = parseFrame(line) ?? {};
      if (request === "hello" && restart === connection.restart) {
        connection.isEntered = false;
        connection.held.push(all.slice(from));
        return this.#open(connection);
      }
      from = end + 1;
    }
    if (all.length - from > limits.frameBytes) {
      return this.#parts.network.abort(connection.id);
    }
    if (from < all.length) connection.held.push(all.slice(from));
  }

  #hangUp(connection: GatewayConnection, code: ErrorCode): void {
    if (connection.phase === "over") return;
    connection.phase = "over";
    connection.held = [];
    connection.queue.pushLast(encodeFrame(event("bye", wireError(code))));
    this.#parts.network.finish(connection.id);
  }
}

/** A client's connection as the gateway sees it. */
class GatewayConnection {
  readonly id: ConnectionId;
  readonly remote: RemoteAddress;
  /** What the core sent for it. */
  readonly queue = new OutgoingQueue(mostQueuedBytes);
  /**
   * `held`: the core does not know it; `open`: it does; `paused`: that core is
   * gone; `restarting`: the client is to say hello again; `over`: it was hung up
   * on.
   */
  phase: "held" | "open" | "paused" | "restarting" | "over" = "held";
  /** Since when it waits for the core or for the client, monotonic ms. */
  since: number;
  /** What came, for when somebody takes it. */
  held: Uint8Array[] = [];
  heldBytes = 0;
  isEntered = false;
  restarts = false;
  hasSpoken = false;
  /** False while the client has got a part of a frame only. */
  endsLine = true;
  /** Bytes that were taken and that the core was not told of. */
  untold = 0;
  /** Number of its last restart. */
  restart = 0;

  constructor(id: ConnectionId, remote: RemoteAddress, now: number) {
    this.id = id;
    this.remote = remote;
    this.since = now;
  }
}

/**
 * How long there may be no core before everybody is told, ms: the next one may
 * have a million users to load. Less than clients wait for a word.
 */
export const patienceMs = 20_000;
/** The same while this node is cut off, and others may do better, ms. */
export const cutOffMs = 10_000;

/** How long the core may take to answer who attaches itself, ms. */
const attachMs = 1_000;
/** Of a connection that the core does not know. */
const mostHeldBytes = 64 * 1024;
/** More than the core ever sends to one connection before it is written. */
const mostQueuedBytes = 2 * limits.outgoingBytes + windowBytes;
const lineFeed = 10;
const decoder = new TextDecoder();
