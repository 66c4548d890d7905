import type { TransferInfo, TransferState } from "./client_event.ts";
import type { OfferedFile, TransferPeer } from "./transfer_port.ts";

/** One offer of a file, made or received, from its first to its last moment. */
export interface Transfer {
  readonly number: number;
  /** The offer's 64-bit id, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  readonly user: string;
  file: OfferedFile;
  state: TransferState;
  bytes: number;
  rate: number;
  /** When it began to run, monotonic ms. */
  startedAt: number;
  /** Number of the command that waits for its end. */
  command: number | undefined;
  /** What an outgoing offer says, once the file is open; to offer it again. */
  offer: TransferPeer | undefined;
  /** Where an incoming one comes from. */
  readonly peer: TransferPeer | undefined;
  /** True once this side accepted and the answer is under way. */
  answering: boolean;
  /** When the receiver's word is taken for the end, monotonic ms. */
  settleAt: number | undefined;
}

/** What the user sees of a transfer. */
export function transferInfo(transfer: Transfer): TransferInfo {
  const { number, direction, user, file, state, bytes, rate } = transfer;
  const { name, size } = file;
  const kind = "file";
  return {
    transfer: number,
    direction,
    kind,
    user,
    name,
    size,
    state,
    bytes,
    rate,
  };
}
