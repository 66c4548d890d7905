/** The client's connection to its server, with TLS or without. */
import { joinBytes } from "../../base/bytes.ts";
import { meantHostPort } from "../../cli/host_port.ts";
import { serverLabel } from "../trust/server_pins.ts";
import { serverSpeaksTls, startsLikeTls } from "../../security/certificate.ts";
import {
  connectPinned,
  type PinFile,
  type PinnedConnection,
  ServerKeyChangedError,
} from "../trust/server_pins.io.ts";
import { messageOf, StartError } from "../../system/errors.io.ts";
import type {
  ByteSocket,
  TcpSocketEvents,
} from "../../system/tcp_socket.io.ts";
import { connectTcp } from "../../system/tcp_connect.io.ts";
import type { ServerPlace, ServerPlaces } from "../trust/server_places.ts";
import { TlsConnectError } from "../../security/tls_client.io.ts";
import type { LossKind } from "./server_link.ts";

/** What a connection tells its owner. */
export interface ServerConnectionHandler {
  /** @param secure Absent without TLS. */
  connected(secure?: PinnedConnection): void;
  data(bytes: Uint8Array): void;
  /**
   * @param reason One line for people.
   */
  disconnected(reason: string, kind: LossKind): void;
}

/** One connection, or one attempt to make it. */
export class ServerConnection implements TcpSocketEvents {
  readonly #handler: ServerConnectionHandler;
  readonly #host: string;
  readonly #place: string;
  readonly #pins: PinFile | undefined;
  readonly #places: readonly ServerPlace[];
  /** Aborted when it is closed. */
  readonly #connecting = new AbortController();
  #socket: ByteSocket | undefined;
  #queue: Uint8Array[] = [];
  /** True while bytes wait for the server to read. */
  #isWriting = false;
  #isFlushDue = false;
  /** True until a plain server has said something. */
  #isFirst = false;
  #isClosed = false;

  /** @param pins The servers known for TLS; without them it is plain. */
  constructor(
    places: ServerPlaces,
    handler: ServerConnectionHandler,
    pins?: PinFile,
  ) {
    const { host, port } = places.first;
    this.#places = places.inTurn();
    this.#handler = handler;
    this.#pins = pins;
    this.#host = host;
    this.#place = serverLabel(host, port);
    this.#connect();
  }

  /** The server's address, while there is a connection. */
  get serverIp(): string | undefined {
    return this.#socket?.remote.hostname;
  }

  /** Writes `bytes` after what was written before. */
  write(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    // What one turn of the event loop sends goes in one write.
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.#flush();
    });
  }

  /**
   * Closes; the handler hears nothing any more. What the system does not take
   * at once is not sent: a server that does not read holds up nobody.
   */
  close(): void {
    if (this.#isClosed) return;
    this.#flush();
    this.#isClosed = true;
    this.#connecting.abort();
    if (this.#isWriting) this.#socket?.reset();
    else this.#socket?.close();
    this.#socket = undefined;
  }

  handleBytes(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (this.#isFirst && startsLikeTls(bytes)) {
      return this.#end(new NotPlainError());
    }
    this.#isFirst = false;
    this.#handler.data(bytes);
  }

  handleEnd(): void {
    this.#end();
  }

  async #connect(): Promise<void> {
    try {
      const { socket, secure } = await this.#reach();
      if (this.#isClosed) return socket.reset();
      this.#socket = socket;
      this.#isFirst = secure === undefined;
      this.#handler.connected(secure);
      if (!this.#isClosed) socket.start(this);
    } catch (error) {
      this.#end(error);
    }
  }

  /** The first place that answers; throws what is said of the last one. */
  async #reach(): Promise<
    { socket: ByteSocket; secure: PinnedConnection | undefined }
  > {
    const [last] = this.#places.slice(-1);
    let passing: unknown;
    for (const place of this.#places) {
      const { host, port } = place;
      const given = this.#connecting.signal;
      // Where there are others, one that is silent is not waited for long.
      const signal = this.#places.length > 1
        ? AbortSignal.any([given, AbortSignal.timeout(silentMs)])
        : given;
      try {
        const secure = this.#pins &&
          await connectPinned(host, port, this.#pins, signal, this.#place);
        const socket = secure?.socket ??
          await connectTcp({ hostname: host, port }, signal);
        return { socket, secure };
      } catch (error) {
        const kind = lossKind(error);
        if (kind === "passing") passing ??= error;
        if (place !== last && !given.aborted && kind !== "final") continue;
        // Of several places that do not serve, one that answers says more.
        throw kind === "lost" ? passing ?? error : error;
      }
    }
    throw new Error("there is no place to try");
  }

  /** @param error Why there is none, where that is more than a loss. */
  #end(error?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket?.reset();
    this.#socket = undefined;
    const reason = error === undefined
      ? "the connection was lost"
      : this.#reason(error);
    this.#handler.disconnected(reason, lossKind(error));
  }

  /** Hands to the system what it takes. */
  #flush(): void {
    if (this.#isWriting || this.#isClosed || this.#socket === undefined) return;
    const parts = this.#queue;
    if (parts.length === 0) return;
    this.#queue = [];
    try {
      const written = this.#socket.write(joinBytes(parts));
      if (written === undefined) return;
      this.#isWriting = true;
      written.then(() => {
        this.#isWriting = false;
        this.#flush();
      }, () => {
        // The reading side hears of it and says so.
        this.#isWriting = false;
      });
    } catch {
      // The reading side hears of it and says so.
    }
  }

  /** Why there is no connection, in one line. */
  #reason(error: unknown): string {
    // These name what they are about themselves.
    if (error instanceof ServerKeyChangedError || error instanceof StartError) {
      return error.message;
    }
    const message = messageOf(error);
    if (lossKind(error) !== "lost") {
      return `cannot talk to ${this.#place}: ${message}`;
    }
    const isRefused = error instanceof Deno.errors.ConnectionRefused ||
      message === "connection refused";
    const why = isRefused
      ? "nothing listens there"
      : message.replace(/ \(os error \d+\)$/, "");
    const meant = meantHostPort(this.#host);
    const advice = meant === undefined
      ? "check host and port, and that the server runs"
      : `if that is an address and a port, write ${meant}`;
    return `cannot reach the server at ${this.#place}: ${why}; ${advice}`;
  }
}

/** The server's first bytes are TLS, where plain text was asked for. */
class NotPlainError extends Error {
  constructor() {
    super(serverSpeaksTls);
  }
}

function lossKind(error: unknown): LossKind {
  if (error instanceof TlsConnectError) {
    if (error.kind === "unreachable") return "lost";
    return error.kind === "outdated" ? "passing" : "final";
  }
  // The known servers could not be read just now.
  if (error instanceof StartError) return "passing";
  return error instanceof ServerKeyChangedError ||
      error instanceof NotPlainError
    ? "final"
    : "lost";
}

/** How long one of several machines may take to answer, ms. */
const silentMs = 3_000;
