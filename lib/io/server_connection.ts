/** The client's TCP connection to its server. */
export interface ServerConnectionHandler {
  connected(): void;
  data(bytes: Uint8Array): void;
  /** @param reason One line for people. */
  disconnected(reason: string): void;
}

/** One connection, or one attempt to make it. */
export class ServerConnection {
  readonly #handler: ServerConnectionHandler;
  readonly #place: string;
  #connection: Deno.TcpConn | undefined;
  #queue: Uint8Array[] = [];
  #writing: Promise<void> | undefined;
  #isClosed = false;

  constructor(host: string, port: number, handler: ServerConnectionHandler) {
    this.#handler = handler;
    this.#place = `${host.includes(":") ? `[${host}]` : host}:${port}`;
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
    try {
      const connection = await Deno.connect({ hostname: host, port });
      if (this.#isClosed) return connection.close();
      this.#connection = connection;
      connection.setNoDelay(true);
      this.#handler.connected();
      const buffer = new Uint8Array(readBytes);
      for (;;) {
        const count = await connection.read(buffer);
        if (this.#isClosed) return;
        if (count === null) break;
        this.#handler.data(buffer.subarray(0, count));
        if (this.#isClosed) return;
      }
    } catch (error) {
      if (this.#connection === undefined) reason = this.#unreachable(error);
    }
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeSocket();
    this.#handler.disconnected(reason);
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

  #unreachable(error: unknown): string {
    const why = error instanceof Deno.errors.ConnectionRefused
      ? "nothing listens there"
      : error instanceof Error
      ? error.message.replace(/ \(os error \d+\)$/, "")
      : String(error);
    return `cannot reach the server at ${this.#place}: ${why}; check host and port, and that the server runs`;
  }
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
