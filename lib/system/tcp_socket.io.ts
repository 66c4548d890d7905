/**
 * TCP sockets that are gone when they are cut off. A `Deno.Conn` is not: a write
 * that is under way outlives its `close()` for as long as the other side does
 * not read, and so does the TLS handshake of one that was accepted by
 * `Deno.listenTls`. So these work on the handles that `node:net` is made of, and
 * not through its streams, which cost more than twice as much for each write.
 */
import { setImmediate } from "node:timers";
import process from "node:process";
import { getSystemErrorName } from "node:util";

/** What a socket tells its owner. */
export interface TcpSocketEvents {
  /** Bytes came; they are the owner's, unless they are in a given space. */
  handleBytes(bytes: Uint8Array): void;
  /**
   * Nothing more comes; called once, not after a close of this side.
   *
   * @param orderly False when the connection broke.
   */
  handleEnd(orderly: boolean): void;
}

/** One end of a socket. */
export interface SocketAddress {
  readonly hostname: string;
  readonly port: number;
}

/** A connection of bytes in both directions, with TLS or without. */
export interface ByteSocket {
  readonly remote: SocketAddress;
  /** Starts to read; from then on `events` are told, and nobody else. */
  start(events: TcpSocketEvents): void;
  /** Reads no more, until {@link resume}. */
  pause(): void;
  /** Reads again. */
  resume(): void;
  /**
   * Writes all of it; `undefined` when that is done already.
   *
   * @throws {Error} when the connection is broken or is closed meanwhile.
   */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Says that nothing more comes, after what is written. */
  closeWrite(): void;
  /** Closes; the system sends what was written. */
  close(): void;
  /** Cuts the connection: nothing of it is left, here or in the system. */
  reset(): void;
}

/** A socket that was accepted, or that reached the other side. */
export class TcpSocket implements ByteSocket {
  readonly remote: SocketAddress;
  readonly local: SocketAddress;
  readonly #handle: TcpHandle;
  #ended = false;
  #closed = false;

  /** @throws {Error} when the other side has gone already. */
  constructor(handle: TcpHandle) {
    this.#handle = handle;
    this.remote = addressOf((to) => handle.getpeername(to));
    this.local = addressOf((to) => handle.getsockname(to));
    // What is written goes out at once.
    handle.setNoDelay(true);
  }

  /**
   * Connects.
   *
   * @param address Its host is a literal address.
   * @param signal Gives up; nothing of the attempt is left then.
   * @throws {Error} when there is no connection.
   */
  static connect(
    { hostname, port }: SocketAddress,
    signal: AbortSignal,
  ): Promise<TcpSocket> {
    const handle = new TCP(constants.SOCKET);
    return new Promise<TcpSocket>((resolve, reject) => {
      const giveUp = () => {
        handle.close();
        reject(signal.reason);
      };
      const request = {
        oncomplete(status: number) {
          if (signal.aborted) return;
          signal.removeEventListener("abort", giveUp);
          try {
            if (status !== 0) throw systemError(status);
            resolve(new TcpSocket(handle));
          } catch (error) {
            handle.close();
            reject(error);
          }
        },
      };
      if (signal.aborted) return giveUp();
      const status = hostname.includes(":")
        ? handle.connect6(request, hostname, port)
        : handle.connect(request, hostname, port);
      if (status !== 0) return request.oncomplete(status);
      signal.addEventListener("abort", giveUp, { once: true });
    });
  }

  /**
   * @param space Where bytes are put: then they may be overwritten after the
   * call that tells of them, and several sockets may have the same. Without it
   * each time costs memory of its own.
   */
  start(events: TcpSocketEvents, space?: Uint8Array): void {
    if (this.#closed) return;
    this.#handle.readStop();
    if (space !== undefined) this.#handle.useUserBuffer(space);
    this.#handle.onread = (buffer, count = lastRead()) => {
      if (this.#closed || this.#ended) return;
      if (count > 0) {
        const bytes = buffer === undefined
          ? space?.subarray(0, count)
          : new Uint8Array(buffer, 0, count);
        return bytes && events.handleBytes(bytes);
      }
      if (count === 0) return;
      this.#ended = true;
      events.handleEnd(count === endOfFile);
    };
    this.#handle.readStart();
  }

  pause(): void {
    if (!this.#closed) this.#handle.readStop();
  }

  resume(): void {
    if (!this.#closed) this.#handle.readStart();
  }

  /** @param data Bytes, or a text of ASCII alone. */
  write(data: Uint8Array | string): Promise<void> | undefined {
    if (this.#closed) throw new Error("the connection is closed");
    const request = spareRequest;
    const status = typeof data === "string"
      ? this.#handle.writeLatin1String(request, data)
      : this.#handle.writeBuffer(request, data);
    if (status !== 0) throw systemError(status);
    if (!streamState[lastWriteWasAsync]) return undefined;
    spareRequest = new WriteRequest();
    return request.wait(data);
  }

  closeWrite(): void {
    if (this.#closed) return;
    this.#handle.shutdown({ oncomplete() {} });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#handle.close();
  }

  reset(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#handle.reset() !== 0) this.#handle.close();
  }
}

/** What a listener tells its owner. */
export interface TcpListenerEvents {
  handleSocket(socket: TcpSocket): void;
  /** No connection can be accepted now; it is tried again. */
  handleFailure(error: Error): void;
  /** They can be accepted again. */
  handleRecovery(): void;
}

/** A listening socket. */
export class TcpListener {
  /** The port that is listened on. */
  readonly port: number;
  readonly #handle: TcpHandle;
  #timer: ReturnType<typeof setInterval> | undefined;
  #failing = false;
  #isPaused = false;
  /** True when it is looked for more in this turn of the event loop. */
  #looksSoon = false;
  #events: TcpListenerEvents | undefined;

  /**
   * Binds the port.
   *
   * @param port 0 picks a free one.
   * @throws {Error} when it cannot be bound.
   */
  constructor(host: string, port: number) {
    this.#handle = new TCP(constants.SERVER);
    const status = host.includes(":")
      ? this.#handle.bind6(host, port, 0)
      : this.#handle.bind(host, port);
    const failed = status || this.#handle.listen(backlog);
    if (failed !== 0) {
      this.#handle.close();
      throw systemError(failed);
    }
    this.port = addressOf((to) => this.#handle.getsockname(to)).port;
  }

  /** Starts to accept. */
  start(events: TcpListenerEvents): void {
    this.#events = events;
    this.#handle.onconnection = (status) => {
      // One that is not accepted is told again when it is looked for more.
      if (status === 0 && !this.#isPaused) this.#accept(events);
    };
    this.#timer = setInterval(() => this.#goOn(events), goOnMs);
  }

  /** Accepts nobody: who connects waits in the system, up to {@link backlog}. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Accepts again. */
  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#look();
  }

  /** Frees the port. */
  close(): void {
    this.#events = undefined;
    clearInterval(this.#timer);
    this.#handle.close();
  }

  /**
   * Has the handle tell who waits: after one that was accepted it may say nothing
   * of those behind it, and after one that was not, never.
   */
  #look(): void {
    if (this.#events !== undefined && !this.#isPaused) {
      this.#handle.listen(backlog);
    }
  }

  #lookSoon(): void {
    if (this.#looksSoon) return;
    this.#looksSoon = true;
    setImmediate(() => {
      this.#looksSoon = false;
      this.#look();
    });
  }

  #accept(events: TcpListenerEvents): void {
    this.#lookSoon();
    const handle = new TCP(constants.SOCKET);
    if (this.#handle.accept(handle) !== 0) return handle.close();
    let socket: TcpSocket;
    try {
      socket = new TcpSocket(handle);
    } catch {
      // It has gone while it waited.
      return handle.close();
    }
    events.handleSocket(socket);
  }

  /**
   * The handle stops to accept, without a word, when there are too many open
   * files: so that is looked for, and listening again makes it go on.
   */
  #goOn(events: TcpListenerEvents): void {
    const trial = new TCP(constants.SERVER);
    const status = trial.bind("127.0.0.1", 0);
    trial.close();
    const isFull = status !== 0 && systemErrorName(status) in fullNames;
    if (!isFull) this.#look();
    if (isFull === this.#failing) return;
    this.#failing = isFull;
    if (isFull) events.handleFailure(systemError(status));
    else events.handleRecovery();
  }
}

/**
 * How many bytes a handle that tells of a read has read, or as a negative number
 * why it has read none.
 */
export function lastRead(): number {
  return streamState[readBytesOrError] ?? 0;
}

/** A write that the system does not take at once. */
class WriteRequest implements HandleRequest {
  /** What is written later is read from there, and not kept there. */
  #data: Uint8Array | string | undefined;
  #settle: ((status: number) => void) | undefined;

  wait(data: Uint8Array | string): Promise<void> {
    this.#data = data;
    return new Promise((resolve, reject) => {
      this.#settle = (status) =>
        status < 0 ? reject(systemError(status)) : resolve();
    });
  }

  oncomplete(status: number): void {
    this.#data = undefined;
    this.#settle?.(status);
  }
}

/** As Node names it: https://github.com/nodejs/node/blob/main/src/tcp_wrap.cc */
interface TcpHandle {
  onread?: (buffer: ArrayBuffer | undefined, count?: number) => void;
  onconnection?: (status: number) => void;
  bind(host: string, port: number): number;
  bind6(host: string, port: number, flags: number): number;
  listen(backlog: number): number;
  accept(handle: TcpHandle): number;
  connect(request: HandleRequest, address: string, port: number): number;
  connect6(request: HandleRequest, address: string, port: number): number;
  getpeername(to: NamedAddress): number;
  getsockname(to: NamedAddress): number;
  setNoDelay(on: boolean): number;
  readStart(): number;
  readStop(): number;
  writeBuffer(request: HandleRequest, bytes: Uint8Array): number;
  writeLatin1String(request: HandleRequest, text: string): number;
  useUserBuffer(space: Uint8Array): void;
  shutdown(request: HandleRequest): number;
  close(): void;
  reset(): number;
}

interface NamedAddress {
  address?: string;
  port?: number;
}

interface HandleRequest {
  oncomplete(status: number): void;
}

function addressOf(ask: (to: NamedAddress) => number): SocketAddress {
  const to: NamedAddress = {};
  const status = ask(to);
  if (status !== 0 || to.address === undefined || to.port === undefined) {
    throw systemError(status);
  }
  return { hostname: to.address, port: to.port };
}

function systemError(status: number): Error {
  const name = systemErrorName(status);
  const Kind = errorKinds.get(name);
  return Kind ? new Kind(name) : new Error(errorTexts.get(name) ?? name);
}

function systemErrorName(status: number): string {
  try {
    return getSystemErrorName(status);
  } catch {
    return String(status);
  }
}

const errorKinds = new Map([
  ["EADDRINUSE", Deno.errors.AddrInUse],
  ["EADDRNOTAVAIL", Deno.errors.AddrNotAvailable],
  ["EACCES", Deno.errors.PermissionDenied],
  ["ECONNREFUSED", Deno.errors.ConnectionRefused],
]);
const fullNames = {
  EMFILE: "too many open files",
  ENFILE: "too many open files in the system",
};
const errorTexts = new Map([
  ...Object.entries(fullNames),
  // What the handle says of a name that it cannot find.
  ["EPERM", "the host name is unknown"],
  ["EHOSTUNREACH", "the network is unreachable"],
  ["ENETUNREACH", "the network is unreachable"],
  ["ETIMEDOUT", "the server does not answer"],
]);

const binding = (name: string) =>
  (process as unknown as {
    // deno-lint-ignore no-explicit-any
    binding(name: string): any;
  }).binding(name);
const { TCP, constants } = binding("tcp_wrap") as {
  readonly TCP: new (kind: number) => TcpHandle;
  readonly constants: { readonly SOCKET: number; readonly SERVER: number };
};
const streams = binding("stream_wrap");
const streamState: Int32Array = streams.streamBaseState;
const readBytesOrError: number = streams.kReadBytesOrError;
const lastWriteWasAsync: number = streams.kLastWriteWasAsync;
const endOfFile: number = binding("uv").UV_EOF;

/** For the next write: most are over when they return, and leave it unused. */
let spareRequest = new WriteRequest();

/** Clients that may wait to be accepted; the system may allow fewer. */
const backlog = 4096;
const goOnMs = 1000;
