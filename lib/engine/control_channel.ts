/**
 * What both ends do alike with control datagrams: seal and open them, answer
 * probes, find the path, and say good-bye. Sender and receiver own one each.
 */
import { readU32, writeU32 } from "../base/bytes.ts";
import {
  type CloseReason,
  closeReasonCode,
  closeReasonOf,
  controlHeaderBytes,
  isOfTransfer,
  packetNumber,
  type PacketType,
  packetType,
} from "./packets/packet.ts";
import { ControlSealer } from "./control_sealer.ts";
import { Hold } from "./hold.ts";
import { OrderExchange } from "./order_exchange.ts";
import { PathFinder } from "./path/path_finder.ts";
import { ReceiveSubflows, SendSubflows } from "./path/subflows.ts";
import { Rtt } from "./recovery/rtt.ts";
import type { TransferKeys } from "./blocks/keys.ts";
import { transferLimits } from "./packets/limits.ts";

/** What an end of a transfer is made from. */
export interface EndOptions {
  /** The offer's id, 8 bytes. */
  readonly id: Uint8Array;
  readonly keys: TransferKeys;
  /** The file's size, bytes; of a stream the most that it can be. */
  readonly size: number;
  /** Where it ends is told only by the fin. */
  readonly isStream?: boolean;
  /** Of a receiver: the fin may tell that it ends before `size`. */
  readonly mayEndEarly?: boolean;
  /** First block to be sent; those below are already there. Default 0. */
  readonly firstBlock?: number;
  /** Numbers the shell gave to the other side's addresses, best first. */
  readonly paths: readonly number[];
  /** Paths whose other end is on this machine. */
  readonly localPaths?: readonly number[];
  /** How the paths compare; see {@link PathFinder}. */
  readonly rankOf?: (path: number) => number;
  /** The path through the server, if there is one. */
  readonly relay?: number;
  /** Monotonic time, ms. */
  readonly now: number;
}

/** What the control part alone needs of that. */
export interface ControlOptions extends
  Pick<
    EndOptions,
    "id" | "keys" | "paths" | "rankOf" | "relay" | "now"
  > {
  /**
   * Bytes of a probe to where none was answered: what a path has to carry. Only
   * what a probe needs by default.
   */
  readonly probeBytes?: number;
  /** How long before the relay is tried, ms; see {@link PathFinder}. */
  readonly relayAfterMs?: number;
}

/** How the other side is reached. */
export interface PathInfo {
  /** -1 while it is not. */
  readonly path: number;
  /** Round-trip time, ms; 0 while it is not known. */
  readonly rtt: number;
  /** When something authentic came last, ms; at first, the start. */
  readonly heardAt: number;
}

/** Shared control part of both ends. */
export class ControlChannel {
  readonly paths: PathFinder;
  readonly rtt = new Rtt();
  readonly hold = new Hold();
  readonly orders = new OrderExchange();
  /** Of a receiver. */
  readonly receiveSubflows = new ReceiveSubflows();
  /** Of a sender. */
  readonly sendSubflows = new SendSubflows();
  readonly #role: "sender" | "receiver";
  readonly #id: Uint8Array;
  readonly #sealer: ControlSealer;
  readonly #probeBytes: number;
  /** Probes to be answered: path, token and size of each, oldest first. */
  readonly #replies: number[] = [];
  #closeReason: CloseReason | undefined;
  #closesDue = 0;
  /** Size of the last answered probe, 0 when there is no news. */
  probedBytes = 0;
  /** Where the datagram that was written last must go. */
  path = -1;
  /** Of which subflow's socket it must leave; 0 for the main one. */
  subflow = 0;

  constructor(options: ControlOptions, role: "sender" | "receiver") {
    this.#id = options.id;
    this.#role = role;
    this.#sealer = new ControlSealer(options.id, options.keys, role);
    const { paths, now, rankOf, relay, relayAfterMs } = options;
    this.#probeBytes = options.probeBytes ?? leastProbeBytes;
    this.paths = new PathFinder(paths, now, {
      chooses: role === "sender",
      ...(rankOf === undefined ? {} : { rankOf }),
      ...(relay === undefined ? {} : { relay }),
      ...(relayAfterMs === undefined ? {} : { relayAfterMs }),
    });
  }

  /** True once {@link close} was called. */
  get isClosing(): boolean {
    return this.#closeReason !== undefined;
  }

  /** The path in use and its round-trip time, ms; 0 while it is not known. */
  get pathInfo(): PathInfo {
    const { active } = this.paths;
    const rtt = this.rtt.isMeasured
      ? this.rtt.smoothed
      : this.paths.minRoundTrip(active);
    return { path: active, rtt, heardAt: this.paths.heardAt };
  }

  /** The number a sealed datagram must exceed to be news. */
  get newestNumber(): number {
    return this.#sealer.newestNumber;
  }

  /** Says good-bye, now and whenever the other side still sends. */
  close(reason: CloseReason): void {
    if (this.isClosing) return;
    this.#closeReason = reason;
    this.#closesDue = 1;
  }

  /** The other side still sends: it may have missed the good-bye. */
  repeatClose(): void {
    if (this.isClosing) this.#closesDue = 1;
  }

  /** True for a datagram of this transfer; its content may still be forged. */
  isOurs(bytes: Uint8Array): boolean {
    return bytes.length >= controlHeaderBytes && isOfTransfer(bytes, this.#id);
  }

  /**
   * Opens a control datagram and does what both ends do with it.
   *
   * @param isEarly It came before there was anybody to get it: an answer now would
   * tell of a longer way than there is.
   * @returns Its body, or undefined when it is not authentic.
   */
  handle(
    bytes: Uint8Array,
    path: number,
    now: number,
    isEarly = false,
  ): Uint8Array | undefined {
    const body = this.#sealer.open(bytes);
    if (body === undefined) return undefined;
    if (this.#isOfSubflow(bytes, body)) {
      this.#reply(path, body, bytes.length);
      const isUsable = body[5] === 1;
      this.sendSubflows.handleProbe(body[4]!, isUsable, path, now);
      return body;
    }
    // Nothing is known of another path's round trip (RFC 9000 §9.4).
    if (this.paths.handleHeard(path, now)) this.rtt.reset();
    this.repeatClose();
    if (bytes[0] === packetType.probe && body.length >= 4) {
      if (body.length > 4) this.#handleFlags(bytes, body);
      if (!isEarly) this.#reply(path, body, bytes.length);
    } else if (bytes[0] === packetType.probed && body.length === 8) {
      const rtt = this.paths.roundTrip(readU32(body, 0), path, now);
      if (rtt >= 0) {
        const before = this.paths.active;
        this.paths.handleRoundTrip(path, rtt, now);
        if (this.paths.active !== before) this.rtt.reset();
        if (path === this.paths.active) this.rtt.update(rtt);
        this.receiveSubflows.handleAnswer(readU32(body, 0), now);
        this.hold.handleAnswer(readU32(body, 0));
        this.orders.handleAnswer(readU32(body, 0));
        this.probedBytes = readU32(body, 4);
      }
    }
    return body;
  }

  /** Data with an authentic header came from `path`; see {@link PathFinder}. */
  handleData(path: number, now: number): void {
    const before = this.paths.active;
    this.paths.handleData(path, now);
    if (this.paths.active !== before) this.rtt.reset();
  }

  /** The reason in the body of a close. */
  closeReason(body: Uint8Array): CloseReason {
    return closeReasonOf(body[0] ?? -1);
  }

  /**
   * Writes what is due of probes, answers and good-byes to `out`, and sets
   * {@link path}.
   *
   * @returns The datagram's length, 0 for nothing.
   */
  pollTransmit(out: Uint8Array, now: number): number {
    if (this.isClosing) return this.#pollClose(out);
    if (this.#replies.length > 0) {
      const [path, token, size] = this.#replies.splice(0, 3);
      writeU32(out, controlHeaderBytes, token!);
      writeU32(out, controlHeaderBytes + 4, size!);
      return this.send(out, packetType.probed, 8, path!);
    }
    const path = this.paths.pollProbe(now);
    if (path >= 0) {
      const isKnown = this.paths.minRoundTrip(path) > 0;
      const bytes = isKnown ? leastProbeBytes : this.#probeBytes;
      return this.sendProbe(out, now, path, bytes);
    }
    const news = Math.min(this.hold.deadline(), this.orders.deadline());
    if (now >= news && this.paths.active >= 0) {
      return this.sendProbe(out, now, this.paths.active);
    }
    const subflow = this.receiveSubflows.pollProbe(now);
    return subflow === 0 ? 0 : this.#sendSubflowProbe(out, now, subflow);
  }

  /** When {@link pollTransmit} has something, ms. */
  deadline(): number {
    return Math.min(
      this.paths.deadline(),
      this.receiveSubflows.deadline(),
      this.paths.active < 0
        ? Infinity
        : Math.min(this.hold.deadline(), this.orders.deadline()),
    );
  }

  /** Writes a probe of at least `bytes`; the least that there is by default. */
  sendProbe(
    out: Uint8Array,
    now: number,
    path: number,
    bytes = leastProbeBytes,
  ): number {
    const { orders, hold } = this;
    const wantedBytes = bytes - controlHeaderBytes - transferLimits.tagBytes;
    const bodyBytes = Math.max(wantedBytes, flagsEnd + orders.length);
    out.fill(0, controlHeaderBytes, controlHeaderBytes + bodyBytes);
    const token = this.paths.issueToken(path, now);
    writeU32(out, controlHeaderBytes, token);
    const isOrdering = orders.length > 0;
    out[controlHeaderBytes + 4] = hold.flags | (isOrdering ? ordering : 0);
    orders.write(out, controlHeaderBytes + flagsEnd);
    hold.handleSent(token, now);
    orders.handleSent(token, now);
    return this.send(out, packetType.probe, bodyBytes, path);
  }

  /** Seals the body in `out` and addresses it. Returns the whole length. */
  send(
    out: Uint8Array,
    type: PacketType,
    bodyBytes: number,
    path = this.paths.active,
  ): number {
    this.path = path;
    this.subflow = 0;
    return this.#sealer.seal(out, type, bodyBytes);
  }

  /** How the other end is, and what it says of the order. */
  #handleFlags(bytes: Uint8Array, body: Uint8Array): void {
    const flags = body[4]!;
    this.hold.handleProbe(packetNumber(bytes), flags);
    if ((flags & ordering) !== 0) this.orders.handleProbe(body, flagsEnd);
  }

  /**
   * Addresses `bytes` of data: to the receiver's sockets in turn. Returns which of
   * them it is, 0 for the main one.
   */
  addressData(bytes: number): number {
    this.path = this.sendSubflows.next(this.paths.active, bytes);
    return this.sendSubflows.subflow;
  }

  /** A receiver introduces, or keeps alive, one of its further sockets. */
  #sendSubflowProbe(out: Uint8Array, now: number, subflow: number): number {
    const path = this.paths.active;
    const token = this.paths.issueToken(path, now);
    const isUsable = this.receiveSubflows.isUsable(subflow, now);
    this.receiveSubflows.handleProbe(subflow, token, now);
    writeU32(out, controlHeaderBytes, token);
    out[controlHeaderBytes + 4] = subflow;
    out[controlHeaderBytes + 5] = isUsable ? 1 : 0;
    const length = this.send(out, packetType.probe, 6);
    this.subflow = subflow;
    return length;
  }

  /** True for a probe that introduces a subflow: its path is not to be used. */
  #isOfSubflow(bytes: Uint8Array, body: Uint8Array): boolean {
    return this.#role === "sender" && bytes[0] === packetType.probe &&
      body.length === 6 && body[4]! > 0;
  }

  #reply(path: number, body: Uint8Array, bytes: number): void {
    if (this.#replies.length >= 3 * maxReplies) return;
    this.#replies.push(path, readU32(body, 0), bytes);
  }

  #pollClose(out: Uint8Array): number {
    const path = this.paths.active;
    if (this.#closesDue === 0 || path < 0) return 0;
    this.#closesDue = 0;
    out[controlHeaderBytes] = closeReasonCode(this.#closeReason!);
    return this.send(out, packetType.close, 1, path);
  }
}

/** Probes that wait for an answer. */
const maxReplies = 16;
/** Beside those of a {@link Hold}: an order follows. */
const ordering = 4;
/** Where the token of a probe and its flags end. */
const flagsEnd = 5;
/** A probe with its token and how its end is. */
const leastProbeBytes = controlHeaderBytes + flagsEnd + transferLimits.tagBytes;
