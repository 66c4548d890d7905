/**
 * Listens for clients, with TLS or without. Running out of file descriptors, or any other failure
 * to accept, is reported and waited out: those who are connected go on.
 */
import type { ChannelBinding } from "../protocol/scram.ts";
import type { ConnectionId } from "../server/server_action.ts";
import type { Report } from "./report.ts";
import { messageOf, reasonOf } from "./reason_of.ts";
import { StartError } from "./start_error.ts";
import { TcpConnection, type TcpConnectionEvents } from "./tcp_connection.ts";
import type { TlsCertificate } from "./tls_certificate.ts";
import { listenTls } from "./tls_listener.ts";
import { WriteScheduler } from "./write_scheduler.ts";

/** What a server tells its owner. */
export interface TcpServerEvents
  extends Omit<TcpConnectionEvents, "handleReleased"> {
  /** To be answered with {@link TcpConnection.start}. */
  handleOpen(connection: TcpConnection): void;
}

/** A listening socket and its connections. */
export class TcpServer {
  readonly #host: string;
  /** For TLS; connections that were accepted before keep theirs. */
  #certificate: TlsCertificate | undefined;
  #listener: Listener;
  readonly #scheduler = new WriteScheduler();
  readonly #connections = new Map<ConnectionId, TcpConnection>();
  readonly #events: TcpServerEvents;
  readonly #report: Report;
  #lastId = 0;
  #closing = false;
  #accepting: Promise<void> | undefined;
  #wakeAccept: (() => void) | undefined;
  /** Resolves when the port is bound again with another certificate. */
  #rebinding: Promise<void> | undefined;
  #whenEmpty: (() => void) | undefined;

  /**
   * Binds the port; nothing is accepted before {@link start}.
   *
   * @param port 0 picks a free one.
   * @param certificate For TLS; without it the connections are plain.
   * @throws {StartError} when it cannot be bound.
   */
  constructor(
    host: string,
    port: number,
    events: TcpServerEvents,
    report: Report,
    certificate?: TlsCertificate,
  ) {
    this.#host = host;
    this.#events = events;
    this.#report = report;
    this.#certificate = certificate;
    this.#listener = certificate === undefined
      ? listen(host, port)
      : listenTls(host, port, certificate);
  }

  /** The port that is listened on. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many connections there are. */
  get size(): number {
    return this.#connections.size;
  }

  /** The connection of this id, until it is closed. */
  connection(id: ConnectionId): TcpConnection | undefined {
    return this.#connections.get(id);
  }

  /** Starts to accept connections. */
  start(): void {
    this.#accepting ??= this.#accept();
  }

  /**
   * Shows another certificate to those who connect from now on. The port is
   * bound anew for it, however often that takes: who connects in that instant
   * has to try again.
   */
  async replaceCertificate(certificate: TlsCertificate): Promise<void> {
    await this.#rebinding;
    if (this.#closing) return;
    const { port } = this;
    this.#certificate = certificate;
    this.#rebinding = this.#rebind(port, certificate);
    this.#listener.close();
    await this.#rebinding;
  }

  /** Stops to accept, writes out what is queued for each client and closes. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#wakeAccept?.();
    await this.#rebinding;
    try {
      this.#listener.close();
    } catch {
      // It was closed to be bound anew.
    }
    await this.#accepting;
    const empty = new Promise<void>((resolve) => this.#whenEmpty = resolve);
    for (const connection of this.#connections.values()) connection.finish();
    if (this.#connections.size > 0) await empty;
    this.#scheduler.close();
  }

  async #accept(): Promise<void> {
    let delayMs = 0;
    while (!this.#closing) {
      const listener = this.#listener;
      const binding = this.#certificate?.binding;
      try {
        const conn = await listener.accept();
        if (delayMs > 0) {
          this.#report("warning", "connections are accepted again");
        }
        delayMs = 0;
        this.#open(conn, binding);
      } catch (error) {
        if (this.#closing) return;
        if (this.#rebinding !== undefined) {
          await this.#rebinding;
          continue;
        }
        // A connection that died while it waited is no reason to wait.
        if (error instanceof Deno.errors.ConnectionAborted) continue;
        if (delayMs === 0) {
          const text = `cannot accept connections: ${
            reasonOf(error)
          }; trying on`;
          this.#report("warning", text);
        }
        delayMs = Math.min(2 * delayMs + 50, 1000);
        await this.#pause(delayMs);
      }
    }
  }

  #open(conn: Deno.Conn<Deno.NetAddr>, binding?: ChannelBinding): void {
    const id = ++this.#lastId;
    let connection: TcpConnection;
    try {
      connection = new TcpConnection(id, conn, this.#scheduler, {
        handleData: (id, bytes) => this.#events.handleData(id, bytes),
        handleClosed: (id) => this.#events.handleClosed(id),
        handleReleased: (id) => this.#handleReleased(id),
      }, binding);
    } catch {
      conn.close();
      return;
    }
    this.#connections.set(id, connection);
    this.#events.handleOpen(connection);
  }

  #handleReleased(id: ConnectionId): void {
    this.#connections.delete(id);
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }

  /** The port is free again once the system has noticed that it is closed. */
  async #rebind(port: number, certificate: TlsCertificate): Promise<void> {
    for (
      let delayMs = 1;
      !this.#closing;
      delayMs = Math.min(2 * delayMs, 250)
    ) {
      await this.#pause(delayMs);
      try {
        this.#listener = listenTls(this.#host, port, certificate);
        break;
      } catch (error) {
        if (delayMs >= 250) this.#report("error", messageOf(error));
      }
    }
    this.#rebinding = undefined;
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, delayMs);
      this.#wakeAccept = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

type Listener = Deno.Listener<Deno.Conn<Deno.NetAddr>, Deno.NetAddr>;

function listen(host: string, port: number): Deno.TcpListener {
  try {
    return Deno.listen({ hostname: host, port, tcpBacklog: backlog });
  } catch (error) {
    throw new StartError(
      `cannot listen on ${host}:${port}: ${reasonOf(error)}; ` +
        "choose another with --host and --port",
    );
  }
}

/** Clients that may wait to be accepted; the system may allow fewer. */
const backlog = 4096;
