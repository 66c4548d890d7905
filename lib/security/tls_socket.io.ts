/**
 * A client's TLS connection that is gone when it is cut off, also in the middle
 * of the handshake: the runtime's own is not, for as long as the other side does
 * not answer or does not read.
 */
import type {
  ByteSocket,
  SocketAddress,
  TcpSocket,
  TcpSocketEvents,
} from "../system/tcp_socket.io.ts";
import { tlsClientSession, type TlsSession } from "./tls_session.io.ts";

/** One that has finished its handshake, with whoever answered. */
export class TlsSocket implements ByteSocket {
  readonly remote: SocketAddress;
  readonly #socket: TcpSocket;
  readonly #session: TlsSession;
  /** Gets what happens: the handshake at first, then the owner. */
  #events: TcpSocketEvents;
  /** What came before the owner was there. */
  readonly #early: Uint8Array[] = [];
  /** Bytes of TLS itself that the other side does not take. */
  #unsentBytes = 0;
  #hasEnded = false;
  #closed = false;

  private constructor(
    socket: TcpSocket,
    serverName: string,
    whenEstablished: () => void,
    whenFailed: (error: Error) => void,
  ) {
    this.remote = socket.remote;
    this.#socket = socket;
    this.#events = {
      handleBytes: (bytes) => this.#early.push(bytes),
      handleEnd: () => {
        if (!this.#session.established) whenFailed(new Error(hungUp));
      },
    };
    this.#session = tlsClientSession(serverName, {
      handleEstablished: whenEstablished,
      handleClear: (bytes) => this.#events.handleBytes(bytes),
      handleClearEnd: () => this.#end(true),
      handleTlsError: (error) => {
        if (!this.#session.established) whenFailed(error);
        else this.#end(false);
      },
    });
  }

  /**
   * Makes the handshake.
   *
   * @param socket Is this one's from then on.
   * @param serverName What the server is asked for.
   * @param signal Gives up.
   * @throws {Error} when the other side does not speak TLS, or hangs up.
   */
  static handshake(
    socket: TcpSocket,
    serverName: string,
    signal: AbortSignal,
  ): Promise<TlsSocket> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown, close: () => void) => {
        signal.removeEventListener("abort", giveUp);
        // What TLS has to say of it goes out first.
        queueMicrotask(close);
        reject(error);
      };
      const giveUp = () => fail(signal.reason, () => made.reset());
      const made = new TlsSocket(socket, serverName, () => {
        signal.removeEventListener("abort", giveUp);
        socket.pause();
        resolve(made);
      }, (error) => fail(error, () => made.close()));
      if (signal.aborted) return giveUp();
      signal.addEventListener("abort", giveUp);
      made.#flush();
      socket.start({
        handleBytes: (bytes) => made.#receive(bytes),
        // Without a word of TLS, it may have been cut off by anybody.
        handleEnd: () => made.#end(false),
      });
    });
  }

  /** The certificate that the other side showed, DER. */
  get peerCertificate(): Uint8Array | undefined {
    return this.#session.peerCertificate;
  }

  start(events: TcpSocketEvents): void {
    this.#events = events;
    for (const bytes of this.#early.splice(0)) events.handleBytes(bytes);
    if (this.#hasEnded) events.handleEnd(false);
    else this.#socket.resume();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#closed) throw new Error("the connection is closed");
    return this.#socket.write(this.#session.encrypt(bytes));
  }

  closeWrite(): void {
    if (this.#closed) return;
    this.#sayEnd();
    this.#socket.closeWrite();
  }

  close(): void {
    this.#release(() => {
      this.#sayEnd();
      this.#socket.close();
    });
  }

  reset(): void {
    this.#release(() => this.#socket.reset());
  }

  #release(close: () => void): void {
    if (this.#closed) return;
    this.#closed = true;
    close();
    this.#session.close();
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#session.receive(bytes);
    this.#flush();
  }

  /** Sends what TLS itself has to say. */
  #flush(): void {
    if (this.#closed) return;
    const bytes = this.#session.takeOutgoing();
    if (bytes !== undefined) this.#send(bytes);
  }

  #sayEnd(): void {
    const last = this.#session.end();
    if (last !== undefined) this.#send(last);
  }

  #send(bytes: Uint8Array): void {
    try {
      const sent = this.#socket.write(bytes);
      if (sent === undefined) return;
      this.#unsentBytes += bytes.length;
      if (this.#unsentBytes > mostUnsentBytes) return this.#end(false);
      sent.then(() => {
        this.#unsentBytes -= bytes.length;
      }, () => {});
    } catch {
      // The reading side hears of it and says so.
    }
  }

  #end(orderly: boolean): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#events.handleEnd(orderly);
  }
}

const hungUp = "the server hung up before TLS was agreed on";
/** Bytes of TLS itself that may wait for a server that does not read. */
const mostUnsentBytes = 64 * 1024;
