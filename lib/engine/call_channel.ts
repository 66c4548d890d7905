/**
 * One end of what two clients say to each other in a call (docs/protocol/calls.md):
 * the datagrams of the browsers, which are sealed and sent once, and a few texts
 * about the call, which are sent until they were heard. Paths are found and kept
 * as in a transfer.
 */
import { readU16, readU32, writeU16, writeU32 } from "../base/bytes.ts";
import { ControlChannel, type ControlOptions } from "./control_channel.ts";
import {
  callPacketType,
  controlHeaderBytes,
  packetNumber,
  packetType,
} from "./packets/packet.ts";
import { transferLimits } from "./packets/limits.ts";
import { CallLoss } from "./call_loss.ts";
import { CallText, HeardText, textHeadBytes } from "./call_text.ts";
import {
  IncomingMedia,
  isMediaType,
  type MediaPart,
  mostMediaPartBytes,
  OutgoingMedia,
} from "./call_media.ts";

/** Bytes of the largest datagram of a call: fits what every link of IPv6 carries. */
export const callDatagramBytes = mostMediaPartBytes + controlHeaderBytes +
  transferLimits.tagBytes;

/** What a call has texts about: its number in a datagram is its place here. */
export const callTopics = ["description", "members"] as const;

/** One of {@link callTopics}. */
export type CallTopic = typeof callTopics[number];

/** What becomes of a call's path. */
export type CallChannelEvent =
  /** A path is known to carry the datagrams of a call. */
  | { readonly type: "connected" }
  | {
    readonly type: "said";
    readonly topic: CallTopic;
    readonly text: string;
  }
  /** The other side ended it; `isLost`, because it was lost there. */
  | { readonly type: "closed"; readonly isLost: boolean }
  | { readonly type: "unreachable"; readonly wasConnected: boolean };

/**
 * What the other side is told at an end: that somebody has left; that this side
 * is still in the call, and does not want the end; or nothing.
 */
export type CallFarewell = "left" | "lost" | "none";

/** One end of a call between two clients. */
export class CallChannel {
  readonly #control: ControlChannel;
  readonly #chooses: boolean;
  readonly #texts = callTopics.map(() => new CallText());
  readonly #heard = callTopics.map(() => new HeardText());
  readonly #events: CallChannelEvent[] = [];
  readonly #outgoing = new OutgoingMedia();
  readonly #incoming = new IncomingMedia();
  readonly #loss = new CallLoss();
  /** Over the path in use, without what only asks for paths. */
  #sent = 0;
  #isConnected = false;
  #isOver = false;
  #endsAt = Infinity;
  #probeAt = Infinity;

  /** @param end Who made the offer chooses among the paths. */
  constructor(
    options: Omit<ControlOptions, "probeBytes" | "relayAfterMs">,
    end: "caller" | "callee",
  ) {
    this.#chooses = end === "caller";
    this.#control = new ControlChannel({
      ...options,
      probeBytes: callDatagramBytes,
      relayAfterMs,
    }, this.#chooses ? "sender" : "receiver");
  }

  /** Where the datagram that was written last must go. */
  get transmitPath(): number {
    return this.#control.path;
  }

  /** True when it neither sends nor expects anything any more. */
  get isDrained(): boolean {
    return this.#endsAt === -Infinity;
  }

  /** The path in use and its round-trip time. */
  get pathInfo() {
    return this.#control.pathInfo;
  }

  /** Share of what the other side sent in the last 10 s that did not come. */
  get loss(): number {
    return this.#loss.share;
  }

  /** The other side may be at `path`, too. */
  addPath(path: number, now: number): void {
    this.#control.paths.add(path, now);
  }

  /** Says something of a topic, in the place of what was said before. */
  say(topic: CallTopic, text: string, now: number): void {
    this.#texts[callTopics.indexOf(topic)]?.set(text, now);
  }

  /** The browser sends a datagram, whose bytes are kept; too large a one is lost. */
  handleMedia(bytes: Uint8Array): void {
    if (this.#isOver || this.#control.paths.active < 0) return;
    this.#outgoing.push(bytes);
  }

  /**
   * A datagram came; true when there may be something to poll.
   *
   * @param isEarly It came before there was anybody to get it.
   */
  handleDatagram(
    bytes: Uint8Array,
    path: number,
    now: number,
    isEarly = false,
  ): boolean {
    if (this.isDrained || !this.#control.isOurs(bytes)) return false;
    const body = this.#control.handle(bytes, path, now, isEarly);
    if (body === undefined) return false;
    const type = bytes[0];
    if (isCounted(type)) this.#loss.handleArrival();
    if (this.#isOver) return true;
    if (isMediaType(type)) {
      if (!this.#chooses) this.#control.handleData(path, now);
      this.#incoming.take({ type, bytes: body }, packetNumber(bytes));
    }
    switch (type) {
      case callPacketType.text:
        this.#hear(body);
        break;
      case callPacketType.heard:
        if (body.length === textHeadBytes) {
          this.#texts[body[0]!]?.handleHeard(readU16(body, 1));
        }
        break;
      case packetType.close:
        // Who answered this with another would be answered in turn.
        this.#isOver = true;
        this.#endsAt = -Infinity;
        this.#events.push({
          type: "closed",
          isLost: this.#control.closeReason(body) === "left",
        });
        break;
      case packetType.probe:
        if (body.length === reportBytes) {
          this.#loss.handleReport(readU32(body, 5));
        }
        break;
      case packetType.probed:
        this.#handleProbed(now);
        break;
    }
    return true;
  }

  /** Ends it and says so to the other side, unless nothing is to be said. */
  close(now: number, farewell: CallFarewell = "left"): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const isSilent = farewell === "none";
    this.#endsAt = isSilent ? -Infinity : now + transferLimits.lingerMs;
    if (!isSilent) {
      this.#control.close(farewell === "lost" ? "left" : "cancelled");
    }
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: number): void {
    const { paths } = this.#control;
    paths.handleTimeout(now);
    if (now >= this.#endsAt) this.#endsAt = -Infinity;
    if (this.#isOver) return;
    if (now < this.#giveUpAt) return;
    this.#events.push({ type: "unreachable", wasConnected: this.#isConnected });
    this.close(now, "lost");
  }

  /** Writes the next datagram to `out`; returns its length, 0 for none. */
  pollTransmit(out: Uint8Array, now: number): number {
    const control = this.#control;
    if (this.isDrained) return 0;
    if (this.#isOver) return control.pollTransmit(out, now);
    const media = this.#outgoing.next();
    if (media !== undefined) {
      out.set(media.bytes, controlHeaderBytes);
      return this.#sendCounted(out, media.type, media.bytes.length);
    }
    return this.#pollText(out, now) || control.pollTransmit(out, now) ||
      this.#pollProbe(out, now);
  }

  /** When {@link handleTimeout} is due, ms. */
  pollTimeout(): number {
    if (this.isDrained) return Infinity;
    if (this.#isOver) return this.#endsAt;
    const texts = this.#control.paths.active < 0
      ? []
      : this.#texts.map(({ deadline }) => deadline);
    const control = this.#control.deadline();
    return Math.min(this.#giveUpAt, control, this.#probeAt, ...texts);
  }

  /** The next datagram for the browser. */
  pollMedia(): Uint8Array | undefined {
    return this.#incoming.shift();
  }

  pollEvent(): CallChannelEvent | undefined {
    return this.#events.shift();
  }

  /** A path that carries only small datagrams does not put it off. */
  get #giveUpAt(): number {
    const { heardAt, awakeSince } = this.#control.paths;
    return this.#isConnected
      ? Math.max(heardAt, awakeSince) + callSilentMs
      : awakeSince + transferLimits.connectMs;
  }

  #hear(body: Uint8Array): void {
    const topic = callTopics[body[0] ?? -1];
    if (topic === undefined || body.length < textHeadBytes) return;
    const text = this.#heard[body[0]!]!.handleText(body);
    if (text !== undefined) this.#events.push({ type: "said", topic, text });
  }

  #handleProbed(now: number): void {
    if (this.#isConnected) return;
    const { paths } = this.#control;
    // What was answered was as large as any datagram of a call.
    if (paths.active < 0 || this.#control.probedBytes < callDatagramBytes) {
      return;
    }
    this.#isConnected = true;
    this.#probeAt = now + probeMs;
    this.#events.push({ type: "connected" });
  }

  #pollText(out: Uint8Array, now: number): number {
    if (this.#control.paths.active < 0) return 0;
    for (const [topic, heard] of this.#heard.entries()) {
      if (!heard.takeDue()) continue;
      out[controlHeaderBytes] = topic;
      writeU16(out, controlHeaderBytes + 1, heard.version);
      return this.#sendCounted(out, callPacketType.heard, textHeadBytes);
    }
    for (const [topic, text] of this.#texts.entries()) {
      out[controlHeaderBytes] = topic;
      const body = out.subarray(controlHeaderBytes);
      const length = text.pollText(body, now);
      if (length > 0) {
        return this.#sendCounted(out, callPacketType.text, length);
      }
    }
    return 0;
  }

  /** Sends over the path in use what the other side counts, too. */
  #sendCounted(out: Uint8Array, type: CountedType, bodyBytes: number): number {
    this.#sent++;
    return this.#control.send(out, type, bodyBytes);
  }

  /** Tells how the path does, also where much comes. */
  #pollProbe(out: Uint8Array, now: number): number {
    const { paths, hold } = this.#control;
    if (now < this.#probeAt || paths.active < 0) return 0;
    this.#probeAt = now + probeMs;
    writeU32(out, controlHeaderBytes, paths.issueToken(paths.active, now));
    out[controlHeaderBytes + 4] = hold.flags;
    writeU32(out, controlHeaderBytes + 5, this.#sent);
    return this.#control.send(out, packetType.probe, reportBytes);
  }
}

/** The type of a datagram whose loss is told. */
type CountedType =
  | MediaPart["type"]
  | typeof callPacketType.text
  | typeof callPacketType.heard;

function isCounted(type: number | undefined): type is CountedType {
  return isMediaType(type) || type === callPacketType.text ||
    type === callPacketType.heard;
}

/** A probe's token and flags, and how many datagrams were sent so far. */
const reportBytes = 9;

/** Without a direct path for this long, the relay is tried, ms. */
const relayAfterMs = 1_000;
/** Without any valid datagram for this long, a call is over, ms. */
export const callSilentMs = 15_000;
/** How often the round trip is measured, ms. */
const probeMs = 2_000;
