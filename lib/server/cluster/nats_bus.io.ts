/**
 * Messages between nodes, over NATS. What is published without a connection is
 * dropped: whoever depends on it counts its messages, and notices.
 */
import {
  connect,
  type ConnectionOptions,
  credsAuthenticator,
  type NatsConnection,
} from "@nats-io/transport-node";
import { reasonOf } from "../../system/errors.io.ts";
import type { Report } from "../logs/server_log.io.ts";
import type { NatsAccess } from "./nats_option.io.ts";

/** Hears of what is published. */
interface Subscriber {
  readonly subject: string;
  readonly handle: (bytes: Uint8Array) => void;
  /** Ends it at the connection that there is. */
  stop: () => void;
}

/** A connection that makes itself anew. */
export class NatsBus {
  readonly #place: NatsAccess;
  readonly #report: Report;
  readonly #subscribers = new Set<Subscriber>();
  #connection: NatsConnection | undefined;
  #isUp = false;
  #isClosed = false;
  /** Since when there is no connection, monotonic ms. */
  #downSince = performance.now();
  #retry: ReturnType<typeof setTimeout> | undefined;
  #lastFault = "";

  /** Begins to connect. */
  constructor(place: NatsAccess, report: Report) {
    this.#place = place;
    this.#report = report;
    this.#connect();
  }

  /** How long there has been no connection, ms; 0 while there is one. */
  get downMs(): number {
    return this.#isUp ? 0 : performance.now() - this.#downSince;
  }

  /** Sends to all who have subscribed; dropped while there is no connection. */
  publish(subject: string, bytes: Uint8Array): void {
    if (this.#isUp) this.#connection?.publish(subject, bytes);
  }

  /**
   * Hears of what is published from now on, and after each new connection.
   *
   * @param handle Gets each message; one for a subject.
   * @returns Ends it.
   */
  subscribe(subject: string, handle: (bytes: Uint8Array) => void): () => void {
    const subscriber = { subject, handle, stop: () => {} };
    this.#subscribers.add(subscriber);
    this.#listen(subscriber);
    return () => {
      this.#subscribers.delete(subscriber);
      subscriber.stop();
    };
  }

  /** Sends what was published, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    const connection = this.#connection;
    this.#connection = undefined;
    if (this.#isUp) await connection?.flush().catch(() => {});
    this.#isUp = false;
    await connection?.close();
  }

  async #connect(): Promise<void> {
    try {
      const connection = await connect({
        ...natsLogin(this.#place),
        maxReconnectAttempts: -1,
        reconnectTimeWait: retryMs,
        reconnectJitter: 0,
        pingInterval: pingMs,
        maxPingOut: 2,
      });
      if (this.#isClosed) return await connection.close();
      this.#connection = connection;
      for (const each of this.#subscribers) this.#listen(each);
      this.#handleUp();
      this.#watch(connection);
    } catch (error) {
      this.#fail(reasonOf(error));
    }
  }

  #fail(why: string): void {
    if (this.#isClosed) return;
    if (why !== this.#lastFault) {
      this.#report("error", natsFault(this.#place.servers, why));
    }
    this.#lastFault = why;
    this.#retry = setTimeout(() => this.#connect(), retryMs);
  }

  #listen(subscriber: Subscriber): void {
    const { subject, handle } = subscriber;
    const subscription = this.#connection?.subscribe(subject, {
      callback: (error, message) => {
        if (error !== null) return;
        // A Buffer, whose `slice` copies nothing, into the memory of the socket.
        const { buffer, byteOffset, length } = message.data;
        handle(new Uint8Array(buffer, byteOffset, length));
      },
    });
    subscriber.stop = () => subscription?.unsubscribe();
  }

  async #watch(connection: NatsConnection): Promise<void> {
    for await (const { type } of connection.status()) {
      if (connection !== this.#connection) return;
      if (type === "disconnect" && this.#isUp) {
        this.#isUp = false;
        this.#downSince = performance.now();
        this.#report("error", "the connection to NATS was lost");
      } else if (type === "reconnect") this.#handleUp();
    }
    if (connection !== this.#connection) return;
    // It has given up: refused, for example.
    this.#isUp = false;
    this.#downSince = performance.now();
    this.#connection = undefined;
    this.#fail("the connection was closed");
  }

  #handleUp(): void {
    if (this.#isUp) return;
    this.#isUp = true;
    this.#lastFault = "";
    const server = this.#connection?.getServer() ?? "";
    this.#report("info", `connected to NATS at ${server}`);
  }
}

/** That these servers cannot be reached, and what to do. */
export function natsFault(servers: readonly string[], why: string): string {
  const advice = why === "connection refused"
    ? "; is nats-server started there?"
    : "";
  return `cannot reach NATS at ${servers.join(", ")}: ${why}${advice}`;
}

/** How a place is connected to. */
export function natsLogin(
  { servers, user, password, isSecure, authority, credentials }: NatsAccess,
): ConnectionOptions {
  return {
    servers: [...servers],
    name: "parley-server",
    ...user !== undefined && { user },
    ...password !== undefined && { pass: password },
    ...isSecure && { tls: authority === undefined ? {} : { ca: authority } },
    ...credentials !== undefined && {
      authenticator: credsAuthenticator(new TextEncoder().encode(credentials)),
    },
    timeout: connectMs,
  };
}

/** How long a connection may take, ms. */
const connectMs = 2_000;
/** How soon it is tried again, ms. */
const retryMs = 250;
/** How often it is looked whether the other end is there, ms. */
const pingMs = 2_000;
