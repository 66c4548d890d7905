/**
 * Measures congestion controllers against each other: the same file over the
 * same simulated links, in virtual time.
 */
import { Bbr } from "../../lib/engine/congestion/bbr.ts";
import type { CongestionController } from "../../lib/engine/congestion/controller.ts";
import { transferLimits } from "../../lib/engine/packets/limits.ts";
import { Cubic } from "./cubic.ts";
import type { LinkOptions } from "./simulated_link.ts";
import { testFile, TransferPair } from "./transfer_pair.ts";

/** What is compared. */
export const controllers: Record<string, () => CongestionController> = {
  "BBR": () => new Bbr(),
  "CUBIC": () => new Cubic(),
  "CUBIC, tolerates 3 %": () => new Cubic(0.03),
};

/** A link and how much is sent over it. */
interface Course {
  readonly name: string;
  readonly bytes: number;
  readonly link: Omit<LinkOptions, "seed"> & { readonly rate: number };
}

/** The links on which transfers are to be fast; a queue of one round trip. */
export const courses: readonly Course[] = [
  course("1 Gbit/s, 4 ms, 0.1 % loss", 100_000_000, 1_000, 4, 0.001),
  course("100 Mbit/s, 40 ms", 60_000_000, 100, 40, 0),
  course("100 Mbit/s, 40 ms, 1 % loss", 60_000_000, 100, 40, 0.01),
  course("100 Mbit/s, 40 ms, 5 % loss", 60_000_000, 100, 40, 0.05),
  course("20 Mbit/s, 150 ms, 2 % loss", 15_000_000, 20, 150, 0.02),
];

/** What one controller reached on one link. */
export interface Reached {
  /** MB/s of the file, from the offer to its end. */
  readonly rate: number;
  /** Share of the datagrams that were sent again. */
  readonly loss: number;
  /** Round trip at the end less the link's own, ms: the queue it keeps. */
  readonly queueMs: number;
}

/**
 * Runs one controller over one course.
 *
 * @param share Of the course's bytes, for a quicker look.
 */
export function run(
  { link, bytes }: Course,
  makeController: () => CongestionController,
  share = 1,
): Reached {
  const file = testFile(Math.round(bytes * share));
  const pair = new TransferPair({ seed: 11, file, link, makeController });
  let rtt = 0;
  pair.run(600_000, () => {
    if (pair.writtenBytes < file.length) rtt = pair.sender.stats().rtt;
    return pair.sender.isDrained && pair.receiver.isDrained;
  });
  const ms = pair.now - transferLimits.lingerMs;
  const { sentPackets, lostPackets } = pair.sender.stats();
  return {
    rate: file.length / ms / 1_000,
    loss: lostPackets / sentPackets,
    queueMs: Math.max(0, rtt - 2 * (link.delayMs ?? 0)),
  };
}

function course(
  name: string,
  bytes: number,
  megabits: number,
  rtt: number,
  loss: number,
): Course {
  const rate = megabits * 125;
  const queueBytes = Math.max(rate * rtt, 64 * 1024);
  return { name, bytes, link: { rate, delayMs: rtt / 2, loss, queueBytes } };
}
