/** Drives one {@link PrivateChannel} over one TCP connection. */
import type { PrivateChannel, PrivateChannelEvent } from "./private_channel.ts";
import type { PrivateCloseReason } from "./private_record.ts";
import type { Instant } from "../../base/ports.ts";

/** What a {@link PrivateConnection} is made from. */
export interface PrivateConnectionOptions {
  readonly socket: Deno.TcpConn;
  readonly channel: PrivateChannel;
  readonly clock: () => Instant;
  /** What was read from the socket before. */
  readonly bytes?: Uint8Array;
  readonly onEvent: (
    event: PrivateChannelEvent,
    connection: PrivateConnection,
  ) => void;
}

/** One direct connection to another client, or one attempt at it. */
export class PrivateConnection {
  readonly #socket: Deno.TcpConn;
  readonly #channel: PrivateChannel;
  readonly #clock: () => Instant;
  readonly #onEvent: PrivateConnectionOptions["onEvent"];
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;
  #isDropped = false;
  #isHalfClosed = false;
  /** Settles when the socket is closed. */
  readonly done: Promise<void>;

  constructor(options: PrivateConnectionOptions) {
    this.#socket = options.socket;
    this.#channel = options.channel;
    this.#clock = options.clock;
    this.#onEvent = options.onEvent;
    this.#socket.setNoDelay(true);
    this.done = this.#run(options.bytes);
  }

  /** Texts of this side whose arrival was not confirmed. */
  get unconfirmed(): number {
    return this.#channel.unconfirmed;
  }

  /** Takes this connection for the session. */
  choose(): void {
    this.#channel.handleChoose();
    this.#pump();
  }

  /** Sends a text; gives why it cannot be sent, for people. */
  sendText(text: string): string | undefined {
    const refusal = this.#channel.handleText(text);
    this.#pump();
    return refusal;
  }

  /**
   * Tells the other side, after all that was sent before, and hangs up; at the
   * latest after `lingerMs`. No event follows.
   */
  async close(reason: PrivateCloseReason, lingerMs: number): Promise<void> {
    this.#channel.handleClose(reason);
    this.#linger(lingerMs);
    this.#pump();
    await this.done;
  }

  /** Hangs up at once. */
  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lingerTimer);
    this.#socket.close();
  }

  async #run(bytes: Uint8Array | undefined): Promise<void> {
    // Whoever made this connection gets it before its first event.
    await Promise.resolve();
    if (bytes !== undefined) this.#channel.handleData(bytes, this.#now);
    this.#pump();
    const buffer = new Uint8Array(readBytes);
    try {
      while (!this.#isDropped) {
        const count = await this.#socket.read(buffer);
        if (count === null) break;
        this.#channel.handleData(buffer.subarray(0, count), this.#now);
        this.#pump();
      }
    } catch {
      // Reset by the other side, or closed by this one.
    }
    this.#channel.handleEnd();
    this.#pump();
    this.drop();
    await this.#writing;
  }

  /** Hands out events, writes what there is, sets the timer. */
  #pump(): void {
    while (!this.#isDropped) {
      const event = this.#channel.pollEvent();
      if (event === undefined) break;
      if (event.event === "closed") {
        if (event.reason === "lost") this.drop();
        else this.#linger(closeMs);
        this.#onEvent(event, this);
        break;
      }
      this.#onEvent(event, this);
    }
    if (this.#isDropped) return;
    this.#writing ??= this.#write();
    clearTimeout(this.#timer);
    const at = this.#channel.pollTimeout();
    if (at === Infinity) return;
    this.#timer = setTimeout(() => {
      this.#channel.handleTimeout(this.#now);
      this.#pump();
    }, Math.max(0, Math.ceil(at - this.#now)));
  }

  async #write(): Promise<void> {
    // What one turn of the event loop sends goes in one write.
    await Promise.resolve();
    try {
      for (;;) {
        let bytes = this.#channel.pollTransmit(this.#now);
        if (bytes === undefined || this.#isDropped) break;
        while (bytes.length > 0) {
          bytes = bytes.subarray(await this.#socket.write(bytes));
        }
      }
      if (this.#channel.isFinished && !this.#isHalfClosed) {
        // The other side reads what is left, then closes too. Closing here at
        // once could reset the connection and lose it.
        this.#isHalfClosed = true;
        await this.#socket.closeWrite();
      }
    } catch {
      // The reading side hears of it and says so.
    } finally {
      this.#writing = undefined;
    }
  }

  #linger(ms: number): void {
    if (this.#isDropped) return;
    clearTimeout(this.#lingerTimer);
    this.#lingerTimer = setTimeout(() => this.drop(), ms);
  }

  get #now(): number {
    return this.#clock().mono;
  }
}

const readBytes = 32 * 1024;
/** How long a session that ended may take to say so to the other side, ms. */
const closeMs = 1_000;
