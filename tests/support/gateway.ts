/**
 * Clients' connections at one end of a line, the core's shell at the other: what
 * holds the connections shares no memory with the core. Frames that are for many
 * cross the line once in each turn of the event loop. Of each connection's
 * frames only as many are on their way as {@link windowBytes} says; the others
 * stay with the core.
 */
import { TcpServer } from "../../lib/server/net/tcp_server.io.ts";
import type { Network, NetworkOwner } from "../../lib/server/net/network.ts";
import type { RemoteAddress } from "../../lib/server/model/actions.ts";
import {
  type Frame,
  OutgoingQueue,
} from "../../lib/server/model/outgoing_queue.ts";
import type { TlsCertificate } from "../../lib/security/server_certificate.io.ts";

/** What goes to the gateway. */
type Down =
  | {
    readonly what: "frames";
    readonly frames: readonly Frame[];
    /** Connections with the places of their frames in `frames`. */
    readonly to: readonly (readonly [id: number, places: readonly number[]])[];
  }
  | { readonly what: "enter" | "finish" | "abort"; readonly id: number };

/** What comes from it. */
type Up =
  | {
    readonly what: "open";
    readonly id: number;
    readonly remote: RemoteAddress;
  }
  | { readonly what: "data"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly what: "taken"; readonly id: number; readonly bytes: number }
  | { readonly what: "closed"; readonly id: number };

/** Bytes of one connection that are on their way to the gateway or wait there. */
export const windowBytes = 64 * 1024;

/** The connections of a {@link Gateway}, for the shell. */
export class GatewayNetwork implements Network {
  /** What went to the gateway. */
  readonly sent: Down[] = [];
  /** Most bytes of one connection that were under way. */
  mostUnderWay = 0;
  readonly #line: MessagePort;
  readonly #owner: NetworkOwner;
  /** Bytes of each that the gateway has not handed on. */
  readonly #underWay = new Map<number, number>();

  constructor(line: MessagePort, owner: NetworkOwner) {
    this.#line = line;
    this.#owner = owner;
    line.onmessage = ({ data }: MessageEvent<Up>) => this.#take(data);
  }

  wake(connections: readonly number[]): void {
    const turn = new Turn();
    for (const id of connections) this.#give(id, turn);
    if (turn.to.length > 0) this.#send({ what: "frames", ...turn });
  }

  enter(id: number): void {
    this.#send({ what: "enter", id });
  }

  finish(id: number): void {
    const turn = new Turn();
    turn.add(id, this.#owner.takeFrames(id, Infinity));
    this.#send({ what: "frames", ...turn });
    this.#send({ what: "finish", id });
  }

  abort(id: number): void {
    this.#send({ what: "abort", id });
  }

  /** The line is cut: so are the connections behind it. */
  close(): void {
    this.#line.close();
    const lost = [...this.#underWay.keys()];
    this.#underWay.clear();
    for (const id of lost) this.#owner.handleClosed(id);
  }

  #give(id: number, turn: Turn): void {
    const underWay = this.#underWay.get(id);
    if (underWay === undefined || underWay >= windowBytes) return;
    const frames = this.#owner.takeFrames(id, windowBytes - underWay);
    if (frames.length === 0) return;
    const bytes = underWay + bytesOf(frames);
    this.#underWay.set(id, bytes);
    this.mostUnderWay = Math.max(this.mostUnderWay, bytes);
    turn.add(id, frames);
  }

  #take(message: Up): void {
    const { what, id } = message;
    switch (what) {
      case "open":
        this.#underWay.set(id, 0);
        return this.#owner.handleOpen(id, message.remote);
      case "data":
        return this.#owner.handleData(id, message.bytes);
      case "taken": {
        const underWay = this.#underWay.get(id);
        if (underWay === undefined) return;
        this.#underWay.set(id, underWay - message.bytes);
        return this.wake([id]);
      }
      case "closed":
        if (this.#underWay.delete(id)) this.#owner.handleClosed(id);
    }
  }

  #send(message: Down): void {
    this.sent.push(message);
    this.#line.postMessage(message);
  }
}

/** Listens for clients and hands on what passes between them and the line. */
export class Gateway implements NetworkOwner {
  readonly #line: MessagePort;
  readonly #server: TcpServer;
  readonly #queues = new Map<number, OutgoingQueue>();

  constructor(line: MessagePort, certificate?: TlsCertificate) {
    this.#line = line;
    const report = () => {};
    this.#server = new TcpServer("127.0.0.1", 0, this, report, certificate);
    line.onmessage = ({ data }: MessageEvent<Down>) => this.#take(data);
    this.#server.start();
  }

  /** The port for clients. */
  get port(): number {
    return this.#server.port;
  }

  handleOpen(id: number, remote: RemoteAddress): void {
    this.#queues.set(id, new OutgoingQueue());
    this.#send({ what: "open", id, remote });
  }

  handleData(id: number, bytes: Uint8Array): void {
    this.#send({ what: "data", id, bytes: bytes.slice() });
  }

  takeFrames(id: number, enoughBytes: number): readonly Frame[] {
    const frames = this.#queues.get(id)?.take(enoughBytes) ?? [];
    const bytes = bytesOf(frames);
    if (bytes > 0) this.#send({ what: "taken", id, bytes });
    return frames;
  }

  handleClosed(id: number): void {
    this.#queues.delete(id);
    this.#send({ what: "closed", id });
  }

  /** Gets out what came over the line, then closes everything. */
  async close(): Promise<void> {
    await this.#server.close();
    this.#line.close();
  }

  #take(message: Down): void {
    if (message.what !== "frames") {
      return this.#server[message.what](message.id);
    }
    const { frames, to } = message;
    for (const [id, places] of to) {
      for (const place of places) this.#queues.get(id)?.push(frames[place]!);
    }
    this.#server.wake(to.map(([id]) => id));
  }

  #send(message: Up): void {
    this.#line.postMessage(message);
  }
}

/** What one turn of the event loop has for a gateway: each frame once. */
class Turn {
  readonly frames: Frame[] = [];
  readonly to: [number, number[]][] = [];
  readonly #places = new Map<Frame, number>();

  add(id: number, frames: readonly Frame[]): void {
    this.to.push([id, frames.map((frame) => this.#place(frame))]);
  }

  #place(frame: Frame): number {
    const known = this.#places.get(frame);
    if (known !== undefined) return known;
    this.#places.set(frame, this.frames.length);
    return this.frames.push(frame) - 1;
  }
}

function bytesOf(frames: readonly Frame[]): number {
  return frames.reduce((sum, { length }) => sum + length, 0);
}
