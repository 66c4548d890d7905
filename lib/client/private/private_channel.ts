/**
 * One connection of a private session: a machine that is fed what the socket
 * reads and gives what it shall write. The one that dialled sends its hello;
 * the other answers with its own and a sealed proof; the proof of the one that
 * dialled makes the connection established. Several connections may be
 * established at a time: the offerer chooses one, the answerer confirms it, and
 * then it is open for texts.
 *
 * Feed it (`handle*`), then write all of `pollTransmit`, take all of
 * `pollEvent`, and set the timer to `pollTimeout`. When `isFinished`, close the
 * sending half of the socket. `now` is monotonic ms.
 */
import { limits } from "../../wire/limits.ts";
import type { Random } from "../../base/ports.ts";
import type { X25519KeyPair } from "../../security/x25519.ts";
import { joinBytes } from "../../base/bytes.ts";
import {
  decodeHello,
  decodeRecord,
  encodeHello,
  encodeRecord,
  helloBytes,
  isPrivateText,
  otherRole,
  type PrivateCloseReason,
  privateLimits,
  type PrivateRecord,
} from "./private_record.ts";
import {
  derivePrivateKeys,
  RecordOpener,
  RecordSealer,
} from "./record_layer.ts";
import type {
  PrivateRole,
  SessionCloseReason,
} from "../events/session_port.ts";

/** What a {@link PrivateChannel} is made from. */
export interface PrivateChannelOptions {
  /** The offer's id, 16 hexadecimal digits. */
  readonly id: string;
  /** This side of the offer. */
  readonly role: PrivateRole;
  /** True at the end that dialled the other's address. */
  readonly isDialler: boolean;
  readonly keyPair: X25519KeyPair;
  readonly self: string;
  readonly peer: { readonly user: string; readonly key: string };
  readonly random: Random;
}

/** What happened on a connection. */
export type PrivateChannelEvent =
  /** The other side proved that it is the one the server told of. */
  | { readonly event: "established" }
  /** Both sides took this connection for the session. */
  | { readonly event: "open" }
  | { readonly event: "text"; readonly text: string }
  /** The last one; none comes after this side's own `handleClose`. */
  | {
    readonly event: "closed";
    readonly reason: SessionCloseReason;
    readonly message: string;
  };

/** One direct connection to another client. */
export class PrivateChannel {
  readonly #options: PrivateChannelOptions;
  readonly #secret: Uint8Array;
  readonly #hello: Uint8Array;
  readonly #peerHello = new Uint8Array(helloBytes);
  #peerHelloHeld = 0;
  #sealer: RecordSealer | undefined;
  #opener: RecordOpener | undefined;
  #state: "hello" | "proof" | "established" | "open" | "closed" = "hello";
  readonly #events: PrivateChannelEvent[] = [];
  /** Ready to be written, in front of everything else. */
  #handshake: Uint8Array[] = [];
  readonly #texts = new OutgoingTexts();
  #received = 0;
  #owesReceived = false;
  #owesPing = false;
  #owesPong = false;
  #owesClose: PrivateCloseReason | undefined;
  #heardAt: number;
  #sentAt: number;
  readonly #startedAt: number;

  /** @throws {RangeError} when the other side's key is not usable. */
  constructor(options: PrivateChannelOptions, now: number) {
    this.#options = options;
    this.#secret = options.keyPair.sharedSecret(options.peer.key);
    this.#hello = encodeHello({
      id: options.id,
      role: options.role,
      random: options.random.bytes(32),
    });
    this.#startedAt = this.#heardAt = this.#sentAt = now;
    if (options.isDialler) this.#handshake.push(this.#hello);
  }

  /** True when texts can be sent. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** True when all is over and nothing is left to be written. */
  get isFinished(): boolean {
    return this.#state === "closed" && !this.#hasOutput();
  }

  /** Texts of this side whose arrival was not confirmed. */
  get unconfirmed(): number {
    return this.#texts.unconfirmed;
  }

  /** Bytes came; they may be reused after the call. */
  handleData(bytes: Uint8Array, now: number): void {
    let rest = bytes;
    if (this.#state === "hello") {
      const piece = bytes.subarray(0, helloBytes - this.#peerHelloHeld);
      this.#peerHello.set(piece, this.#peerHelloHeld);
      this.#peerHelloHeld += piece.length;
      if (this.#peerHelloHeld < helloBytes) return;
      rest = bytes.subarray(piece.length);
      this.#handleHello();
    }
    if (this.#state === "closed") return;
    const fault = this.#opener?.push(rest, (plaintext) => {
      this.#heardAt = now;
      const record = decodeRecord(plaintext);
      if (record === undefined) this.#fail(`${this.#peer} sent damaged data`);
      else this.#handleRecord(record);
      return !this.#isClosed();
    });
    if (fault !== undefined && !this.#isClosed()) this.#handleFault();
  }

  /** The other side sent its last byte, or the connection broke. */
  handleEnd(): void {
    const isTorn = this.#opener?.isWithinRecord === true;
    this.#end(
      "lost",
      isTorn
        ? `The connection to ${this.#peer} broke off in the middle of a message`
        : `The connection to ${this.#peer} was lost`,
    );
  }

  /** Takes this connection for the session; only the offerer may. */
  handleChoose(): void {
    if (this.#state !== "established" || this.#options.role !== "offerer") {
      throw new Error("Only an offerer's established connection can be chosen");
    }
    this.#pushHandshake({ kind: "choose" });
  }

  /**
   * Sends a text.
   *
   * @returns Why it cannot be sent, for people; `undefined` when it was queued.
   */
  handleText(text: string): string | undefined {
    if (this.#state !== "open") {
      return `There is no private session with ${this.#peer}`;
    }
    if (!isPrivateText(text)) {
      return `A text has 1 to ${limits.textCharacters} characters and no control characters but line feeds and tabs`;
    }
    return this.#texts.push(text)
      ? undefined
      : `${this.#peer} does not take texts as fast as they are sent; try again`;
  }

  /** This side ends the session, after the texts that were sent before. */
  handleClose(reason: PrivateCloseReason): void {
    if (this.#state === "closed") return;
    // The other side may have opened it without this side knowing yet.
    const isKnown = this.#state === "open" || this.#state === "established";
    if (isKnown) this.#owesClose = reason;
    else this.#handshake = [];
    this.#state = "closed";
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: number): void {
    if (now < this.pollTimeout()) return;
    if (this.#state !== "open") {
      this.#fail(`${this.#peer} did not complete the connection in time`);
    } else if (now >= this.#heardAt + limits.deadMs) {
      const seconds = limits.deadMs / 1000;
      this.#end(
        "lost",
        `Nothing was heard from ${this.#peer} for ${seconds} seconds`,
      );
    } else this.#owesPing = true;
  }

  /** The next bytes to write, when those before are written. */
  pollTransmit(now: number): Uint8Array | undefined {
    const parts = this.#handshake;
    this.#handshake = [];
    let size = parts.reduce((sum, part) => sum + part.length, 0);
    for (;;) {
      const record = size < privateLimits.writeBytes
        ? this.#nextRecord()
        : undefined;
      if (record === undefined || this.#sealer === undefined) break;
      const part = this.#sealer.seal(encodeRecord(record));
      parts.push(part);
      size += part.length;
    }
    if (size === 0) return undefined;
    this.#sentAt = now;
    return joinBytes(parts);
  }

  /** What happened next. */
  pollEvent(): PrivateChannelEvent | undefined {
    return this.#events.shift();
  }

  /** When {@link handleTimeout} is due; `Infinity` for never. */
  pollTimeout(): number {
    if (this.#state === "closed") return Infinity;
    if (this.#state !== "open") {
      return this.#startedAt + privateLimits.handshakeMs;
    }
    const deadAt = this.#heardAt + limits.deadMs;
    // A ping that could not leave yet needs no second one.
    if (this.#owesPing) return deadAt;
    return Math.min(deadAt, this.#sentAt + limits.heartbeatMs);
  }

  #handleHello(): void {
    const { id, role } = this.#options;
    const hello = decodeHello(this.#peerHello);
    if (hello?.id !== id || hello.role !== otherRole(role)) {
      return this.#fail("Something other than this session's client answered");
    }
    const { self: user, keyPair: { publicKey: key } } = this.#options;
    const own = { user, key, hello: this.#hello };
    const peer = { ...this.#options.peer, hello: this.#peerHello };
    const keys = role === "offerer"
      ? derivePrivateKeys(this.#secret, id, own, peer)
      : derivePrivateKeys(this.#secret, id, peer, own);
    this.#sealer = new RecordSealer(keys[role]);
    this.#opener = new RecordOpener(keys[otherRole(role)]);
    this.#state = "proof";
    if (!this.#options.isDialler) this.#handshake.push(this.#hello);
    this.#pushHandshake({ kind: "proof" });
  }

  #handleRecord(record: PrivateRecord): void {
    const { role } = this.#options;
    const { kind } = record;
    if (this.#state === "proof" && kind === "proof") {
      this.#state = "established";
      this.#events.push({ event: "established" });
    } else if (
      this.#state === "established" && kind === "choose" && role === "answerer"
    ) {
      this.#pushHandshake({ kind: "chosen" });
      this.#open();
    } else if (
      this.#state === "established" && kind === "chosen" && role === "offerer"
    ) this.#open();
    else if (this.#state === "open") this.#handleOpenRecord(record);
    else this.#fail(`${this.#peer} sent "${kind}" out of turn`);
  }

  #handleOpenRecord(record: PrivateRecord): void {
    switch (record.kind) {
      case "text":
        this.#received++;
        this.#owesReceived = true;
        this.#events.push({ event: "text", text: record.text });
        break;
      case "received":
        if (!this.#texts.confirm(record.count)) {
          this.#fail(`${this.#peer} confirmed texts that were never sent`);
        }
        break;
      case "ping":
        this.#owesPong = true;
        break;
      case "pong":
        break;
      case "close":
        this.#handlePeerClose(record.reason);
        break;
      default:
        this.#fail(`${this.#peer} sent "${record.kind}" out of turn`);
    }
  }

  #handlePeerClose(reason: PrivateCloseReason): void {
    this.#end(
      reason === "fault" ? "failed" : "peer",
      reason === "stopped"
        ? `${this.#peer} ended it`
        : reason === "left"
        ? `${this.#peer} left`
        : `${this.#peer} received damaged data and ended it`,
    );
  }

  #handleFault(): void {
    if (this.#state === "proof") {
      this.#fail(`${this.#peer} could not prove to be who the server named`);
    } else {
      this.#fail(
        `The data from ${this.#peer} was altered, repeated or left out on the way`,
      );
    }
  }

  #open(): void {
    this.#state = "open";
    this.#events.push({ event: "open" });
  }

  /** What came cannot be: tells the other side why this one hangs up. */
  #fail(message: string): void {
    if (this.#state === "open") this.#owesClose = "fault";
    this.#end("failed", message);
  }

  #end(reason: SessionCloseReason, message: string): void {
    if (this.#state === "closed") return;
    this.#texts.clear();
    this.#owesReceived = this.#owesPing = this.#owesPong = false;
    this.#handshake = [];
    this.#state = "closed";
    this.#events.push({ event: "closed", reason, message });
  }

  #nextRecord(): PrivateRecord | undefined {
    if (this.#sealer === undefined) return undefined;
    if (this.#owesReceived) {
      this.#owesReceived = false;
      return { kind: "received", count: this.#received };
    }
    if (this.#owesPong) {
      this.#owesPong = false;
      return { kind: "pong" };
    }
    if (this.#owesPing) {
      this.#owesPing = false;
      return { kind: "ping" };
    }
    const text = this.#texts.next();
    if (text !== undefined) return { kind: "text", text };
    if (this.#owesClose !== undefined) {
      const reason = this.#owesClose;
      this.#owesClose = undefined;
      return { kind: "close", reason };
    }
    return undefined;
  }

  #hasOutput(): boolean {
    return this.#handshake.length > 0 || this.#owesReceived ||
      this.#owesPong || this.#owesPing || this.#owesClose !== undefined ||
      this.#texts.isWaiting;
  }

  #pushHandshake(record: PrivateRecord): void {
    const sealed = this.#sealer?.seal(encodeRecord(record));
    if (sealed !== undefined) this.#handshake.push(sealed);
  }

  /** For after calls that may have closed: the type checker cannot know. */
  #isClosed(): boolean {
    return this.#state === "closed";
  }

  get #peer(): string {
    return this.#options.peer.user;
  }
}

// The texts of one direction of a private session: those that wait to be sent,
// and how many of those that were sent arrived. Bounded by what waits, so that a
// peer that does not read cannot fill the memory.

/** Texts on their way to the other side. */
export class OutgoingTexts {
  #waiting: string[] = [];
  #next = 0;
  #waitingBytes = 0;
  #pushed = 0;
  #sent = 0;
  #confirmed = 0;

  /** True when {@link next} gives something. */
  get isWaiting(): boolean {
    return this.#next < this.#waiting.length;
  }

  /** How many were pushed and not confirmed. */
  get unconfirmed(): number {
    return this.#pushed - this.#confirmed;
  }

  /** Queues a text; `false` when too many wait. */
  push(text: string): boolean {
    const size = sizeOf(text);
    if (this.#waitingBytes + size > privateLimits.queuedTextBytes) return false;
    this.#waiting.push(text);
    this.#waitingBytes += size;
    this.#pushed++;
    return true;
  }

  /** The next text to send. */
  next(): string | undefined {
    const text = this.#waiting[this.#next];
    if (text === undefined) return undefined;
    this.#waitingBytes -= sizeOf(text);
    this.#sent++;
    this.#next++;
    if (this.#next === this.#waiting.length) {
      this.#waiting = [];
      this.#next = 0;
    }
    return text;
  }

  /** The other side has `count` in all; `false` when that cannot be. */
  confirm(count: number): boolean {
    if (count > this.#sent || count < this.#confirmed) return false;
    this.#confirmed = count;
    return true;
  }

  /** Forgets what waits; it stays unconfirmed. */
  clear(): void {
    this.#waiting = [];
    this.#next = 0;
    this.#waitingBytes = 0;
  }
}

/** Bytes in memory, counted as two for each UTF-16 unit and some for the rest. */
function sizeOf(text: string): number {
  return 2 * text.length + 32;
}
