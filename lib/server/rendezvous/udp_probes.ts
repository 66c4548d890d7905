/**
 * Answers probes of clients that look at the way to the server (`parley doctor`)
 * without being logged in. Nothing is kept for them: the key is made from the id
 * again. Whoever probes was given both over TCP, gets back fewer bytes than it
 * sent, and only so many times a second.
 */
import { createHmac } from "node:crypto";
import { encodeBase64Url } from "@std/encoding/base64url";
import { encodeHex } from "@std/encoding/hex";
import { networkOf } from "../../base/ip_address.ts";
import { limits } from "../../wire/limits.ts";
import type { Random } from "../../base/ports.ts";
import { answerProbe, probeIdOf } from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";
import { RateLimit } from "../../base/rate_limit.ts";

/** A datagram to send; the bytes may be those that came in. */
export interface ServerDatagram {
  readonly to: WireAddress;
  readonly bytes: Uint8Array;
}

/** Grants and answers. All times are monotonic ms. */
export class UdpProbes {
  readonly #random: Random;
  readonly #secret: Uint8Array;
  readonly #probes = new RateLimit(limits.probesPerAddress);

  constructor(random: Random) {
    this.#random = random;
    this.#secret = random.bytes(32);
  }

  /** What a client needs to probe; good for a minute. */
  issue(now: number): { id: string; key: string } {
    const id = this.#random.bytes(8);
    view(id).setUint32(0, secondOf(now));
    return { id: encodeHex(id), key: encodeBase64Url(this.#keyOf(id)) };
  }

  /** The answer to an authentic probe, shorter than the probe. */
  handleDatagram(
    bytes: Uint8Array,
    from: WireAddress,
    now: number,
  ): ServerDatagram | undefined {
    const id = probeIdOf(bytes);
    if (id === undefined) return undefined;
    const age = secondOf(now) - view(id).getUint32(0);
    if (age < 0 || age > lifetimeSeconds) return undefined;
    if (!this.#probes.take(networkOf(from.ip), now)) return undefined;
    const answer = answerProbe(bytes, this.#keyOf(id), from);
    return answer && { to: from, bytes: answer };
  }

  #keyOf(id: Uint8Array): Uint8Array {
    return new Uint8Array(
      createHmac("sha256", this.#secret).update(id).digest(),
    );
  }
}

function secondOf(now: number): number {
  return Math.floor(now / 1000) % 2 ** 32;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const lifetimeSeconds = 60;
