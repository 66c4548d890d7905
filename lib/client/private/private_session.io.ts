/**
 * One private session of the client: waits for the other side's agreement, then
 * tries every address of the other side at once and takes callers; the first
 * connection on which both prove who they are, in the eyes of the offerer, is
 * the session's. The others are hung up.
 */
import { PrivateChannel, type PrivateChannelEvent } from "./private_channel.ts";
import { type PrivateCloseReason, privateLimits } from "./private_record.ts";
import type {
  PrivateRole,
  SessionEvent,
  SessionPeer,
} from "../events/session_port.ts";
import type { Instant, Random } from "../../base/ports.ts";
import type { WireAddress } from "../../wire/request.ts";
import { X25519KeyPair } from "../../security/x25519.ts";
import { PrivateConnection } from "./private_connection.io.ts";
import { pause } from "../../system/clock.io.ts";
import { TcpSocket } from "../../system/tcp_socket.io.ts";

/** What a session needs from the service it belongs to. */
export interface PrivateSessionHost {
  readonly clock: () => Instant;
  readonly random: Random;
  /** From the agreement to an open session, ms. */
  readonly connectMs: number;
  /** Gets the session's events; after `session-closed` or `-failed`, no more. */
  onEvent(event: SessionEvent): void;
}

/** Who is at the two ends, once it is known. */
interface Agreement {
  readonly role: PrivateRole;
  readonly peer: SessionPeer;
  readonly self: string;
}

/** A caller that came before the agreement was known. */
interface Caller {
  readonly socket: TcpSocket;
  readonly bytes: Uint8Array;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** A session in any of its states. */
export class PrivateSession {
  readonly #id: string;
  readonly #host: PrivateSessionHost;
  readonly #keyPair: X25519KeyPair;
  #agreement: Agreement | undefined;
  readonly #callers = new Set<Caller>();
  readonly #attempts = new Set<PrivateConnection>();
  /** Authenticated and not chosen, oldest first. */
  #established: PrivateConnection[] = [];
  #chosen: PrivateConnection | undefined;
  #winner: PrivateConnection | undefined;
  readonly #dialling = new AbortController();
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(id: string, host: PrivateSessionHost) {
    this.#id = id;
    this.#host = host;
    this.#keyPair = new X25519KeyPair(host.random);
  }

  /** This side's public key, base64url. */
  get publicKey(): string {
    return this.#keyPair.publicKey;
  }

  /** True while connections for it may come in. */
  get isPending(): boolean {
    return this.#winner === undefined && !this.#dialling.signal.aborted;
  }

  /** Both sides agreed: makes the connection. */
  open(agreement: Agreement): void {
    if (this.#agreement !== undefined) return;
    this.#agreement = agreement;
    const { peer } = agreement;
    try {
      this.#keyPair.sharedSecret(peer.key);
    } catch {
      const message = `${peer.user}'s client sent a key that cannot be used`;
      return this.#fail("failed", message);
    }
    const { connectMs } = this.#host;
    const seconds = connectMs / 1000;
    this.#deadline = setTimeout(() => {
      this.#fail(
        "unreachable",
        `No direct connection to ${peer.user} could be made within ${seconds} seconds; nothing was sent`,
      );
    }, connectMs);
    for (const caller of [...this.#callers]) {
      this.#callers.delete(caller);
      clearTimeout(caller.timer);
      this.#attempt(caller.socket, agreement, caller.bytes);
    }
    for (const address of usable(peer.addresses)) {
      this.#dial(address, agreement);
    }
  }

  /** A connection came in for this session; `false` when it is not wanted. */
  handleCaller(socket: TcpSocket, bytes: Uint8Array): boolean {
    const waiting = this.#callers.size + this.#attempts.size;
    if (!this.isPending || waiting >= privateLimits.waitingPerSession * 2) {
      return false;
    }
    if (this.#agreement !== undefined) {
      this.#attempt(socket, this.#agreement, bytes);
      return true;
    }
    if (this.#callers.size >= privateLimits.waitingPerSession) return false;
    const timer = setTimeout(() => {
      this.#callers.delete(caller);
      socket.reset();
    }, privateLimits.handshakeMs);
    const caller = { socket, bytes, timer };
    this.#callers.add(caller);
    return true;
  }

  /** Sends a text; gives why it cannot be sent, for people. */
  sendText(text: string): string | undefined {
    if (this.#winner === undefined) {
      return "The private session is not open yet";
    }
    return this.#winner.sendText(text);
  }

  /** Ends it for both sides; no event follows. */
  async close(reason: PrivateCloseReason, lingerMs: number): Promise<void> {
    const last = this.#winner ?? this.#chosen;
    const dropped = [...this.#attempts];
    this.#settle(last);
    // Its remaining events say nothing that is still of interest.
    this.#winner = this.#chosen = undefined;
    this.#attempts.clear();
    await last?.close(reason, lingerMs);
    await Promise.all(dropped.map((attempt) => attempt.done));
  }

  async #dial(address: WireAddress, agreement: Agreement): Promise<void> {
    const { signal } = this.#dialling;
    let pauseMs = firstPauseMs;
    // Tried again until the time is over: the other side may have had its hands
    // full of strangers, and networks recover.
    while (!signal.aborted) {
      try {
        const { ip: hostname, port } = address;
        const socket = await TcpSocket.connect({ hostname, port }, signal);
        if (signal.aborted) return socket.reset();
        await this.#attempt(socket, agreement).done;
      } catch {
        // Refused, unreachable, or no longer needed.
      }
      await pause(pauseMs, signal);
      pauseMs = Math.min(2 * pauseMs, maxPauseMs);
    }
  }

  #attempt(
    socket: TcpSocket,
    { role, peer, self }: Agreement,
    bytes?: Uint8Array,
  ): PrivateConnection {
    const { clock, random } = this.#host;
    const channel = new PrivateChannel({
      id: this.#id,
      role,
      isDialler: bytes === undefined,
      keyPair: this.#keyPair,
      self,
      peer,
      random,
    }, clock().mono);
    const connection = new PrivateConnection({
      socket,
      channel,
      clock,
      ...(bytes === undefined ? {} : { bytes }),
      onEvent: (event, from) => this.#handleEvent(event, from),
    });
    this.#attempts.add(connection);
    connection.done.then(() => this.#attempts.delete(connection));
    return connection;
  }

  #handleEvent(event: PrivateChannelEvent, from: PrivateConnection): void {
    const id = this.#id;
    if (!this.#attempts.has(from)) return;
    if (event.event === "established") {
      this.#established.push(from);
      this.#choose();
    } else if (event.event === "open") {
      this.#winner = from;
      this.#settle(from);
      this.#host.onEvent({ event: "session-open", id });
    } else if (from === this.#winner) {
      if (event.event === "text") {
        this.#host.onEvent({ event: "session-text", id, text: event.text });
      } else {
        const { reason, message } = event;
        const { unconfirmed } = from;
        this.#host.onEvent(
          { event: "session-closed", id, reason, message, unconfirmed },
        );
      }
    } else if (event.event === "closed") {
      this.#established = this.#established.filter((each) => each !== from);
      if (this.#chosen === from) this.#chosen = undefined;
      this.#choose();
    }
  }

  /** The offerer alone decides, so that both sides take the same one. */
  #choose(): void {
    if (this.#agreement?.role !== "offerer" || !this.isPending) return;
    if (this.#chosen !== undefined) return;
    this.#chosen = this.#established.shift();
    this.#chosen?.choose();
  }

  #fail(failure: "unreachable" | "failed", message: string): void {
    this.#settle(undefined);
    const id = this.#id;
    this.#host.onEvent({ event: "session-failed", id, failure, message });
  }

  /** No more connections are made; all but `kept` are hung up. */
  #settle(kept: PrivateConnection | undefined): void {
    clearTimeout(this.#deadline);
    this.#dialling.abort();
    for (const { socket, timer } of this.#callers) {
      clearTimeout(timer);
      socket.reset();
    }
    this.#callers.clear();
    this.#established = [];
    for (const attempt of [...this.#attempts]) {
      if (attempt !== kept) attempt.drop();
    }
  }
}

/** Literal addresses that can be dialled, each once, bounded in number. */
function usable(addresses: readonly WireAddress[]): WireAddress[] {
  const byPlace = new Map<string, WireAddress>();
  for (const address of addresses) {
    const { ip, port } = address;
    const isLiteral = ip.includes(":")
      ? /^[0-9a-fA-F:.]+$/.test(ip)
      : /^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(ip);
    const isAny = ip === "0.0.0.0" || ip === "::";
    if (!isLiteral || isAny || port < 1 || port > 65_535) continue;
    if (byPlace.size < privateLimits.addresses) {
      byPlace.set(`${ip} ${port}`, address);
    }
  }
  return [...byPlace.values()];
}

const firstPauseMs = 250;
const maxPauseMs = 2_000;
