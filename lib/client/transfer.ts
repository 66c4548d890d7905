import type { WireAddress } from "../protocol/request.ts";
import type {
  CommandOutcome,
  TransferInfo,
  TransferState,
} from "./client_event.ts";
import type { OfferTerms } from "./signed_exchange.ts";
import type {
  OfferedFile,
  TransferLink,
  TransferPeer,
} from "./transfer_port.ts";

/** One offer of a file, made or received, from its first to its last moment. */
export interface Transfer {
  readonly number: number;
  /** The offer's 64-bit id, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  readonly user: string;
  /** The group it is for, if any. */
  readonly group: string | undefined;
  file: OfferedFile;
  /** What the file is called here, where it is offered under another name. */
  ownName: string | undefined;
  state: TransferState;
  bytes: number;
  rate: number;
  /** When it began to run, monotonic ms. */
  startedAt: number;
  /** Gets its end instead of a command. */
  readonly report: ((outcome: CommandOutcome) => void) | undefined;
  /** Number of the command that waits for its end. */
  command: number | undefined;
  /** What both sides sign, once it is known. */
  terms: OfferTerms | undefined;
  /** What an outgoing offer says, once the file is open; to offer it again. */
  offer: TransferPeer | undefined;
  /** Where an incoming one comes from. */
  peer: TransferPeer | undefined;
  /**
   * When the quota of the relay begins anew of which the server said that it is
   * used up, ms since 1970 UTC.
   */
  relayAgainAt: number | undefined;
  /** The receiver waits for room on its disk. */
  isPaused: boolean;
  /** How the other side is reached, once it is. */
  link: TransferLink | undefined;
  /** True once this side accepted and the answer is under way. */
  answering: boolean;
  /** When the other side's word is taken for the end, monotonic ms. */
  settleAt: number | undefined;
  /** The other side has found no path and ended it. */
  hasGivenUp: boolean;
}

/** What the user sees of a transfer. */
export function transferInfo(transfer: Transfer): TransferInfo {
  const { number, direction, user, group, file, state } = transfer;
  const { bytes, rate, link, isPaused } = transfer;
  const { name, size } = file;
  const kind = "file";
  return {
    transfer: number,
    direction,
    kind,
    user,
    ...(group === undefined ? {} : { group }),
    name,
    size,
    state,
    bytes,
    rate,
    paused: isPaused,
    ...(link === undefined ? {} : linkInfo(link)),
  };
}

function linkInfo(link: TransferLink) {
  const { via, address, rtt, loss, why, silence } = link;
  const ip = address?.ip ?? "";
  const place = address === undefined ? {} : {
    address: `${ip.includes(":") ? `[${ip}]` : ip}:${address.port}`,
  };
  return {
    via,
    ...place,
    rtt,
    ...(loss === undefined ? {} : { loss }),
    ...(why === undefined ? {} : { why }),
    ...(silence === undefined ? {} : { silence }),
  };
}

/** Bytes a second over the whole of a transfer. */
export function averageRate(bytes: number, ms: number): number {
  return ms > 0 ? bytes * 1000 / ms : 0;
}

/** The other side may be at these addresses, too. */
export function addAddresses(
  transfer: Transfer,
  addresses: readonly WireAddress[],
): void {
  const { peer } = transfer;
  if (peer === undefined) return;
  const all = [...addresses, ...peer.addresses].slice(0, mostAddresses);
  transfer.peer = { ...peer, addresses: all };
}

const mostAddresses = 64;
