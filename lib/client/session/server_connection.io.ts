/** The client's connection to its server, with TLS or without. */
import { serverLabel } from "../trust/server_pins.ts";
import { serverSpeaksTls, startsLikeTls } from "../../security/certificate.ts";
import {
  connectPinned,
  type PinFile,
  type PinnedConnection,
  ServerKeyChangedError,
} from "../trust/server_pins.io.ts";
import { StartError } from "../../system/errors.io.ts";
import { TlsConnectError } from "../../security/tls_client.io.ts";

/** What a connection tells its owner. */
export interface ServerConnectionHandler {
  /** @param secure Absent without TLS. */
  connected(secure?: PinnedConnection): void;
  data(bytes: Uint8Array): void;
  /**
   * @param reason One line for people.
   * @param final True when trying again is of no use, or of danger.
   */
  disconnected(reason: string, final: boolean): void;
}

/** One connection, or one attempt to make it. */
export class ServerConnection {
  readonly #handler: ServerConnectionHandler;
  readonly #place: string;
  readonly #pins: PinFile | undefined;
  #connection: Deno.Conn<Deno.NetAddr> | undefined;
  #queue: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  #isClosed = false;

  /** @param pins The servers known for TLS; without them it is plain. */
  constructor(
    host: string,
    port: number,
    handler: ServerConnectionHandler,
    pins?: PinFile,
  ) {
    this.#handler = handler;
    this.#pins = pins;
    this.#place = serverLabel(host, port);
    this.#run(host, port);
  }

  /** The server's address, while there is a connection. */
  get serverIp(): string | undefined {
    return this.#connection?.remoteAddr.hostname;
  }

  /** Writes `bytes` after what was written before. */
  write(bytes: Uint8Array): void {
    this.#queue.push(bytes);
    this.#writing ??= this.#drain();
  }

  /** Writes what is left and closes; the handler hears nothing any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const late = new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, closeMs);
      (this.#writing ?? Promise.resolve()).finally(() => clearTimeout(timer))
        .then(resolve);
    });
    await late;
    this.#closeSocket();
  }

  async #run(host: string, port: number): Promise<void> {
    let reason = "the connection was lost";
    let final = false;
    try {
      const secure = this.#pins && await connectPinned(host, port, this.#pins);
      const connection = secure?.conn ?? await connectPlain(host, port);
      if (this.#isClosed) return connection.close();
      this.#connection = connection;
      this.#handler.connected(secure);
      await this.#read(connection, secure === undefined);
      if (this.#isClosed) return;
    } catch (error) {
      if (error instanceof NotPlainError || this.#connection === undefined) {
        final = isFinal(error);
        reason = this.#reason(error);
      }
    }
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeSocket();
    this.#handler.disconnected(reason, final);
  }

  /** Reads until either side ends the connection. */
  async #read(connection: Deno.Conn, isPlain: boolean): Promise<void> {
    const buffer = new Uint8Array(readBytes);
    let isFirst = true;
    for (;;) {
      const count = await connection.read(buffer);
      if (this.#isClosed || count === null) return;
      const bytes = buffer.subarray(0, count);
      if (isPlain && isFirst && startsLikeTls(bytes)) throw new NotPlainError();
      isFirst = false;
      this.#handler.data(bytes);
      if (this.#isClosed) return;
    }
  }

  async #drain(): Promise<void> {
    await Promise.resolve();
    try {
      while (this.#queue.length > 0 && this.#connection !== undefined) {
        let bytes = joined(this.#queue);
        this.#queue = [];
        while (bytes.length > 0) {
          bytes = bytes.subarray(await this.#connection.write(bytes));
        }
      }
    } catch {
      // The reading side hears of it and says so.
      this.#queue = [];
    } finally {
      this.#writing = undefined;
    }
  }

  #closeSocket(): void {
    try {
      this.#connection?.close();
    } catch { /* it is closed */ }
    this.#connection = undefined;
  }

  /** Why there is no connection, in one line. */
  #reason(error: unknown): string {
    // These name what they are about themselves.
    if (error instanceof ServerKeyChangedError || error instanceof StartError) {
      return error.message;
    }
    const message = error instanceof Error ? error.message : String(error);
    if (isFinal(error)) return `cannot talk to ${this.#place}: ${message}`;
    const isRefused = error instanceof Deno.errors.ConnectionRefused ||
      message === "connection refused";
    const why = isRefused
      ? "nothing listens there"
      : message.replace(/ \(os error \d+\)$/, "");
    return `cannot reach the server at ${this.#place}: ${why}; check host and port, and that the server runs`;
  }
}

/** The server's first bytes are TLS, where plain text was asked for. */
class NotPlainError extends Error {
  constructor() {
    super(serverSpeaksTls);
  }
}

async function connectPlain(
  hostname: string,
  port: number,
): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname, port });
  connection.setNoDelay(true);
  return connection;
}

/** True when the server is there, but not as it must be. */
function isFinal(error: unknown): boolean {
  return error instanceof ServerKeyChangedError ||
    error instanceof StartError || error instanceof NotPlainError ||
    error instanceof TlsConnectError && error.kind !== "unreachable";
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const readBytes = 64 * 1024;
const closeMs = 1000;
