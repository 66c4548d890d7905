/**
 * What waits to be written to one connection. The core pushes frames: encoded
 * ones (a broadcast is the same array in many queues), or texts for this
 * connection alone, which are encoded together when the shell takes everything
 * that is queued as one write. The queue is counted in bytes: a reader that leaves
 * more than the limit unread is to be disconnected, and holds no memory from
 * then on.
 */
import { limits } from "../../wire/limits.ts";

/** A bounded queue of frames. */
export class OutgoingQueue {
  #frames: (Uint8Array | string)[] = [];
  #bytes = 0;
  #overflowed = false;
  readonly #limit: number;

  /** @param limit Bytes that may be queued; 1 MiB by default. */
  constructor(limit: number = limits.outgoingBytes) {
    this.#limit = limit;
  }

  /** Bytes that are queued. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True once a push went over the limit; the queue takes no more. */
  get overflowed(): boolean {
    return this.#overflowed;
  }

  /** Queues a frame; `false` when the limit was reached and it was dropped. */
  push(frame: Uint8Array | string): boolean {
    if (this.#overflowed) return false;
    // Of ASCII alone the length in bytes is known without encoding.
    const queued = typeof frame === "string" && notAscii.test(frame)
      ? encoder.encode(frame)
      : frame;
    if (this.#bytes + queued.length > this.#limit) {
      this.#overflowed = true;
      this.#frames = [];
      this.#bytes = 0;
      return false;
    }
    this.#frames.push(queued);
    this.#bytes += queued.length;
    return true;
  }

  /** A last frame, over the limit if need be: why the connection ends. */
  pushLast(frame: Uint8Array): void {
    this.#overflowed = true;
    this.#frames.push(frame);
    this.#bytes += frame.length;
  }

  /**
   * What is queued, joined, or `undefined` when nothing is: all of it, or as
   * much as makes one large write. A reader that never reads holds no more.
   */
  take(): Uint8Array | undefined {
    if (this.#frames.length === 0) return undefined;
    const { frames, bytes } = this.#takeFrames();
    const first = frames[0];
    if (frames.length === 1 && first !== undefined) {
      return typeof first === "string" ? encoder.encode(first) : first;
    }
    if (isLastJoined(frames)) return lastJoined;
    const joined = new Uint8Array(bytes);
    let offset = 0;
    let text = "";
    for (const frame of frames) {
      if (typeof frame === "string") {
        text += frame;
        continue;
      }
      if (text !== "") {
        offset += encoder.encodeInto(text, joined.subarray(offset)).written;
        text = "";
      }
      joined.set(frame, offset);
      offset += frame.length;
    }
    if (text !== "") encoder.encodeInto(text, joined.subarray(offset));
    lastFrames = frames;
    lastJoined = joined;
    return joined;
  }

  #takeFrames(): { frames: (Uint8Array | string)[]; bytes: number } {
    const frames = this.#frames;
    if (this.#bytes <= writeBytes) {
      const bytes = this.#bytes;
      this.#frames = [];
      this.#bytes = 0;
      return { frames, bytes };
    }
    let bytes = 0;
    let count = 0;
    while (bytes < writeBytes) bytes += frames[count++]!.length;
    this.#bytes -= bytes;
    return { frames: frames.splice(0, count), bytes };
  }
}

/** Bytes from which on a write does not get faster by being larger. */
const writeBytes = 256 * 1024;

/** True when these are the very frames that were joined last. */
function isLastJoined(frames: readonly (Uint8Array | string)[]): boolean {
  if (frames.length !== lastFrames.length) return false;
  // From the end: what members of a group got before differs least often.
  for (let index = frames.length - 1; index >= 0; index--) {
    if (frames[index] !== lastFrames[index]) return false;
  }
  return true;
}

// Thousands of members who got the same messages since they were last written
// to get the same bytes.
let lastFrames: readonly (Uint8Array | string)[] = [];
let lastJoined = new Uint8Array(0);

// deno-lint-ignore no-control-regex
const notAscii = /[^\x00-\x7f]/;
const encoder = new TextEncoder();
