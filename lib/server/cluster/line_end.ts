/**
 * One end of the line between a gateway and the core, for one attachment: joins
 * what is to be said into messages, counts them in both directions, says each
 * second that it is there, and notices when the other end is not, or when a
 * message is missing.
 */
import type { Frame } from "../model/outgoing_queue.ts";
import {
  type ClusterHeader,
  type ClusterItem,
  type ClusterMessage,
  MessageWriter,
} from "./cluster_message.ts";

/** What is wrong with a line; `repeated`: the message came before. */
export type LineEndFault =
  | "a message is missing"
  | "it was not heard of"
  | "it does not get on"
  | "repeated";

/** How far the other end of a line is behind. */
export interface LineLag {
  /** Sent, or to be sent, without word that it came. */
  readonly bytes: number;
  /** Since it was last heard of. */
  readonly silentMs: number;
}

/** The counted messages of one attachment. */
export class LineEnd {
  readonly term: number;
  readonly run: string;
  readonly attachment: number;
  #writer: MessageWriter | undefined;
  /** Frames that the message has already, with their places. */
  readonly #places = new Map<Frame, number>();
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** Of the last message that is complete, and that was sent. */
  #lastNumber = 0;
  #lastSent = 0;
  /** Of the last message that came. */
  #lastHeard = 0;
  /** The last message of which the other end knows that it came. */
  #lastTold = 0;
  /** Of bytes that came since then. */
  #untoldBytes = 0;
  /** Sizes of messages that the other end has not told of, the oldest first. */
  #open: { readonly number: number; readonly bytes: number }[] = [];
  #openBytes = 0;
  /** When the other end was last heard of, monotonic ms. */
  #heardAt: number;
  /** When it last got on with what it is sent. */
  #progressAt: number;
  #sentAt: number;

  /** @param now Monotonic ms. */
  constructor(
    { term, run, attachment }: Omit<ClusterHeader, "number">,
    now: number,
  ) {
    this.term = term;
    this.run = run;
    this.attachment = attachment;
    this.#heardAt = now;
    this.#progressAt = now;
    this.#sentAt = now;
  }

  /** A message that says that there is no such attachment any more. */
  static outside(header: Omit<ClusterHeader, "number">): Uint8Array {
    const writer = new MessageWriter({ ...header, number: 0 });
    writer.add({ item: "end" });
    return writer.take();
  }

  /** Bytes of which the other end has not said that they came. */
  get openBytes(): number {
    return this.#openBytes + this.#readyBytes + (this.#writer?.size ?? 0);
  }

  /** True while nothing more should be given to it. */
  get isFull(): boolean {
    return this.openBytes >= lineBytes;
  }

  /** How far the other end is behind at `now`, monotonic ms. */
  lag(now: number): LineLag {
    return {
      bytes: this.openBytes,
      silentMs: Math.max(0, now - this.#heardAt),
    };
  }

  /** Says something. */
  add(item: ClusterItem): void {
    if ((this.#writer?.size ?? 0) > messageBytes) this.#seal();
    this.#message.add(item);
  }

  /** Says which frames go to these connections; a message has each frame once. */
  write(frames: readonly Frame[], connections: readonly number[]): void {
    for (let at = 0; at < connections.length; at += mostConnections) {
      this.#write(frames, connections.slice(at, at + mostConnections));
    }
  }

  /**
   * A message of this attachment came.
   *
   * @param size Its bytes.
   * @param now Monotonic ms.
   * @returns What is wrong, if anything: then nothing in it counts.
   */
  handleMessage(
    message: ClusterMessage,
    size: number,
    now: number,
  ): LineEndFault | undefined {
    this.#heardAt = now;
    const { number, items } = message;
    if (number === 0) return undefined;
    if (number <= this.#lastHeard) return "repeated";
    if (number !== this.#lastHeard + 1) return "a message is missing";
    this.#lastHeard = number;
    this.#untoldBytes += size;
    if (this.#untoldBytes >= lineBytes / 8) this.#tell();
    for (const item of items) {
      if (item.item === "heard") this.#handleHeard(item.upto, now);
    }
    return undefined;
  }

  /** What is wrong by now, if anything. */
  handleTimeout(now: number): LineEndFault | undefined {
    if (now >= this.#heardAt + silenceMs) return "it was not heard of";
    if (this.#openBytes > 0 && now >= this.#progressAt + silenceMs) {
      return "it does not get on";
    }
    if (now >= this.#sentAt + sayMs) this.#tell();
    return undefined;
  }

  /** The next message to send, until there is none. */
  pollMessage(now: number): Uint8Array | undefined {
    if (this.#ready.length === 0) this.#seal();
    const bytes = this.#ready.shift();
    if (bytes === undefined) return undefined;
    this.#readyBytes -= bytes.length;
    this.#sentAt = now;
    if (this.#openBytes === 0) this.#progressAt = now;
    this.#open.push({ number: ++this.#lastSent, bytes: bytes.length });
    this.#openBytes += bytes.length;
    return bytes;
  }

  #write(frames: readonly Frame[], connections: readonly number[]): void {
    let places: number[] = [];
    for (const frame of frames) {
      for (const part of partsOf(frame)) {
        let place = this.#places.get(part);
        const isFull = place === undefined &&
          (this.#writer?.size ?? 0) + part.length > messageBytes;
        if (isFull) {
          if (places.length > 0) this.#name(places, connections);
          places = [];
          this.#seal();
        }
        if (place === undefined) {
          place = this.#message.body(part);
          this.#places.set(part, place);
        }
        places.push(place);
      }
    }
    if (places.length > 0) this.#name(places, connections);
  }

  /** For bodies of the message that is being put together. */
  #name(places: readonly number[], connections: readonly number[]): void {
    this.#message.add({ item: "write", places, connections });
  }

  /** The message that is being put together. */
  get #message(): MessageWriter {
    const { term, run, attachment } = this;
    const number = this.#lastNumber + 1;
    return this.#writer ??= new MessageWriter({
      term,
      run,
      attachment,
      number,
    });
  }

  #seal(): void {
    if (this.#writer === undefined) return;
    if (this.#lastHeard > this.#lastTold) this.#tell();
    const bytes = this.#writer.take();
    this.#ready.push(bytes);
    this.#readyBytes += bytes.length;
    this.#lastNumber++;
    this.#writer = undefined;
    this.#places.clear();
  }

  #tell(): void {
    this.#lastTold = this.#lastHeard;
    this.#untoldBytes = 0;
    this.#message.add({ item: "heard", upto: this.#lastHeard });
  }

  #handleHeard(upto: number, now: number): void {
    for (;;) {
      const [oldest] = this.#open;
      if (oldest === undefined || oldest.number > upto) return;
      this.#open.shift();
      this.#openBytes -= oldest.bytes;
      this.#progressAt = now;
    }
  }
}

/** A frame as one message can carry it, for which it may be too long. */
function partsOf(frame: Frame): readonly Frame[] {
  if (frame.length <= partBytes) return [frame];
  const bytes = typeof frame === "string" ? encoder.encode(frame) : frame;
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += partBytes) {
    parts.push(bytes.subarray(at, at + partBytes));
  }
  return parts;
}

/** Bytes of messages of which the other end has not said that they came. */
export const lineBytes = 8 * 1024 * 1024;

/** How long the other end may say nothing, ms. */
const silenceMs = 5_000;
/** How often this end says something, ms. */
const sayMs = 1_000;
/** Bytes of a message; NATS takes no more than a mebibyte. */
const messageBytes = 256 * 1024;
/** Of a frame in one message. */
const partBytes = 128 * 1024;
/** Connections that one item names. */
const mostConnections = 65_536;
const encoder = new TextEncoder();
