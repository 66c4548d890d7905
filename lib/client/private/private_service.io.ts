/**
 * The client's private sessions (see `lib/client/events/session_port.ts`): a session
 * for each offer, and one TCP listener for all of them, open only while a
 * session is being made.
 */
import { decodeHello, helloBytes, privateLimits } from "./private_record.ts";
import type {
  PrivateRole,
  SessionEvent,
  SessionPeer,
  SessionPort,
} from "../events/session_port.ts";
import type { Instant, Random } from "../../base/ports.ts";
import { PrivateSession } from "./private_session.io.ts";
import { joinBytes } from "../../base/bytes.ts";
import type { WireAddress } from "../../wire/request.ts";
import { limits } from "../../wire/limits.ts";
import { localAddresses } from "../../system/addresses.io.ts";
import { TcpListener, type TcpSocket } from "../../system/tcp_socket.io.ts";

/** What a {@link PrivateSessionService} is made from. */
export interface PrivateSessionServiceOptions {
  readonly random: Random;
  readonly clock: () => Instant;
  /** From the agreement to an open session, ms; 10,000 by default. */
  readonly connectMs?: number;
  /** Never called within a command. */
  readonly onEvent: (event: SessionEvent) => void;
}

/** Talks to other clients over TCP, end-to-end encrypted. */
export class PrivateSessionService implements SessionPort {
  readonly #options: PrivateSessionServiceOptions;
  readonly #sessions = new Map<string, PrivateSession>();
  /** Sessions that are being closed. */
  readonly #ending = new Set<Promise<void>>();
  #listener: PrivateListener | undefined;
  #isClosed = false;

  constructor(options: PrivateSessionServiceOptions) {
    this.#options = options;
  }

  prepareSession(id: string): void {
    if (this.#isClosed || this.#sessions.has(id)) return;
    const session = new PrivateSession(id, {
      clock: this.#options.clock,
      random: this.#options.random,
      connectMs: this.#options.connectMs ?? privateLimits.handshakeMs,
      onEvent: (event) => this.#handleEvent(id, session, event),
    });
    this.#sessions.set(id, session);
    try {
      this.#listener ??= new PrivateListener((socket, id, bytes) =>
        this.#sessions.get(id)?.handleCaller(socket, bytes) ?? false
      );
    } catch {
      this.#handleEvent(id, session, {
        event: "session-failed",
        id,
        failure: "failed",
        message: "No TCP port could be opened for private sessions",
      });
      return;
    }
    const { addresses } = this.#listener;
    const key = session.publicKey;
    this.#tell({ event: "session-ready", id, key, addresses }, () => {
      return this.#sessions.get(id) === session;
    });
  }

  openSession(
    id: string,
    role: PrivateRole,
    peer: SessionPeer,
    self: string,
  ): void {
    this.#sessions.get(id)?.open({ role, peer, self });
  }

  sendText(id: string, text: string): void {
    const session = this.#sessions.get(id);
    const message = session === undefined
      ? "The private session has ended"
      : session.sendText(text);
    if (message === undefined) return;
    this.#tell({ event: "session-text-refused", id, text, message });
  }

  closeSession(id: string): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.#track(session.close("stopped", stopMs));
    this.#closeListenerIfUnused();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const session of this.#sessions.values()) {
      this.#track(session.close("left", leaveMs));
    }
    this.#sessions.clear();
    this.#closeListenerIfUnused();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, leaveMs);
    });
    await Promise.race([Promise.all(this.#ending), late]);
    clearTimeout(timer);
  }

  #handleEvent(
    id: string,
    session: PrivateSession,
    event: SessionEvent,
  ): void {
    const isLast = event.event === "session-closed" ||
      event.event === "session-failed";
    this.#tell(event, () => {
      if (this.#sessions.get(id) !== session) return false;
      if (isLast) {
        this.#sessions.delete(id);
        this.#track(session.close("stopped", stopMs));
      }
      this.#closeListenerIfUnused();
      return true;
    });
  }

  /** Later in this turn, so that no command is answered while it is given. */
  #tell(event: SessionEvent, isWanted: () => boolean = () => true): void {
    queueMicrotask(() => {
      if (isWanted()) this.#options.onEvent(event);
    });
  }

  #closeListenerIfUnused(): void {
    for (const session of this.#sessions.values()) {
      if (session.isPending) return;
    }
    this.#listener?.close();
    this.#listener = undefined;
  }

  #track(ending: Promise<void>): void {
    const tracked = ending.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

/** How long what was sent before the end of a session may take, ms. */
const stopMs = 10_000;
/** The same when the client exits, ms. */
const leaveMs = 1_500;

// The TCP port at which other clients reach this one for private sessions. Who
// connects is a stranger until it says, within a short time, which session it
// means; nothing is answered before that. Strangers are bounded in number, in
// all and by address, in bytes and in time.

/**
 * Gets each connection that said which session it means: its id and the bytes
 * that were read. `false` when nobody wants it; it is closed then.
 */
export type OnCaller = (
  socket: TcpSocket,
  id: string,
  bytes: Uint8Array,
) => boolean;

/** A listener on a free port. */
export class PrivateListener {
  readonly #listener: TcpListener;
  readonly #onCaller: OnCaller;
  readonly #strangers = new Map<TcpSocket, ReturnType<typeof setTimeout>>();
  readonly #byAddress = new Map<string, number>();
  readonly #isIPv4Only: boolean;

  /** @throws {Error} when no port can be had. */
  constructor(onCaller: OnCaller) {
    this.#onCaller = onCaller;
    const { listener, isIPv4Only } = listen();
    this.#listener = listener;
    this.#isIPv4Only = isIPv4Only;
    listener.start({
      handleSocket: (socket) => this.#admit(socket),
      // Others may free some descriptors; until then the other side listens.
      handleFailure() {},
      handleRecovery() {},
    });
  }

  /** Where this listener can be reached. */
  get addresses(): WireAddress[] {
    const { port } = this.#listener;
    return localAddresses(limits.addresses)
      .filter((ip) => !this.#isIPv4Only || !ip.includes(":"))
      .map((ip) => ({ ip, port }));
  }

  /** Frees the port and hangs up on strangers. */
  close(): void {
    this.#listener.close();
    for (const socket of [...this.#strangers.keys()]) this.#dismiss(socket);
  }

  #admit(socket: TcpSocket): void {
    const { hostname } = socket.remote;
    const ofAddress = this.#byAddress.get(hostname) ?? 0;
    if (
      this.#strangers.size >= privateLimits.strangers ||
      ofAddress >= privateLimits.strangersPerAddress
    ) return socket.reset();
    const timer = setTimeout(
      () => this.#dismiss(socket),
      privateLimits.strangerMs,
    );
    this.#strangers.set(socket, timer);
    this.#byAddress.set(hostname, ofAddress + 1);
    let held: Uint8Array = new Uint8Array(0);
    socket.start({
      handleBytes: (bytes) => {
        held = joinBytes([held, bytes]);
        if (held.length >= helloBytes) this.#greet(socket, held);
      },
      handleEnd: () => this.#dismiss(socket),
    });
  }

  /** It has said what it wants. */
  #greet(socket: TcpSocket, bytes: Uint8Array): void {
    const hello = decodeHello(bytes.subarray(0, helloBytes));
    if (hello === undefined) return this.#dismiss(socket);
    this.#forget(socket);
    // Until somebody takes it over, who reads then.
    socket.pause();
    if (!this.#onCaller(socket, hello.id, bytes)) socket.reset();
  }

  #dismiss(socket: TcpSocket): void {
    if (this.#forget(socket)) socket.reset();
  }

  #forget(socket: TcpSocket): boolean {
    clearTimeout(this.#strangers.get(socket));
    if (!this.#strangers.delete(socket)) return false;
    const { hostname } = socket.remote;
    const left = (this.#byAddress.get(hostname) ?? 1) - 1;
    if (left > 0) this.#byAddress.set(hostname, left);
    else this.#byAddress.delete(hostname);
    return true;
  }
}

function listen(): { listener: TcpListener; isIPv4Only: boolean } {
  try {
    // On usual systems this takes IPv4 too.
    return { listener: new TcpListener("::", 0), isIPv4Only: false };
  } catch {
    return { listener: new TcpListener("0.0.0.0", 0), isIPv4Only: true };
  }
}
