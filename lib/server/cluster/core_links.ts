/**
 * The core's end of the lines to its gateways: a {@link Network} whose
 * connections are on other nodes.
 *
 * What one turn of the event loop has for a gateway is one message: each frame
 * once, with the connections that it is for. Of each connection's frames only as
 * many are on their way, or wait at the gateway, as {@link windowBytes} says, and
 * of all messages to a gateway as {@link lineBytes}; the others stay in the
 * core's queues, where the limit of a slow reader counts. A gateway that does
 * not get on is cut off.
 *
 * Messages come in order or not at all. One that is missing ends the attachment,
 * as silence does: all connections of the gateway are closed then, and it
 * attaches itself anew.
 *
 * After any call drain {@link CoreLinks.pollMessage}; call
 * {@link CoreLinks.handleTimeout} several times a second.
 */
import type { ConnectionId } from "../model/actions.ts";
import type { Frame } from "../model/outgoing_queue.ts";
import type {
  RendezvousChange,
  RendezvousNews,
} from "../model/rendezvous_change.ts";
import type { FramesForMany, Network, NetworkOwner } from "../net/network.ts";
import type { Attachment } from "./cluster_fields.ts";
import {
  type ClusterItem,
  type ClusterMessage,
  decodeClusterMessage,
} from "./cluster_message.ts";
import { lineBytes, LineEnd, type LineLag } from "./line_end.ts";

/** Whose connections they are. */
export interface CoreLinksOwner extends NetworkOwner {
  /** A gateway is there. */
  handleAttached(gateway: Attachment): void;
  /** It is gone, and why; its connections are closed already. */
  handleDetached(gateway: Attachment, why: string): void;
  /** The rendezvous of a gateway tells what matters. */
  handleRendezvous(news: RendezvousNews, run: string): void;
}

/** How far the node at the other end of a line is behind. */
export interface NodeLag extends LineLag {
  /** What this node is on the line. */
  readonly from: "core" | "gateway";
  /** Name of the other one. */
  readonly node: string;
}

/** A message for a gateway. */
export interface GatewayMessage {
  /** The gateway's run. */
  readonly run: string;
  readonly bytes: Uint8Array;
}

/** What the core sends to its gateways, and hears of them. */
export class CoreLinks implements Network {
  readonly #term: number;
  readonly #owner: CoreLinksOwner;
  /** By their run. */
  readonly #links = new Map<string, Link>();
  /** By their place in the numbers of connections. */
  readonly #places = new Map<number, Link>();
  readonly #outside: GatewayMessage[] = [];
  /** For gateways that come later. */
  #secret: RendezvousChange | undefined;
  #lastPlace = 0;
  /** Monotonic ms, of the last call that said so. */
  #now: number;

  /** @param now Monotonic ms. */
  constructor(term: number, owner: CoreLinksOwner, now: number) {
    this.#term = term;
    this.#owner = owner;
    this.#now = now;
  }

  /** The gateways that are there. */
  get gateways(): Attachment[] {
    return [...this.#links.values()].map(({ gateway }) => gateway);
  }

  /** How far each of them is behind at `now`, monotonic ms. */
  lags(now: number): NodeLag[] {
    return [...this.#links.values()].map(({ gateway, line }) => ({
      from: "core",
      node: gateway.node,
      ...line.lag(now),
    }));
  }

  /** A message came from a gateway; its bytes may be reused after the call. */
  handleMessage(bytes: Uint8Array, now: number): void {
    this.#now = now;
    const message = decodeClusterMessage(bytes);
    if (message === undefined || message.term !== this.#term) return;
    const link = this.#linkOf(message);
    if (link === undefined) return;
    const fault = link.line.handleMessage(message, bytes.length, now);
    if (fault === "repeated") return;
    if (fault !== undefined) return this.#cut(link, fault);
    for (const item of message.items) {
      if (link.isOver) return;
      this.#take(link, item);
    }
    this.#resume(link);
  }

  wake(connections: readonly ConnectionId[]): void {
    const touched = new Set<Link>();
    for (const id of connections) {
      const link = this.#places.get(placeOf(id));
      if (link === undefined) continue;
      this.#give(link, localOf(id));
      touched.add(link);
    }
    for (const link of touched) link.endTurn();
  }

  share(
    { frames, bytes, connections }: FramesForMany,
  ): readonly ConnectionId[] {
    const left: ConnectionId[] = [];
    const touched: Link[] = [];
    // Most often thousands at a few gateways.
    let link: Link | undefined;
    for (const id of connections) {
      const place = placeOf(id);
      if (link?.place !== place) link = this.#places.get(place);
      if (link === undefined) continue;
      const local = id - place * localNumbers;
      const connection = link.connections.get(local);
      if (connection === undefined) continue;
      if (connection.underWay >= windowBytes || link.isFull) {
        left.push(id);
        continue;
      }
      connection.underWay += bytes;
      if (link.sharing.length === 0) touched.push(link);
      link.sharing.push(local);
    }
    for (const link of touched) {
      link.line.write(frames, link.sharing);
      link.sharing = [];
    }
    return left;
  }

  enter(connection: ConnectionId, restarts: boolean): void {
    this.#say(connection, (connection) => ({
      item: "enter",
      connection,
      restarts,
    }));
  }

  finish(connection: ConnectionId): void {
    const link = this.#places.get(placeOf(connection));
    const local = localOf(connection);
    if (link?.connections.has(local)) {
      link.write(local, this.#owner.takeFrames(connection, Infinity));
      link.endTurn();
    }
    this.#say(connection, (connection) => ({ item: "finish", connection }));
  }

  abort(connection: ConnectionId): void {
    this.#say(connection, (connection) => ({ item: "abort", connection }));
  }

  /**
   * The core tells what is so from now on.
   *
   * @param at For the gateway of this connection alone; else for every one.
   */
  handleChange(change: RendezvousChange, at?: ConnectionId): void {
    if (at !== undefined) {
      const link = this.#places.get(placeOf(at));
      link?.line.add({ item: "change", change });
      return;
    }
    // Whoever comes later needs this only: clients bind anew at it, and bring
    // their tickets.
    if (change.do === "secret") this.#secret = change;
    for (const link of this.#links.values()) {
      link.line.add({ item: "change", change });
    }
  }

  /** The core stops: every gateway is told, and looks for the next one. */
  close(): void {
    for (const { line } of this.#links.values()) line.add({ item: "end" });
  }

  /** Says what is due, and cuts off who was not heard of for too long. */
  handleTimeout(now: number): void {
    this.#now = now;
    for (const link of [...this.#links.values()]) {
      const fault = link.line.handleTimeout(now);
      if (fault !== undefined) this.#cut(link, fault);
    }
  }

  /** The next message to send, until there is none. */
  pollMessage(): GatewayMessage | undefined {
    const outside = this.#outside.shift();
    if (outside !== undefined) return outside;
    for (const [run, { line }] of this.#links) {
      const bytes = line.pollMessage(this.#now);
      if (bytes !== undefined) return { run, bytes };
    }
    return undefined;
  }

  #linkOf(message: ClusterMessage): Link | undefined {
    const { run, attachment, items: [first] } = message;
    const known = this.#links.get(run);
    if (known?.line.attachment === attachment) return known;
    if (known !== undefined && known.line.attachment > attachment) return;
    const header = { term: this.#term, run, attachment };
    if (message.number !== 1 || first?.item !== "attach") {
      this.#outside.push({ run, bytes: LineEnd.outside(header) });
      return undefined;
    }
    if (known !== undefined) this.#cut(known, "it begins anew");
    const place = ++this.#lastPlace;
    const line = new LineEnd(header, this.#now);
    const link = new Link(place, line, first.gateway);
    this.#links.set(run, link);
    this.#places.set(place, link);
    line.add({ item: "accept" });
    if (this.#secret !== undefined) {
      line.add({ item: "change", change: this.#secret });
    }
    this.#owner.handleAttached(first.gateway);
    return link;
  }

  #take(link: Link, item: ClusterItem): void {
    switch (item.item) {
      case "open": {
        const { connection, remote } = item;
        if (link.connections.has(connection)) return;
        link.connections.set(connection, { underWay: 0 });
        return this.#owner.handleOpen(link.id(connection), remote);
      }
      case "data": {
        const { connection, bytes } = item;
        if (!link.connections.has(connection)) return;
        return this.#owner.handleData(link.id(connection), bytes);
      }
      case "closed": {
        const { connection } = item;
        if (!link.connections.delete(connection)) return;
        link.waiting.delete(connection);
        return this.#owner.handleClosed(link.id(connection));
      }
      case "written": {
        const connection = link.connections.get(item.connection);
        if (connection === undefined) return;
        connection.underWay = Math.max(0, connection.underWay - item.bytes);
        return;
      }
      case "news":
        return this.#owner.handleRendezvous(item.news, link.line.run);
      case "end":
        return this.#cut(link, "it ended");
      default:
        // What only the core says, or was seen to already.
        return;
    }
  }

  /** Gives on what waited for room. */
  #resume(link: Link): void {
    if (link.isOver || link.waiting.size === 0 || link.isFull) return;
    const waiting = [...link.waiting];
    link.waiting.clear();
    for (const local of waiting) this.#give(link, local);
    link.endTurn();
  }

  #give(link: Link, local: number): void {
    const connection = link.connections.get(local);
    if (connection === undefined) return;
    const room = windowBytes - connection.underWay;
    if (room <= 0 || link.isFull) {
      link.waiting.add(local);
      return;
    }
    const frames = this.#owner.takeFrames(link.id(local), room);
    const bytes = link.write(local, frames);
    connection.underWay += bytes;
    // There may be more.
    if (bytes >= room) link.waiting.add(local);
  }

  #say(id: ConnectionId, item: (local: number) => ClusterItem): void {
    const link = this.#places.get(placeOf(id));
    const local = localOf(id);
    if (link?.connections.has(local)) link.line.add(item(local));
  }

  #cut(link: Link, why: string): void {
    const { term, run, attachment } = link.line;
    link.isOver = true;
    this.#links.delete(run);
    this.#places.delete(link.place);
    const bytes = LineEnd.outside({ term, run, attachment });
    this.#outside.push({ run, bytes });
    for (const local of link.connections.keys()) {
      this.#owner.handleClosed(link.id(local));
    }
    link.connections.clear();
    this.#owner.handleDetached(link.gateway, why);
  }
}

/** A gateway as the core sees it. */
class Link {
  readonly place: number;
  readonly line: LineEnd;
  readonly gateway: Attachment;
  /** With the bytes that the gateway has not written out. */
  readonly connections = new Map<number, { underWay: number }>();
  /** Those that get the same, while it is looked who does. */
  sharing: number[] = [];
  /** Connections with frames that there is no room for. */
  readonly waiting = new Set<number>();
  isOver = false;
  /** Connections of this turn with the same frames. */
  #groups: FrameGroup[] = [];
  #turnBytes = 0;
  readonly #byFrame = new Map<Frame, FrameGroup>();

  constructor(place: number, line: LineEnd, gateway: Attachment) {
    this.place = place;
    this.line = line;
    this.gateway = gateway;
  }

  /** True while nothing more should be given to it. */
  get isFull(): boolean {
    return this.line.openBytes + this.#turnBytes >= lineBytes;
  }

  /** The number of a connection in the core. */
  id(local: number): ConnectionId {
    return this.place * localNumbers + local;
  }

  /** Writes to a connection, at the end of the turn; how many bytes. */
  write(local: number, frames: readonly Frame[]): number {
    const [first] = frames;
    if (first === undefined) return 0;
    // What thousands get is most often the same one frame, or the same few as
    // the one before got.
    const last = frames.length === 1
      ? this.#byFrame.get(first)
      : this.#groups.at(-1);
    if (last !== undefined && isSame(last.frames, frames)) {
      last.connections.push(local);
      return last.bytes;
    }
    let bytes = 0;
    for (const frame of frames) bytes += frame.length;
    const group = { frames, bytes, connections: [local] };
    this.#groups.push(group);
    this.#turnBytes += bytes;
    if (frames.length === 1) this.#byFrame.set(first, group);
    return bytes;
  }

  /** Puts what was written into messages. */
  endTurn(): void {
    for (const { frames, connections } of this.#groups) {
      this.line.write(frames, connections);
    }
    this.#groups = [];
    this.#turnBytes = 0;
    this.#byFrame.clear();
  }
}

interface FrameGroup {
  readonly frames: readonly Frame[];
  readonly bytes: number;
  readonly connections: number[];
}

function isSame(one: readonly Frame[], other: readonly Frame[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = one.length - 1; index >= 0; index--) {
    if (one[index] !== other[index]) return false;
  }
  return true;
}

function placeOf(id: ConnectionId): number {
  return Math.floor(id / localNumbers);
}

function localOf(id: ConnectionId): number {
  return id % localNumbers;
}

/** Bytes of a connection that are on their way, or wait at the gateway. */
export const windowBytes = 128 * 1024;

/** Numbers of connections that a gateway has. */
const localNumbers = 2 ** 32;
