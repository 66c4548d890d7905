/**
 * The offers and transfers that have not ended, under the numbers that users
 * type. Every change that a user should see goes through here, and a command
 * that waits for a transfer is settled here when it ends.
 */
import type {
  ClientEvent,
  CommandOutcome,
  TransferInfo,
  TransferState,
  TransferSummary,
} from "./client_event.ts";
import type { OfferNumbers } from "./offer_numbers.ts";
import type { OfferTerms } from "./signed_exchange.ts";
import { type Transfer, transferInfo } from "./transfer.ts";
import type { TransferPeer } from "./transfer_port.ts";

/** What is told about an end, where there is something to tell. */
export interface TransferEnd {
  /** Of a file that arrived. */
  readonly summary?: TransferSummary | undefined;
  /** For the command that waits for it; the state by default. */
  readonly code?: string | undefined;
  /** True when this user wanted it so. */
  readonly isOwn?: boolean;
}

/** What the table tells. */
export interface TransferTableHost {
  emit(event: ClientEvent): void;
  /** Tells what became of command number `n`. */
  settle(n: number, outcome: CommandOutcome): void;
}

/** Transfers by id and by number. */
export class TransferTable {
  readonly #host: TransferTableHost;
  readonly #byId = new Map<string, Transfer>();
  readonly #numbers: OfferNumbers;

  constructor(host: TransferTableHost, numbers: OfferNumbers) {
    this.#host = host;
    this.#numbers = numbers;
  }

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  find(id: string): Transfer | undefined {
    return this.#byId.get(id);
  }

  /** A copy, so that transfers can end while it is walked. */
  all(): Transfer[] {
    return [...this.#byId.values()];
  }

  /** The transfers that have not ended, oldest first. */
  list(): TransferInfo[] {
    return [...this.#byId.values()].map(transferInfo);
  }

  /** Those that will end without this user doing anything. */
  underWay(): TransferInfo[] {
    return this.all().filter(({ direction, state, answering }) =>
      direction === "outgoing" || state !== "offered" || answering
    ).map(transferInfo);
  }

  /** Transfers whose other side's word is to be taken for the end. */
  settling(now: number): Transfer[] {
    return this.all().filter(({ settleAt = Infinity }) => settleAt <= now);
  }

  /** When the next one is, monotonic ms. */
  get nextSettling(): number | undefined {
    const times = this.all().map(({ settleAt }) => settleAt)
      .filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** A new transfer with the next number. */
  add(
    fields: Pick<Transfer, "id" | "direction" | "user" | "file"> & {
      command?: number;
      group?: string | undefined;
      report?: (outcome: CommandOutcome) => void;
      peer?: TransferPeer;
      terms?: OfferTerms;
    },
  ): Transfer {
    const transfer: Transfer = {
      number: this.#numbers.take(),
      state: "preparing",
      bytes: 0,
      rate: 0,
      startedAt: 0,
      command: undefined,
      report: undefined,
      terms: undefined,
      offer: undefined,
      ownName: undefined,
      group: undefined,
      relayAgainAt: undefined,
      peer: undefined,
      link: undefined,
      isPaused: false,
      answering: false,
      settleAt: undefined,
      hasGivenUp: false,
      ...fields,
    };
    this.#byId.set(transfer.id, transfer);
    return transfer;
  }

  /** The transfer is over: forgets it, tells the user, settles its command. */
  end(
    transfer: Transfer,
    state: TransferState,
    message?: string,
    { summary, code = state, isOwn = false }: TransferEnd = {},
  ): void {
    const announced = transfer.state !== "preparing";
    transfer.state = state;
    this.#byId.delete(transfer.id);
    if (announced) this.show(transfer, message, { summary, isOwn });
    const { command, direction, report } = transfer;
    const isOutgoing = direction === "outgoing";
    const outcome: CommandOutcome = isOutgoing && summary !== undefined
      ? {
        command: "p2pvideo",
        ok: true,
        answer: { ...transferInfo(transfer), ...summary },
      }
      : {
        command: isOutgoing ? "p2pvideo" : "accept",
        ok: false,
        code,
        message: message ?? state,
        announced,
      };
    if (command !== undefined) this.#host.settle(command, outcome);
    report?.(outcome);
  }

  /** Tells the user where the transfer stands now. */
  show(
    transfer: Transfer,
    message?: string,
    { summary, isOwn = false }: TransferEnd = {},
  ): void {
    this.#host.emit({
      event: "transfer",
      info: transferInfo(transfer),
      ...(message === undefined ? {} : { message }),
      ...(summary === undefined ? {} : { summary }),
      ...(isOwn ? { own: true as const } : {}),
    });
  }

  /** The transfer of this number; settles command `n` when there is none. */
  numbered(
    command: string,
    number: number,
    n: number,
  ): Transfer | undefined {
    for (const transfer of this.#byId.values()) {
      if (transfer.number === number) return transfer;
    }
    const message = `there is no transfer ${number}; /transfers lists them`;
    const code = "unknown_transfer";
    this.#host.settle(n, { command, ok: false, code, message });
    return undefined;
  }

  /** The numbered transfer, if it is an offer that waits for this user. */
  waiting(command: string, number: number, n: number): Transfer | undefined {
    const transfer = this.numbered(command, number, n);
    if (transfer === undefined) return undefined;
    const { direction, state, answering } = transfer;
    if (direction === "incoming" && state === "offered" && !answering) {
      return transfer;
    }
    const message = `transfer ${number} does not wait for your answer`;
    this.#host.settle(n, { command, ok: false, code: "not_waiting", message });
    return undefined;
  }
}
