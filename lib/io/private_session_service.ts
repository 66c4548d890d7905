/**
 * The client's private sessions (see `lib/client/session_port.ts`): a session
 * for each offer, and one TCP listener for all of them, open only while a
 * session is being made.
 */
import type { PrivateRole } from "../client/private_hello.ts";
import { privateLimits } from "../client/private_limits.ts";
import type {
  SessionEvent,
  SessionPeer,
  SessionPort,
} from "../client/session_port.ts";
import type { Instant } from "../protocol/instant.ts";
import type { Random } from "../protocol/random.ts";
import { PrivateListener } from "./private_listener.ts";
import { PrivateSession } from "./private_session.ts";

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
  /** Sessions and listeners that are being closed. */
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
    const listener = this.#listener;
    this.#listener = undefined;
    if (listener !== undefined) this.#track(listener.close());
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
