import type { createHash } from "node:crypto";
import type { CongestionController } from "./congestion.ts";
import type { EndOptions } from "./control_channel.ts";

/** Options of a {@link Sender}. */
export interface SenderOptions extends EndOptions {
  /** Paths whose other end is on this machine: large datagrams are tried. */
  readonly localPaths?: readonly number[];
  /**
   * SHA-256 over the blocks below `firstBlock`, to go on with; it must be
   * complete when the first block is handed in.
   */
  readonly hash?: ReturnType<typeof createHash>;
  /** Gives one for every path that is used; {@link Bbr} by default. */
  readonly makeController?: () => CongestionController;
}
