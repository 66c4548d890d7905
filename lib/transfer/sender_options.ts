import type { CongestionController } from "./congestion.ts";
import type { EndOptions } from "./control_channel.ts";

/** Options of a {@link Sender}. */
export interface SenderOptions extends EndOptions {
  /** Paths whose other end is on this machine: large datagrams are tried. */
  readonly localPaths?: readonly number[];
  /** Gives one for every path that is used; {@link Bbr} by default. */
  readonly makeController?: () => CongestionController;
}
