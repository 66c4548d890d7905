import type { BlockPool } from "./block_pool.ts";
import type { ControllerMaker } from "./congestion.ts";
import type { EndOptions } from "./control_channel.ts";
import type { FragmentBudgets } from "./fragment_budgets.ts";

/** Options of a {@link Sender}. */
export interface SenderOptions extends EndOptions {
  /**
   * Called for every path that is used; by default it makes a {@link Bbr}, on
   * this machine a {@link LocalController}.
   */
  readonly makeController?: ControllerMaker;
  /** What all transfers of this client have left at the far ends of paths. */
  readonly budgets?: FragmentBudgets;
  /** Gets back the memory of what is handed in, when it is no longer needed. */
  readonly pool?: BlockPool;
  /**
   * How many blocks are read and sealed together, and the least that are asked
   * for one after another; {@link transferLimits.batchBlocks} by default.
   */
  readonly batchBlocks?: number;
}
