/**
 * The client's end of the control connection: bytes to frames and back, the
 * heartbeat, and when to try again after a loss.
 */
import { encodeFrame } from "../../wire/frame.ts";
import { limits } from "../../wire/limits.ts";
import { LineDecoder } from "../../base/line_decoder.ts";
import type { Random } from "../../base/ports.ts";
import { SchemaError } from "../../base/schema.ts";
import {
  decodeServerFrame,
  type ServerFrame,
} from "../../wire/server_frame.ts";

/** Why a connection ends, for programs and for people. */
export interface LinkFault {
  readonly code: string;
  readonly message: string;
}

/**
 * What is to be thought of a connection that is gone, or could not be made:
 * `lost`, as it happens; `passing`: the server is not to be talked to as things
 * are, which may pass, such as a certificate that is not valid now; `final`:
 * trying again is of no use, or of danger.
 */
export type LossKind = "lost" | "passing" | "final";

/** One connection after the other. All times are monotonic ms. */
export class ServerLink {
  readonly #random: Random;
  readonly #out: Uint8Array[] = [];
  #decoder = new LineDecoder(limits.serverFrameBytes);
  #state: "apart" | "connecting" | "connected" = "apart";
  #attempt = 0;
  #isPassingTold = false;
  /** Heartbeats belong to an open session; a login has its own time limit. */
  #isOpen = false;
  #lastSent = 0;
  #lastHeard = 0;
  #connectAt: number | undefined;

  constructor(random: Random) {
    this.#random = random;
  }

  get state(): "apart" | "connecting" | "connected" {
    return this.#state;
  }

  /** A connection is being made. */
  connect(now: number): void {
    this.#connectAt = undefined;
    this.#state = "connecting";
    this.#lastSent = now;
  }

  /** The connection is there. */
  handleConnected(now: number): void {
    this.#state = "connected";
    this.#decoder = new LineDecoder(limits.serverFrameBytes);
    this.#lastHeard = now;
  }

  /** A session is open on it: the next loss is the first again. */
  handleOpened(): void {
    this.#attempt = 0;
    this.#isPassingTold = false;
    this.#isOpen = true;
  }

  /** Somebody else is at the other end now: it begins as when it was made. */
  handleRestart(): void {
    this.#isOpen = false;
    this.#out.length = 0;
  }

  /** The connection is gone or given up. */
  handleDisconnected(): void {
    this.#state = "apart";
    this.#isOpen = false;
    this.#out.length = 0;
  }

  /** Bytes came; `onFrame` may end the connection. Returns what is wrong with them. */
  handleData(
    bytes: Uint8Array,
    now: number,
    onFrame: (frame: ServerFrame) => void,
  ): LinkFault | undefined {
    this.#lastHeard = now;
    let isWrong = false;
    const fault = this.#decoder.push(bytes, (line) => {
      const frame = decode(line);
      if (frame === undefined) isWrong = true;
      else onFrame(frame);
      return !isWrong && this.#state === "connected";
    });
    return isWrong || fault !== undefined ? notParley : undefined;
  }

  /** Queues a frame. */
  send(frame: object, now: number): void {
    this.#lastSent = now;
    this.#out.push(encodeFrame(frame));
  }

  /** Bytes to write. */
  pollTransmit(): Uint8Array | undefined {
    return this.#out.shift();
  }

  /** The connection is to be made again in a while; returns after how many ms. */
  retryLater(now: number): number {
    const wait = reconnectDelay(this.#attempt++, this.#random);
    this.#connectAt = now + wait;
    return wait;
  }

  /** True once between two sessions: what may pass is to be told then. */
  isNews(kind: LossKind): boolean {
    if (kind !== "passing" || this.#isPassingTold) return false;
    return this.#isPassingTold = true;
  }

  /** True while it is to be made again, and is not yet. */
  get isWaiting(): boolean {
    return this.#connectAt !== undefined;
  }

  /** True when it is time to connect again. */
  isConnectDue(now: number): boolean {
    return this.#connectAt !== undefined && now >= this.#connectAt;
  }

  /** True when the server has heard nothing for long enough to wonder. */
  isPingDue(now: number): boolean {
    return this.#isOpen &&
      now >= this.#lastSent + limits.heartbeatMs;
  }

  /** Why the connection must be given up now, if it must. */
  fault(now: number): LinkFault | undefined {
    if (this.#state === "connecting" && now >= this.#lastSent + connectMs) {
      return noAnswer;
    }
    if (this.#state === "connected" && now >= this.#lastHeard + limits.deadMs) {
      return silence;
    }
    return undefined;
  }

  /** When one of the above comes due. */
  pollTimeout(): number | undefined {
    switch (this.#state) {
      case "apart":
        return this.#connectAt;
      case "connecting":
        return this.#lastSent + connectMs;
      case "connected":
        return Math.min(
          this.#lastHeard + limits.deadMs,
          this.#isOpen ? this.#lastSent + limits.heartbeatMs : Infinity,
        );
    }
  }
}

function decode(line: string): ServerFrame | undefined {
  try {
    return decodeServerFrame(line);
  } catch (error) {
    if (error instanceof SchemaError) return undefined;
    throw error;
  }
}

const notParley = {
  code: "bad_frame",
  message: "The server sent something that this client does not understand",
};
const noAnswer = {
  code: "unreachable",
  message:
    "the server does not answer; check host and port, and that no firewall is between",
};
const silence = {
  code: "heartbeat_missed",
  message: "Nothing was heard from the server for too long",
};
const connectMs = 10_000;

/**
 * Milliseconds to wait before reconnection attempt `attempt` (from 0): doubles
 * from half a second to fifteen seconds, with a quarter of jitter either way so
 * that the clients of a restarted server do not all come at once.
 */
function reconnectDelay(attempt: number, random: Random): number {
  const base = Math.min(firstMs * 2 ** Math.min(attempt, 16), longestMs);
  const jitter = 0.75 + 0.5 * (random.bytes(1)[0] ?? 0) / 255;
  return Math.min(Math.max(base * jitter, firstMs / 2), longestMs);
}

const firstMs = 500;
const longestMs = 15_000;
