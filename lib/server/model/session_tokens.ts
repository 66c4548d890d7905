/**
 * Session tokens: random, replaced at each use, kept as a hash. A
 * token that was exchanged for a new one stays good until the client's next
 * request shows that the new one arrived; otherwise a lost reply would lock the
 * client out.
 *
 * What decides is the monotonic clock, so that a wall clock that is set neither
 * locks out everybody nor prolongs a token. The wall clock only bridges a restart
 * of the server, and then for no longer than a token can have had.
 */
import { createHash } from "node:crypto";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { Instant, Random } from "../../base/ports.ts";
import { limits } from "../../wire/limits.ts";
import type { StoredToken } from "./store.ts";
import type { Device } from "./device.ts";

/** A device's token as the server keeps it. */
export interface TokenRecord {
  /** SHA-256 of the token, hexadecimal. */
  readonly hash: string;
  /** Hash of the token before, while that is still good. */
  readonly previous: string | undefined;
  /** Not good any more after a restart from then on, ms since 1970 UTC. */
  readonly expires: number;
  /** Without a session not good any more from then on, monotonic ms. */
  readonly until: number;
  /** The credential it was made under. */
  readonly credential: string;
}

/** Every device's session token, found by the token. */
export class SessionTokens {
  readonly #devices = new Map<string, Device>();
  readonly #random: Random;
  readonly #start: Instant;

  /** @param start When the server started. */
  constructor(random: Random, start: Instant) {
    this.#random = random;
    this.#start = start;
  }

  /** The device whose token this is; says nothing about its validity. */
  find(token: string): Device | undefined {
    return this.#devices.get(hashOf(token));
  }

  /**
   * True when a device's token is good: its session lives or ended less than
   * {@link limits.tokenMs} ago, and the credential is the same.
   */
  isValid(
    device: Device,
    credential: string | undefined,
    { mono }: Instant,
  ): boolean {
    const record = device.token;
    return record !== undefined && record.credential === credential &&
      (device.session !== undefined || record.until > mono);
  }

  /**
   * Gives the device a new token in place of the one before.
   *
   * @param exchanged The token that it was exchanged for and that stays good
   * until {@link confirm}.
   */
  issue(
    device: Device,
    credential: string,
    { mono, wall }: Instant,
    exchanged?: string,
  ): string {
    const token = encodeBase64Url(this.#random.bytes(32));
    this.set(device, {
      hash: hashOf(token),
      previous: exchanged === undefined ? undefined : hashOf(exchanged),
      expires: wall + aliveMs,
      until: mono + aliveMs,
      credential,
    });
    return token;
  }

  /** Takes up what the store knew when the server started. */
  restore(device: Device, stored: StoredToken): void {
    const { hash, previous, expires, credential } = stored;
    const { mono, wall } = this.#start;
    const until = mono + Math.min(expires - wall, aliveMs);
    this.set(device, { hash, previous, expires, until, credential });
  }

  /** Sets, restores or (`undefined`) voids a device's token. */
  set(device: Device, record: TokenRecord | undefined): void {
    for (const hash of [device.token?.hash, device.token?.previous]) {
      if (hash !== undefined) this.#devices.delete(hash);
    }
    device.token = record;
    for (const hash of [record?.hash, record?.previous]) {
      if (hash !== undefined) this.#devices.set(hash, device);
    }
  }

  /** The client has the token: the one before is void. True when there was one. */
  confirm(device: Device): boolean {
    const record = device.token;
    if (record?.previous === undefined) return false;
    this.set(device, { ...record, previous: undefined });
    return true;
  }

  /** The session ended: the token is good for {@link limits.tokenMs} more. */
  startGrace(device: Device, { mono, wall }: Instant): void {
    if (device.token === undefined) return;
    const expires = wall + limits.tokenMs;
    device.token = { ...device.token, expires, until: mono + limits.tokenMs };
  }

  /**
   * Puts off the stored expiry of a living session, so that the token outlives
   * a crash of the server. True when it had to be.
   */
  renew(device: Device, { mono, wall }: Instant): boolean {
    const record = device.token;
    if (record === undefined) return false;
    const aheadMs = record.expires - wall;
    // Too far ahead when the wall clock was set back.
    if (aheadMs > limits.tokenMs && aheadMs <= aliveMs) return false;
    const expires = wall + aliveMs;
    device.token = { ...record, expires, until: mono + aliveMs };
    return true;
  }
}

/** A token as it is stored. */
export function toStoredToken(
  device: Device,
  record: TokenRecord,
): StoredToken {
  const { hash, previous, expires, credential } = record;
  return {
    device: device.number,
    hash,
    expires,
    credential,
    ...(previous === undefined ? {} : { previous }),
  };
}

/**
 * A time, ms since 1970 UTC, at which a session with this token was alive: five
 * minutes before its end, at the earliest.
 */
export function aliveSince(token: StoredToken): number {
  return token.expires - aliveMs;
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** What the stored expiry of a living session is ahead, at most. */
const aliveMs = 1.5 * limits.tokenMs;
