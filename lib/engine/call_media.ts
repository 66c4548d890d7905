/**
 * The browsers' datagrams on their way through a call (docs/protocol/calls.md).
 * Few are larger than what is sure to fit on every path; those go in two
 * datagrams, of which the second has the number after that of the first.
 */
import { joinBytes } from "../base/bytes.ts";
import { callPacketType } from "./packets/packet.ts";

/** Most bytes of a browser's datagram: no browser sends more than Ethernet has. */
export const mostMediaBytes = 1472;

/** Most bytes of it in one datagram of a call. */
export const mostMediaPartBytes = 1200;

/** What one datagram of a call carries of a browser's datagram. */
export interface MediaPart {
  /** Whole, or its first or its last bytes. */
  readonly type:
    | typeof callPacketType.media
    | typeof callPacketType.mediaHead
    | typeof callPacketType.mediaTail;
  readonly bytes: Uint8Array;
}

/** True for the type of a datagram that carries a {@link MediaPart}. */
export function isMediaType(
  type: number | undefined,
): type is MediaPart["type"] {
  return type === callPacketType.media || type === callPacketType.mediaHead ||
    type === callPacketType.mediaTail;
}

/** Datagrams that wait, the latest only: what is late is of no use any more. */
class MediaQueue {
  readonly #waiting: Uint8Array[] = [];

  /** Keeps a datagram; an empty or too large one is lost. */
  push(bytes: Uint8Array): void {
    if (bytes.length < 1 || bytes.length > mostMediaBytes) return;
    if (this.#waiting.length >= mostQueued) this.#waiting.shift();
    this.#waiting.push(bytes);
  }

  shift(): Uint8Array | undefined {
    return this.#waiting.shift();
  }
}

/** What the browser here sends. */
export class OutgoingMedia {
  readonly #queue = new MediaQueue();
  #tail: Uint8Array | undefined;

  /** Takes a datagram, whose bytes are kept; too large a one is lost. */
  push(bytes: Uint8Array): void {
    this.#queue.push(bytes);
  }

  /** What goes next; the datagrams of a head and its tail follow each other. */
  next(): MediaPart | undefined {
    const tail = this.#tail;
    if (tail !== undefined) {
      this.#tail = undefined;
      return { type: callPacketType.mediaTail, bytes: tail };
    }
    const bytes = this.#queue.shift();
    if (bytes === undefined) return undefined;
    if (bytes.length <= mostMediaPartBytes) {
      return { type: callPacketType.media, bytes };
    }
    this.#tail = bytes.subarray(mostMediaPartBytes);
    const head = bytes.subarray(0, mostMediaPartBytes);
    return { type: callPacketType.mediaHead, bytes: head };
  }
}

/** What comes for the browser here. */
export class IncomingMedia {
  readonly #queue = new MediaQueue();
  /** Heads and tails without the other one, by the head's number, oldest first. */
  readonly #halves = new Map<number, MediaPart>();

  /** An authentic datagram of this number carried this. */
  take({ type, bytes }: MediaPart, number: number): void {
    if (bytes.length > mostMediaPartBytes) return;
    if (type === callPacketType.media) return this.#queue.push(bytes);
    const key = type === callPacketType.mediaHead ? number : number - 1;
    const other = this.#halves.get(key);
    if (other === undefined) {
      this.#halves.set(key, { type, bytes });
      if (this.#halves.size > mostHalves) {
        const [oldest] = this.#halves.keys();
        this.#halves.delete(oldest!);
      }
      return;
    }
    this.#halves.delete(key);
    if (other.type === type) return;
    const parts = type === callPacketType.mediaHead
      ? [bytes, other.bytes]
      : [other.bytes, bytes];
    this.#queue.push(joinBytes(parts));
  }

  /** The next datagram for the browser. */
  shift(): Uint8Array | undefined {
    return this.#queue.shift();
  }
}

/** Datagrams that wait on their way through a client, in each direction. */
const mostQueued = 256;
/** Halves that wait: more than what a path puts out of order. */
const mostHalves = 16;
