/**
 * One client's TCP connection, with TLS or without: reads into small buffers, writes through the
 * scheduler, and ends in an orderly way. Closing a socket that has unread input
 * throws away what was just written, so the end of a connection is: write out
 * the queue, say that nothing more comes, read until the other side hangs up or
 * a short time has passed, close.
 */
import type { ChannelBinding } from "../protocol/scram.ts";
import type { OutgoingQueue } from "../server/outgoing_queue.ts";
import type { ConnectionId, RemoteAddress } from "../server/server_action.ts";
import type { Writer, WriteScheduler, WriteSource } from "./write_scheduler.ts";

/** What a connection tells its owner. */
export interface TcpConnectionEvents {
  /** Bytes came; they are only good during the call. */
  handleData(id: ConnectionId, bytes: Uint8Array): void;
  /** No more comes from the client; called once. */
  handleClosed(id: ConnectionId): void;
  /** The socket is closed; called once, last. */
  handleReleased(id: ConnectionId): void;
}

/** One accepted connection. */
export class TcpConnection implements WriteSource {
  readonly id: ConnectionId;
  readonly remote: RemoteAddress;
  readonly #conn: Deno.Conn<Deno.NetAddr>;
  readonly #events: TcpConnectionEvents;
  readonly #writer: Writer;
  #queue: OutgoingQueue | undefined;
  #state: "open" | "finishing" | "lingering" | "closed" = "open";
  #toldClosed = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(
    id: ConnectionId,
    conn: Deno.Conn<Deno.NetAddr>,
    scheduler: WriteScheduler,
    events: TcpConnectionEvents,
    binding?: ChannelBinding,
  ) {
    this.id = id;
    this.#conn = conn;
    this.#events = events;
    this.#writer = scheduler.writer(this);
    const remote = remoteOf(conn);
    this.remote = binding === undefined ? remote : { ...remote, binding };
  }

  /** Starts to read and to write what is in `queue`. */
  start(queue: OutgoingQueue): void {
    this.#queue = queue;
    try {
      if (isTcp(this.#conn)) this.#conn.setNoDelay(true);
    } catch {
      // The peer has gone already: reading says so.
    }
    this.#read();
  }

  /** To be called when something was queued. */
  wake(): void {
    if (this.#state === "open" || this.#state === "finishing") {
      this.#writer.wake();
    }
  }

  /** Writes out what is queued, for {@link finishMs} at most, then closes. */
  finish(): void {
    if (this.#state !== "open") return;
    this.#state = "finishing";
    this.#deadline = setTimeout(() => this.#close(), finishMs);
    this.wake();
    if (!this.#writer.busy) this.#linger();
  }

  /** Closes at once. */
  abort(): void {
    this.#close();
  }

  get hasOutgoing(): boolean {
    return (this.#queue?.bytes ?? 0) > 0;
  }

  takeOutgoing(): Uint8Array | undefined {
    return this.#queue?.take();
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  handleDrained(): void {
    if (this.#state === "finishing") this.#linger();
  }

  handleWriteFailed(_error: unknown): void {
    this.#close();
  }

  async #read(): Promise<void> {
    let buffer: Uint8Array = new Uint8Array(smallBuffer);
    const small = buffer;
    let ignored = 0;
    try {
      for (;;) {
        const count = await this.#conn.read(buffer);
        if (count === null) break;
        if (this.#state === "open") {
          this.#events.handleData(this.id, buffer.subarray(0, count));
        } else if ((ignored += count) > ignoredBytes) break;
        if (count === small.length && buffer === small) {
          buffer = largeBuffers.pop() ?? new Uint8Array(largeBuffer);
        } else if (count <= small.length && buffer !== small) {
          largeBuffers.push(buffer);
          buffer = small;
        }
      }
    } catch {
      this.#close();
    }
    if (buffer !== small) largeBuffers.push(buffer);
    if (this.#state === "lingering") this.#close();
    this.#tellClosed();
    // What is queued may still reach a client that has only stopped sending.
    this.finish();
  }

  #linger(): void {
    this.#state = "lingering";
    if (this.#toldClosed) return this.#close();
    this.#conn.closeWrite().catch(() => this.#close());
  }

  #close(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    clearTimeout(this.#deadline);
    try {
      this.#conn.close();
    } catch {
      // It is closed.
    }
    this.#tellClosed();
    this.#events.handleReleased(this.id);
  }

  #tellClosed(): void {
    if (this.#toldClosed) return;
    this.#toldClosed = true;
    this.#events.handleClosed(this.id);
  }
}

function isTcp(conn: Deno.Conn): conn is Deno.TcpConn {
  return "setNoDelay" in conn;
}

function remoteOf(conn: Deno.Conn<Deno.NetAddr>): RemoteAddress {
  const ip = plainAddress(conn.remoteAddr.hostname);
  const local = ip === "::1" || ip.startsWith("127.") ||
    ip === plainAddress(conn.localAddr.hostname);
  return { ip, port: conn.remoteAddr.port, local };
}

/** An IPv4 address that came in over IPv6 as what it is. */
function plainAddress(ip: string): string {
  return ip.replace(/^::ffff:(?=\d+\.)/i, "");
}

/** How long a connection may take to end, ms. */
export const finishMs = 1000;

/** Bytes read from a client that was hung up on before it is cut off. */
const ignoredBytes = 1024 * 1024;

// Idle connections hold a small buffer; one that sends more than that at once
// borrows a large one until it slows down.
const smallBuffer = 2 * 1024;
const largeBuffer = 16 * 1024;
const largeBuffers: Uint8Array[] = [];
