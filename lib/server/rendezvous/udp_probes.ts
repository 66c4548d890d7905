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
import type { Instant, Random } from "../../base/ports.ts";
import { answerProbe, probeIdOf } from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";
import { RateLimit } from "../../base/rate_limit.ts";

/** A datagram to send; the bytes may be those that came in. */
export interface ServerDatagram {
  readonly to: WireAddress;
  readonly bytes: Uint8Array;
}

/**
 * Why one is not answered: `malformed`, it is none of ours or its code is
 * wrong; `unknown`, its id was given to nobody, or too long ago; `rate`, too
 * many of one address.
 */
export type ProbeFault = "malformed" | "unknown" | "rate";

/** Answers. */
export class UdpProbes {
  readonly #secret: Uint8Array;
  readonly #probes = new RateLimit(limits.probesPerAddress);

  /** @param secret What the keys are made with. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /** The answer to an authentic probe, shorter than the probe, or why not. */
  handleDatagram(
    bytes: Uint8Array,
    from: WireAddress,
    now: Instant,
  ): ServerDatagram | ProbeFault {
    const id = probeIdOf(bytes);
    if (id === undefined) return "malformed";
    const age = secondOf(now) - view(id).getUint32(0);
    if (age < -leadSeconds || age > lifetimeSeconds) return "unknown";
    if (!this.#probes.take(networkOf(from.ip), now.mono)) return "rate";
    const answer = answerProbe(bytes, keyOf(id, this.#secret), from);
    return answer === undefined ? "malformed" : { to: from, bytes: answer };
  }
}

/** What a client needs to probe; good for a minute. */
export function probeGrant(
  secret: Uint8Array,
  random: Random,
  now: Instant,
): { id: string; key: string } {
  const id = random.bytes(8);
  view(id).setUint32(0, secondOf(now));
  return { id: encodeHex(id), key: encodeBase64Url(keyOf(id, secret)) };
}

function keyOf(id: Uint8Array, secret: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac("sha256", secret).update(id).digest());
}

/** By the wall clock: who grants and who answers may be two machines. */
function secondOf({ wall }: Instant): number {
  return Math.floor(wall / 1000) % 2 ** 32;
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const lifetimeSeconds = 60;
/** What the clock of the one who grants may be ahead. */
const leadSeconds = 5;
