import { transferKey } from "../../lib/engine/packets/packet.ts";
import { type LinkOptions, SimulatedLink } from "./simulated_link.ts";
import type { Passage, TransferPair } from "./transfer_pair.ts";

/** A bottleneck that several transfers go through. */
export class SharedLink {
  readonly #link: SimulatedLink;
  /** What has arrived, by transfer. */
  readonly #arrived = new Map<number, Uint8Array[]>();

  constructor(options: LinkOptions) {
    this.#link = new SimulatedLink(options);
  }

  /** The link as one transfer sees it. */
  passage(): Passage {
    let key = -1;
    const waiting = () => this.#arrived.get(key) ?? [];
    const link = this.#link;
    const receive = (now: number) => this.#receive(now);
    return {
      options: link.options,
      get nextAt() {
        return waiting().length > 0 ? -Infinity : link.nextAt;
      },
      send(datagram, now) {
        key = transferKey(datagram);
        link.send(datagram, now);
      },
      receive(now) {
        receive(now);
        return waiting().shift();
      },
    };
  }

  /** Sorts out what has arrived by `now`. */
  #receive(now: number): void {
    for (;;) {
      const bytes = this.#link.receive(now);
      if (bytes === undefined) return;
      const key = transferKey(bytes);
      const others = this.#arrived.get(key);
      if (others === undefined) this.#arrived.set(key, [bytes]);
      else others.push(bytes);
    }
  }
}

/**
 * Runs transfers side by side, in one virtual time, until `isOver`; none of them
 * may end before that.
 */
export function runTogether(
  pairs: readonly TransferPair[],
  isOver: (now: number) => boolean,
): void {
  let now = Math.min(...pairs.map((pair) => pair.now));
  let same = 0;
  while (!isOver(now)) {
    if (pairs.some(({ sender }) => sender.isDrained)) {
      throw new Error(`A transfer is over at ${now} ms already`);
    }
    if (same > mostStepsAtOnce) throw new Error(`Livelock at ${now} ms`);
    const before = now;
    let next = Infinity;
    for (const pair of pairs) {
      if (pair.now <= now) pair.step();
      next = Math.min(next, pair.now);
    }
    // A step that changed nothing was made at its own time already.
    now = Math.max(now, next);
    for (const pair of pairs) {
      const isEarly = pair.now > now && pair.there.nextAt <= now;
      if (isEarly) pair.now = now;
    }
    same = now === before ? same + 1 : 0;
  }
}

const mostStepsAtOnce = 1_000;
