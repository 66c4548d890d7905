/**
 * Probes of transfers that this end does not know of yet: the other one begins to
 * look for a path when it answers, and on a short way that is here before the
 * answer, which goes through the server. Kept for a moment, they spare the wait
 * for the next ones. Whether they are authentic is seen when they are taken.
 */
import { packetType } from "../../engine/packets/packet.ts";

/** A probe that came too early. */
export interface EarlyDatagram<Address> {
  readonly bytes: Uint8Array;
  readonly from: Address;
}

/** A few of them, the oldest of which make room for others. */
export class EarlyDatagrams<Address> {
  #kept: (EarlyDatagram<Address> & { key: number; at: number })[] = [];

  /**
   * Keeps a copy of a probe of the transfer with this key, and nothing else.
   *
   * @param now Monotonic time, ms.
   */
  add(key: number, bytes: Uint8Array, from: Address, now: number): void {
    const isProbe = bytes[0] === packetType.probe && bytes.length <= mostBytes;
    if (key < 0 || !isProbe) return;
    if (this.#kept.length === mostKept) this.#kept.shift();
    this.#kept.push({ key, bytes: bytes.slice(), from, at: now });
  }

  /** What came for a transfer of late, and is forgotten. */
  take(key: number, now: number): EarlyDatagram<Address>[] {
    this.#kept = this.#kept.filter(({ at }) => now - at < mostMs);
    const taken = this.#kept.filter((each) => each.key === key);
    if (taken.length === 0) return taken;
    this.#kept = this.#kept.filter((each) => each.key !== key);
    return taken;
  }
}

const mostKept = 32;
/** A probe without padding, and with what else it can tell. */
const mostBytes = 256;
/** Longer than an answer takes on its way through the server. */
const mostMs = 1_000;
