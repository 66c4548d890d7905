/**
 * What waits to be written to one connection. The core pushes frames: encoded
 * ones (a broadcast is the same array in many queues), or texts for this
 * connection alone, which are encoded together with what they are written with.
 * The queue is counted in bytes: a reader that leaves more than the limit unread
 * is to be disconnected, and holds no memory from then on.
 */
import { limits } from "../../wire/limits.ts";
import type { ConnectionId } from "./actions.ts";

/** A frame as it is written: bytes, or a text of ASCII alone. */
export type Frame = Uint8Array | string;

/** A bounded queue of frames. */
export class OutgoingQueue {
  #frames: Frame[] = [];
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

  /**
   * Queues a frame, encoded or as any text; `false` when the limit was reached
   * and it was dropped.
   */
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
   * Takes what is queued, the oldest first.
   *
   * @param enoughBytes From how many on the rest is left for another time; all
   * is taken by default.
   */
  take(enoughBytes = Infinity): Frame[] {
    const frames = this.#frames;
    if (this.#bytes <= enoughBytes) {
      this.#frames = [];
      this.#bytes = 0;
      return frames;
    }
    let bytes = 0;
    let count = 0;
    while (bytes < enoughBytes) bytes += frames[count++]!.length;
    this.#bytes -= bytes;
    return frames.splice(0, count);
  }
}

// What many connections get in one turn is kept once: a connection that has
// nothing else to get only points at the last of them. So a delivery to thousands
// costs each little more than that, and who carries frames for many over one line
// has them put together already.

/** Some frames, the oldest first, and who gets exactly these. */
export class SharedFrames {
  readonly frames: readonly Uint8Array[];
  readonly bytes: number;
  /** Who gets them, once it is said. */
  connections: ConnectionId[] = [];
  #following: SharedFrames | undefined;

  constructor(frames: readonly Uint8Array[]) {
    this.frames = frames;
    this.bytes = frames.reduce((sum, { length }) => sum + length, 0);
  }

  /** These, and one more: the same for all who get that next. */
  then(frame: Uint8Array): SharedFrames {
    const last = this.#following?.frames.at(-1);
    if (last === frame && this.#following !== undefined) return this.#following;
    return this.#following = new SharedFrames([...this.frames, frame]);
  }
}

// deno-lint-ignore no-control-regex
const notAscii = /[^\x00-\x7f]/;
const encoder = new TextEncoder();
