/** Drives one {@link PrivateChannel} over one TCP connection. */
import type { PrivateChannel, PrivateChannelEvent } from "./private_channel.ts";
import type { PrivateCloseReason } from "./private_record.ts";
import type { Instant } from "../../base/ports.ts";
import type { TcpSocket, TcpSocketEvents } from "../../system/tcp_socket.io.ts";

/** What a {@link PrivateConnection} is made from. */
export interface PrivateConnectionOptions {
  readonly socket: TcpSocket;
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
export class PrivateConnection implements TcpSocketEvents {
  readonly #socket: TcpSocket;
  readonly #channel: PrivateChannel;
  readonly #clock: () => Instant;
  readonly #onEvent: PrivateConnectionOptions["onEvent"];
  #writing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lingerTimer: ReturnType<typeof setTimeout> | undefined;
  #isDropped = false;
  #isHalfClosed = false;
  /** True when nothing more comes from the other side. */
  #hasEnded = false;
  /** Settles when the socket is closed. */
  readonly done: Promise<void>;
  #resolveDone: () => void = () => {};

  constructor(options: PrivateConnectionOptions) {
    this.#socket = options.socket;
    this.#channel = options.channel;
    this.#clock = options.clock;
    this.#onEvent = options.onEvent;
    this.done = new Promise((resolve) => this.#resolveDone = resolve);
    // Whoever made this connection gets it before its first event.
    queueMicrotask(() => this.#start(options.bytes));
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

  /** Hangs up at once: nothing of the connection is left. */
  drop(): void {
    this.#release(() => this.#socket.reset());
  }

  handleBytes(bytes: Uint8Array): void {
    this.#channel.handleData(bytes, this.#now);
    this.#pump();
  }

  handleEnd(orderly: boolean): void {
    this.#hasEnded = true;
    this.#channel.handleEnd();
    // What is left to be said after an orderly end is still written.
    this.#pump();
    if (!orderly) this.drop();
  }

  #start(bytes: Uint8Array | undefined): void {
    if (this.#isDropped) return;
    if (bytes !== undefined) this.#channel.handleData(bytes, this.#now);
    this.#pump();
    this.#socket.start(this);
  }

  #release(close: () => void): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#lingerTimer);
    close();
    this.#resolveDone();
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
        const bytes = this.#channel.pollTransmit(this.#now);
        if (bytes === undefined || this.#isDropped) break;
        await this.#socket.write(bytes);
      }
      if (this.#channel.isFinished && !this.#isHalfClosed) {
        // The other side reads what is left, then closes too. Closing here at
        // once could reset the connection and lose it.
        this.#isHalfClosed = true;
        this.#socket.closeWrite();
      }
      if (this.#hasEnded) this.#release(() => this.#socket.close());
    } catch {
      // The reading side hears of it and says so, unless it has ended.
      if (this.#hasEnded) this.drop();
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

/** How long a session that ended may take to say so to the other side, ms. */
const closeMs = 1_000;
