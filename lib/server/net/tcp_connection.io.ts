/**
 * One client's TCP connection, with TLS or without: writes through the
 * scheduler, and ends in an orderly way. Closing a socket that has unread input
 * throws away what was just written, so the end of a connection is: write out
 * the queue, say that nothing more comes, read until the other side hangs up,
 * close. Who does not hang up within a short time is cut off: nothing of the
 * connection is left then, whatever the other side does.
 */
import type { ChannelBinding } from "../../security/scram.ts";
import type { Frame } from "../model/outgoing_queue.ts";
import type { ConnectionId, RemoteAddress } from "../model/actions.ts";
import { joinFrames, joinTexts } from "./join_frames.ts";
import type { NetworkOwner } from "./network.ts";
import type { TcpSocket, TcpSocketEvents } from "../../system/tcp_socket.io.ts";
import type {
  TlsContext,
  TlsSession,
  TlsSessionEvents,
} from "../../security/tls_session.io.ts";
import type { TurnQueue } from "./turn_queue.io.ts";
import type {
  Writer,
  WriteScheduler,
  WriteSource,
} from "./write_scheduler.io.ts";

/** What a connection tells the server that it is one of. */
export interface TcpConnectionEvents {
  /** This side is hanging up, which may take {@link finishMs}. */
  handleFinishing(id: ConnectionId): void;
  /** The socket is closed; called once, last. */
  handleReleased(id: ConnectionId): void;
}

/** What a connection with TLS needs. */
export interface TcpConnectionTls {
  readonly context: TlsContext;
  readonly binding: ChannelBinding;
}

/** One accepted connection. */
export class TcpConnection
  implements WriteSource, TcpSocketEvents, TlsSessionEvents {
  readonly id: ConnectionId;
  readonly remote: RemoteAddress;
  readonly #socket: TcpSocket;
  readonly #owner: NetworkOwner;
  readonly #events: TcpConnectionEvents;
  readonly #writer: Writer;
  readonly #logins: TurnQueue;
  readonly #secure: TcpConnectionTls | undefined;
  /** Made when its handshake's turn has come: that costs as much as a login. */
  #tls: TlsSession | undefined;
  /** True once the client has logged in. */
  #isEntered = false;
  /** What came of a handshake, or of a login, whose turn has not come. */
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #mayRead = true;
  /** True when nothing comes after that. */
  #endsWaiting = false;
  /** Bytes of TLS itself that the other side does not take. */
  #unsentBytes = 0;
  #ignoredBytes = 0;
  /** True when there may be something to take. */
  #hasQueued = false;
  /** The last that is to be written. */
  #last: readonly Frame[] = [];
  #state: "open" | "finishing" | "lingering" | "closed" = "open";
  #toldClosed = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param logins Whose turns a handshake waits for, and all else that comes
   * before the client has logged in.
   * @param tls Absent for a plain connection.
   */
  constructor(
    id: ConnectionId,
    socket: TcpSocket,
    scheduler: WriteScheduler,
    logins: TurnQueue,
    owner: NetworkOwner,
    events: TcpConnectionEvents,
    tls?: TcpConnectionTls,
  ) {
    this.id = id;
    this.#socket = socket;
    this.#owner = owner;
    this.#events = events;
    this.#writer = scheduler.writer(this);
    this.#logins = logins;
    this.#secure = tls;
    const remote = remoteOf(socket);
    this.remote = tls === undefined
      ? remote
      : { ...remote, binding: tls.binding };
  }

  /** Starts to read. */
  start(): void {
    this.#socket.start(this, arrived);
  }

  /** Reads what comes, or nothing for now. */
  setReading(mayRead: boolean): void {
    if (this.#state !== "open") return;
    this.#mayRead = mayRead;
    if (!mayRead) this.#socket.pause();
    else if (this.#waitingBytes <= mostWaitingBytes) this.#socket.resume();
  }

  /**
   * The client has logged in: what comes from it is handled at once. What comes
   * before takes turns with everything else.
   */
  enter(): void {
    this.#isEntered = true;
  }

  /** To be called when something was queued. */
  wake(): void {
    this.#hasQueued = true;
    this.#write();
  }

  /**
   * Writes out what is queued, for {@link finishMs} at most, then closes. A
   * client that has not finished its handshake cannot be told anything.
   */
  finish(): void {
    if (this.#state !== "open") return;
    if (!this.#isSecure) return this.#cut();
    this.#state = "finishing";
    this.#deadline = setTimeout(() => this.#cut(), finishMs);
    this.#events.handleFinishing(this.id);
    this.#takeLast();
    this.#write();
    if (this.#state === "finishing" && !this.#writer.busy) this.#linger();
  }

  /** Cuts it off at once. */
  abort(): void {
    this.#cut();
  }

  get hasOutgoing(): boolean {
    return this.#hasQueued || this.#last.length > 0;
  }

  takeOutgoing(): Uint8Array | string | undefined {
    const last = this.#last;
    if (last.length > 0) {
      this.#last = [];
      return joinFrames(last);
    }
    const frames = this.#owner.takeFrames(this.id, writeBytes);
    const data = joinTexts(frames) ?? joinFrames(frames);
    this.#hasQueued = data !== undefined && data.length >= writeBytes;
    return data;
  }

  write(data: Uint8Array | string): Promise<void> | undefined {
    return this.#socket.write(this.#tls?.encrypt(data) ?? data);
  }

  handleDrained(): void {
    if (this.#state === "finishing") this.#linger();
  }

  handleWriteFailed(_error: unknown): void {
    this.#cut();
  }

  handleBytes(bytes: Uint8Array): void {
    if (this.#state !== "open") {
      this.#ignoredBytes += bytes.length;
      // Not cut off at once: what was last said is still on its way.
      if (this.#ignoredBytes > mostIgnoredBytes) this.#socket.pause();
      return;
    }
    if (this.#isEntered && this.#waiting.length === 0) {
      return this.#handle(bytes);
    }
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > mostWaitingBytes) this.#socket.pause();
    if (this.#waiting.push(bytes.slice()) === 1) {
      this.#logins.add(() => this.#takeTurn());
    }
  }

  handleEnd(orderly: boolean): void {
    if (!orderly) return this.#close();
    if (this.#waiting.length > 0) this.#endsWaiting = true;
    else this.#end();
  }

  handleEstablished(): void {
    this.#write();
  }

  handleClear(bytes: Uint8Array): void {
    if (this.#state === "open") this.#owner.handleData(this.id, bytes);
  }

  handleClearEnd(): void {
    this.#end();
  }

  handleTlsError(): void {
    if (this.#state !== "open" && this.#state !== "finishing") return;
    this.#state = "lingering";
    this.#deadline ??= setTimeout(() => this.#cut(), finishMs);
    this.#tellClosed();
    // The alert that says why goes out first.
    queueMicrotask(() => this.#socket.closeWrite());
  }

  /** False while nothing can be said to the client. */
  get #isSecure(): boolean {
    return this.#secure === undefined || this.#tls?.established === true;
  }

  #write(): void {
    if (this.#state !== "open" && this.#state !== "finishing") return;
    if (this.#isSecure) this.#writer.wake();
  }

  #takeTurn(): void {
    if (this.#state === "closed") return;
    this.#tls ??= this.#secure?.context.session(this, decrypted);
    const waiting = this.#waiting;
    this.#waiting = [];
    const wasPaused = this.#waitingBytes > mostWaitingBytes;
    this.#waitingBytes = 0;
    if (wasPaused && this.#mayRead) this.#socket.resume();
    for (const bytes of waiting) {
      if (this.#state === "open") this.#handle(bytes);
    }
    if (this.#endsWaiting) this.#end();
  }

  #handle(bytes: Uint8Array): void {
    if (this.#tls === undefined) this.#owner.handleData(this.id, bytes);
    else this.#decrypt(this.#tls, bytes);
  }

  #decrypt(tls: TlsSession, bytes: Uint8Array): void {
    tls.receive(bytes);
    if (this.#state === "closed") return;
    const answer = tls.takeOutgoing();
    if (answer !== undefined) this.#send(answer);
  }

  /** Sends what TLS itself has to say, out of turn: it is little, or too much. */
  #send(bytes: Uint8Array): void {
    try {
      const sent = this.#socket.write(bytes);
      if (sent === undefined) return;
      this.#unsentBytes += bytes.length;
      if (this.#unsentBytes > mostUnsentBytes) this.#cut();
      sent.then(() => {
        this.#unsentBytes -= bytes.length;
      }, () => this.#cut());
    } catch {
      this.#cut();
    }
  }

  /** Nothing more comes; what is queued may still reach the client. */
  #end(): void {
    this.#tellClosed();
    if (this.#state === "lingering") return this.#close();
    this.finish();
  }

  #linger(): void {
    this.#state = "lingering";
    const last = this.#tls?.end();
    if (last !== undefined) this.#send(last);
    if (this.#toldClosed) return this.#close();
    this.#socket.closeWrite();
  }

  /** Both sides have said all. */
  #close(): void {
    this.#release(() => this.#socket.close());
  }

  #cut(): void {
    this.#release(() => this.#socket.reset());
  }

  #release(close: () => void): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#deadline);
    close();
    this.#tls?.close();
    this.#tellClosed();
    this.#events.handleReleased(this.id);
  }

  /** Nothing more is queued from now on. */
  #takeLast(): void {
    this.#last = [
      ...this.#last,
      ...this.#owner.takeFrames(this.id, Infinity),
    ];
    this.#hasQueued = false;
  }

  #tellClosed(): void {
    if (this.#toldClosed) return;
    this.#toldClosed = true;
    if (this.#state === "open") this.#takeLast();
    this.#owner.handleClosed(this.id);
  }
}

function remoteOf({ remote, local }: TcpSocket): RemoteAddress {
  const ip = plainAddress(remote.hostname);
  const to = plainAddress(local.hostname);
  const isLocal = ip === "::1" || ip.startsWith("127.") || ip === to;
  return { ip, port: remote.port, local: isLocal, to };
}

/** An IPv4 address that came in over IPv6 as what it is. */
function plainAddress(ip: string): string {
  return ip.replace(/^::ffff:(?=\d+\.)/i, "");
}

// What comes is looked at when it does, and only so much of it is kept as is not
// understood yet: so all connections have the same space for it.
const spaceBytes = 64 * 1024;
const arrived = new Uint8Array(spaceBytes);
const decrypted = new Uint8Array(spaceBytes);

/** How long a connection may take to end, ms. */
const finishMs = 1000;

/** Bytes from which on a write does not get faster by being larger. */
const writeBytes = 256 * 1024;
/** Bytes read from a client that was hung up on. */
const mostIgnoredBytes = 1024 * 1024;
/** Bytes of a client that wait for the turn of its handshake or its login. */
const mostWaitingBytes = 64 * 1024;
/** Bytes of TLS itself that may wait for a client that does not read. */
const mostUnsentBytes = 64 * 1024;
