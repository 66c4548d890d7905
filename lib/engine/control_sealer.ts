/**
 * Seals and opens control datagrams: everything but file data. Each carries a
 * control number that is the nonce under its direction's key and is never
 * reused; the header is associated data. Who does not know the key cannot make
 * one, and one that was heard and sent again is refused by its number.
 */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { writeU48 } from "../base/bytes.ts";
import {
  controlHeaderBytes,
  packetNumber,
  type PacketType,
  writeHeader,
} from "./packets/packet.ts";
import type { TransferKeys } from "./blocks/keys.ts";
import { transferLimits } from "./packets/limits.ts";

/** One end's sealing and opening of control datagrams. */
export class ControlSealer {
  readonly #id: Uint8Array;
  readonly #ownKey: Uint8Array;
  readonly #peerKey: Uint8Array;
  readonly #nonce = new Uint8Array(12);
  #nextNumber = 0;
  #newestNumber = -1;
  /** Bit i: the number `newest - i` was seen (i < 32). */
  #seen = 0;

  constructor(
    id: Uint8Array,
    keys: TransferKeys,
    role: "sender" | "receiver",
  ) {
    const isSender = role === "sender";
    this.#id = id;
    this.#ownKey = isSender ? keys.senderControl : keys.receiverControl;
    this.#peerKey = isSender ? keys.receiverControl : keys.senderControl;
  }

  /** The highest number opened so far, -1 before the first. */
  get newestNumber(): number {
    return this.#newestNumber;
  }

  /**
   * Writes a control datagram to `out`, whose bytes from
   * {@link controlHeaderBytes} on already hold the body.
   *
   * @returns The datagram's length.
   */
  seal(out: Uint8Array, type: PacketType, bodyBytes: number): number {
    const number = this.#nextNumber++;
    writeHeader(out, type, this.#id, number);
    writeU48(this.#nonce, 6, number);
    const cipher = createCipheriv(
      algorithm,
      this.#ownKey,
      this.#nonce,
      options,
    );
    const end = controlHeaderBytes + bodyBytes;
    cipher.setAAD(out.subarray(0, controlHeaderBytes), {
      plaintextLength: bodyBytes,
    });
    out.set(
      cipher.update(out.subarray(controlHeaderBytes, end)),
      controlHeaderBytes,
    );
    cipher.final();
    out.set(cipher.getAuthTag(), end);
    return end + transferLimits.tagBytes;
  }

  /**
   * The body of a control datagram, or undefined when it is forged, altered, a
   * repetition, or more than 31 numbers behind the newest.
   */
  open(datagram: Uint8Array): Uint8Array | undefined {
    const end = datagram.length - transferLimits.tagBytes;
    if (end < controlHeaderBytes) return undefined;
    const number = packetNumber(datagram);
    if (this.#isRepeated(number)) return undefined;
    writeU48(this.#nonce, 6, number);
    const decipher = createDecipheriv(
      algorithm,
      this.#peerKey,
      this.#nonce,
      options,
    );
    decipher.setAAD(datagram.subarray(0, controlHeaderBytes), {
      plaintextLength: end - controlHeaderBytes,
    });
    decipher.setAuthTag(datagram.subarray(end));
    const body = decipher.update(datagram.subarray(controlHeaderBytes, end));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    this.#remember(number);
    return body;
  }

  #isRepeated(number: number): boolean {
    const behind = this.#newestNumber - number;
    if (behind < 0) return false;
    return behind >= 32 || (this.#seen >>> behind & 1) === 1;
  }

  #remember(number: number): void {
    const ahead = number - this.#newestNumber;
    if (ahead <= 0) {
      this.#seen |= 1 << -ahead;
      return;
    }
    this.#seen = ahead >= 32 ? 1 : this.#seen << ahead | 1;
    this.#newestNumber = number;
  }
}

const algorithm = "chacha20-poly1305";
const options = { authTagLength: transferLimits.tagBytes };
