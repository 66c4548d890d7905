/**
 * What the receiver's system holds of datagrams that lost one of their
 * fragments. It keeps the others in the hope of the last for half a minute, or
 * until the 16 bits that number datagrams come round; and it has 4 MiB for that
 * (Linux, net.ipv4.ipfrag_high_thresh and ipfrag_time), beyond which every
 * fragmented datagram is lost. This counts what must be there by what is lost.
 */
export class FragmentBudget {
  /** Bytes held, by the numbers of the datagrams, and when the last was sent. */
  readonly #held = new Float64Array(stretches);
  readonly #sentAt = new Float64Array(stretches);
  #current = 0;
  /** Fragmented datagrams of the current stretch. */
  #count = 0;
  #bytes = 0;
  #lostAt = -Infinity;
  /** Packets that carried fragments so far, and those of them lost apart. */
  #packets = 0;
  #lostPackets = 0;

  /** What the system is thought to hold, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * What `bytes` that are yet to be sent in datagrams of `size` will add, when
   * as many get lost as so far.
   */
  expected(bytes: number, size: number): number {
    if (this.#packets === 0) return 0;
    const lossShare = this.#lostPackets / this.#packets;
    const lost = lossShare * bytes / fragmentBytes;
    return lost * (packetsOf(size) - 1) * heldBytes;
  }

  /**
   * Counts what was sent, and what was found lost, since the last time.
   *
   * @param size Of these datagrams, bytes of UDP payload.
   * @returns True for a fragmented one that was lost by itself, not with others
   * in a buffer that overflowed.
   */
  handleSent(sent: number, lost: number, size: number, now: number): boolean {
    const packets = packetsOf(size);
    const isApart = packets > 1 && lost > 0 && now - this.#lostAt >= apartMs;
    if (packets > 1) {
      this.#count += sent;
      this.#packets += sent * packets;
      this.#sentAt[this.#current] = now;
      // Of those that found no room in a buffer nothing is held.
      if (isApart) {
        const held = (packets - 1) * heldBytes;
        this.#held[this.#current]! += held;
        this.#bytes += held;
        this.#lostPackets++;
      }
      if (lost > 0) this.#lostAt = now;
    }
    if (this.#count >= stretchDatagrams) {
      this.#count = 0;
      this.#current = (this.#current + 1) % stretches;
      this.#drop(this.#current);
      this.#sentAt[this.#current] = now;
    }
    for (let i = 0; i < stretches; i++) {
      if (now - this.#sentAt[i]! > heldMs) this.#drop(i);
    }
    return isApart;
  }

  #drop(stretch: number): void {
    this.#bytes -= this.#held[stretch]!;
    this.#held[stretch] = 0;
  }
}

/** Packets of Ethernet that carry a datagram of `size` bytes over IPv4. */
export function packetsOf(size: number): number {
  return Math.ceil((size + udpHeaderBytes) / fragmentBytes);
}

const fragmentBytes = 1480;
const udpHeaderBytes = 8;
const stretches = 16;
const stretchDatagrams = 65_536 / stretches;
/** What a fragment of 1,500 bytes takes there, as measured. */
const heldBytes = 3_600;
const heldMs = 30_000;
/** Losses of the path itself are mostly further apart. */
const apartMs = 2;
