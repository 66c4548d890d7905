import type { TransferInfo } from "../events/client_event.ts";

/** Thins the progress of transfers to one report for each 10 %. */
export class ProgressSteps {
  readonly #reported = new Map<number, number>();

  /** True when `info` has passed another 10 % since the last time. */
  passes(info: TransferInfo): boolean {
    if (info.size === 0) return false;
    const step = Math.floor(info.bytes * 10 / info.size);
    if (step <= (this.#reported.get(info.transfer) ?? 0)) return false;
    this.#reported.set(info.transfer, step);
    return true;
  }

  /** The transfer is over. */
  forget(transfer: number): void {
    this.#reported.delete(transfer);
  }
}
