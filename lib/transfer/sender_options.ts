import type { CongestionController } from "./congestion.ts";
import type { EndOptions } from "./control_channel.ts";

/** Options of a {@link Sender}. */
export interface SenderOptions extends EndOptions {
  /** Paths whose other end is on this machine: large datagrams are tried. */
  readonly localPaths?: readonly number[];
  /** Default: {@link Bbr}. */
  readonly controller?: CongestionController;
}
