/**
 * Listens for clients, with TLS or without. Running out of file descriptors is
 * reported and waited out: those who are connected go on.
 */
import type { ConnectionId } from "../model/actions.ts";
import type { Report } from "../logs/server_log.io.ts";
import { reasonOf, StartError } from "../../system/errors.io.ts";
import type { Network, NetworkOwner } from "./network.ts";
import {
  TcpConnection,
  type TcpConnectionEvents,
  type TcpConnectionTls,
} from "./tcp_connection.io.ts";
import { TcpListener, type TcpSocket } from "../../system/tcp_socket.io.ts";
import type { TlsCertificate } from "../../security/server_certificate.io.ts";
import { TlsContext } from "../../security/tls_session.io.ts";
import { TurnQueue } from "./turn_queue.io.ts";
import { WriteScheduler } from "./write_scheduler.io.ts";

/** A listening socket and its connections. */
export class TcpServer implements Network {
  readonly #listener: TcpListener;
  /** For TLS; connections that were accepted before keep theirs. */
  #tls: TcpConnectionTls | undefined;
  readonly #logins = new TurnQueue(loginTurnMs);
  readonly #scheduler = new WriteScheduler();
  readonly #connections = new Map<ConnectionId, TcpConnection>();
  /** Those that are being hung up on, the first of them first. */
  readonly #finishing = new Set<ConnectionId>();
  readonly #owner: NetworkOwner;
  readonly #events: TcpConnectionEvents = {
    handleFinishing: (id) => this.#handleFinishing(id),
    handleReleased: (id) => this.#handleReleased(id),
  };
  readonly #report: Report;
  readonly #most: number;
  #lastId = 0;
  /** How many were accepted since the logins that wait had their turn. */
  #accepted = 0;
  /** They have their turn before others are accepted. */
  #isTurnDue = false;
  /** There are as many as may be, and that was told. */
  #isFull = false;
  #closing = false;
  #whenEmpty: (() => void) | undefined;
  #mayRead = true;

  /**
   * Binds the port; nothing is accepted before {@link start}.
   *
   * @param port 0 picks a free one.
   * @param certificate For TLS; without it the connections are plain.
   * @param most So many connections are accepted; any number by default.
   * @throws {StartError} when it cannot be bound or the certificate not be used.
   */
  constructor(
    host: string,
    port: number,
    owner: NetworkOwner,
    report: Report,
    certificate?: TlsCertificate,
    most = Infinity,
  ) {
    this.#owner = owner;
    this.#most = most;
    this.#report = report;
    if (certificate !== undefined) this.replaceCertificate(certificate);
    this.#listener = listen(host, port);
  }

  /** The port that is listened on. */
  get port(): number {
    return this.#listener.port;
  }

  /** How many connections there are. */
  get size(): number {
    return this.#connections.size;
  }

  wake(connections: readonly ConnectionId[]): void {
    for (const id of connections) this.#connections.get(id)?.wake();
  }

  enter(connection: ConnectionId): void {
    this.#connections.get(connection)?.enter();
  }

  finish(connection: ConnectionId): void {
    this.#connections.get(connection)?.finish();
  }

  abort(connection: ConnectionId): void {
    this.#connections.get(connection)?.abort();
  }

  /** Reads from all clients, also those who come later, or from none for now. */
  setReading(mayRead: boolean): void {
    this.#mayRead = mayRead;
    for (const connection of this.#connections.values()) {
      connection.setReading(mayRead);
    }
  }

  /** Starts to accept connections. */
  start(): void {
    this.#listener.start({
      handleSocket: (socket) => this.#open(socket),
      handleFailure: (error) => {
        const why = reasonOf(error);
        this.#report(
          "warning",
          `cannot accept connections: ${why}; trying again`,
        );
      },
      handleRecovery: () =>
        this.#report("warning", "connections are accepted again"),
    });
  }

  /**
   * Shows another certificate to those who connect from now on.
   *
   * @throws {StartError} when it cannot be used; the one before stays.
   */
  replaceCertificate(certificate: TlsCertificate): void {
    const { binding } = certificate;
    try {
      const context = new TlsContext(certificate);
      this.#tls = { context, binding };
    } catch (error) {
      throw new StartError(reasonOf(error));
    }
  }

  /** Stops to accept, writes out what is queued for each client and closes. */
  async close(): Promise<void> {
    this.#closing = true;
    this.#listener.close();
    const empty = new Promise<void>((resolve) => this.#whenEmpty = resolve);
    for (const connection of this.#connections.values()) connection.finish();
    if (this.#connections.size > 0) await empty;
    this.#scheduler.close();
  }

  #open(socket: TcpSocket): void {
    const id = ++this.#lastId;
    const connection = new TcpConnection(
      id,
      socket,
      this.#scheduler,
      this.#logins,
      this.#owner,
      this.#events,
      this.#tls,
    );
    this.#connections.set(id, connection);
    connection.start();
    if (!this.#mayRead) connection.setReading(false);
    this.#owner.handleOpen(id, connection.remote);
    this.#takeTurns();
    if (this.#connections.size >= this.#most) this.#handleFull();
  }

  /**
   * Nobody is accepted before most of those who were have had their turn: they
   * would be too many who are not logged in, and be refused for that.
   */
  #takeTurns(): void {
    this.#accepted++;
    if (this.#accepted < mostAccepted && this.#logins.size < mostAccepted) {
      return;
    }
    this.#isTurnDue = true;
    this.#listener.pause();
    this.#logins.add(() => {
      this.#accepted = 0;
      this.#isTurnDue = false;
      this.#acceptAgain();
    });
  }

  #acceptAgain(): void {
    if (this.#closing || this.#isTurnDue) return;
    if (this.#connections.size < this.#most) this.#listener.resume();
  }

  /** The files that are left are the server's own. */
  #handleFull(): void {
    this.#listener.pause();
    if (this.#isFull) return;
    this.#isFull = true;
    this.#report(
      "warning",
      `${this.#most} connections are all that there may be with this limit of ` +
        'open files ("ulimit -n"): who comes waits until one of them ends',
    );
  }

  #handleFinishing(id: ConnectionId): void {
    this.#finishing.add(id);
    if (this.#closing || this.#finishing.size <= mostFinishing) return;
    const [first] = this.#finishing;
    if (first !== undefined) this.#connections.get(first)?.abort();
  }

  #handleReleased(id: ConnectionId): void {
    this.#connections.delete(id);
    this.#finishing.delete(id);
    this.#acceptAgain();
    // Told again when it was much better in between.
    if (this.#connections.size < this.#most / 2) this.#isFull = false;
    if (this.#connections.size === 0) this.#whenEmpty?.();
  }
}

function listen(host: string, port: number): TcpListener {
  try {
    return new TcpListener(host, port);
  } catch (error) {
    throw new StartError(
      `cannot listen on ${host}:${port}: ${reasonOf(error)}; ` +
        "choose another with --host and --port",
    );
  }
}

/** How much of a turn of the event loop handshakes and logins may take, ms. */
const loginTurnMs = 2;
/** Who are accepted while nobody who wants to log in has a turn. */
const mostAccepted = 64;
/** Clients that may be hung up on at the same time; of more the first is cut off. */
const mostFinishing = 128;
