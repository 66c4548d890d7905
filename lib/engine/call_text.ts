/**
 * Texts that the two ends of a call say to each other over a path that loses
 * datagrams: each fits into one, which is sent again until the other side has
 * heard it. Of several texts of one topic only the last one counts.
 *
 *     text     topic u8 | version u16 | UTF-8
 *     heard    topic u8 | version u16
 */
import { readU16, writeU16 } from "../base/bytes.ts";

/** Most bytes of a text in UTF-8. */
export const mostTextBytes = 1000;

/** Bytes of topic and version. */
export const textHeadBytes = 3;

/** What one end says of a topic. */
export class CallText {
  /** When it is to be sent, ms; `Infinity` for never. */
  deadline = Infinity;
  #version = 0;
  #bytes = new Uint8Array(0);

  /**
   * Says this from now on.
   *
   * @throws {RangeError} when it is too long.
   */
  set(text: string, now: number): void {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > mostTextBytes) throw new RangeError("text too long");
    this.#version = (this.#version + 1) % 2 ** 16;
    this.#bytes = bytes;
    this.deadline = now;
  }

  /** The other side has heard this version. */
  handleHeard(version: number): void {
    if (version === this.#version) this.deadline = Infinity;
  }

  /** Writes it behind the topic, when it is due; returns all bytes, or 0. */
  pollText(out: Uint8Array, now: number): number {
    if (now < this.deadline) return 0;
    this.deadline = now + repeatMs;
    writeU16(out, 1, this.#version);
    out.set(this.#bytes, textHeadBytes);
    return textHeadBytes + this.#bytes.length;
  }
}

/** What the other end says of a topic. */
export class HeardText {
  /** Of the text that came last. */
  version = 0;
  #isDue = false;

  /** True, once, when the other side is to be told that it came. */
  takeDue(): boolean {
    const isDue = this.#isDue;
    this.#isDue = false;
    return isDue;
  }

  /** A text came; given back when it is news. */
  handleText(body: Uint8Array): string | undefined {
    if (body.length > textHeadBytes + mostTextBytes) return undefined;
    const ahead = readU16(body, 1) - this.version & 0xffff;
    if (ahead >= 2 ** 15) return undefined;
    this.#isDue = true;
    if (ahead === 0) return undefined;
    this.version = readU16(body, 1);
    return new TextDecoder().decode(body.subarray(textHeadBytes));
  }
}

const repeatMs = 200;
