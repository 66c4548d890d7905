import type { TransferInfo, TransferSummary } from "./client_event.ts";

/** A file on its way, or that was. */
export interface SeenTransfer {
  readonly info: TransferInfo;
  /** Of one that arrived. */
  readonly summary?: TransferSummary;
  /** Why it ended. */
  readonly message?: string;
  /** It goes on where it stopped when it is sent again. */
  readonly resumable?: true;
}

/** The files on their way, and the last that were. Bounded. */
export class KnownTransfers {
  /** Those that ended last are the last of those that ended. */
  readonly #byNumber = new Map<number, SeenTransfer>();

  /** All of them. */
  all(): SeenTransfer[] {
    return [...this.#byNumber.values()];
  }

  /** Those that have not ended and do not wait for later, by their numbers. */
  running(): TransferInfo[] {
    return this.all().map(({ info }) => info)
      .filter((info) => !hasEnded(info) && info.state !== "waiting")
      .sort((one, other) => one.transfer - other.transfer);
  }

  /** One begins, goes on or ends. */
  put(transfer: SeenTransfer): void {
    const { info } = transfer;
    if (hasEnded(info)) this.#byNumber.delete(info.transfer);
    this.#byNumber.set(info.transfer, transfer);
    const ended = this.all().filter(({ info }) => hasEnded(info));
    const [oldest] = ended;
    if (ended.length <= mostEnded || oldest === undefined) return;
    this.#byNumber.delete(oldest.info.transfer);
  }
}

function hasEnded({ state }: TransferInfo): boolean {
  return state !== "preparing" && state !== "offered" &&
    state !== "waiting" && state !== "running";
}

/** Most transfers that have ended. */
export const mostEnded = 50;
