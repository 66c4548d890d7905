/** One offer of a file and the transfer that it becomes. */
import { bracketed } from "../../base/ip_address.ts";
import type { CommandOutcome } from "../events/client_event.ts";
import type { OpenOfferFields } from "./open_offers.ts";
import type {
  OfferedFile,
  OfferedTree,
  TransferEvent,
  TransferLink,
} from "../events/transfer_port.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type {
  TransferInfo,
  TransferState,
  UnreadableFiles,
} from "../commands/transfer_info.ts";
import type { WireAddress } from "../../wire/request.ts";

/** One that was made or received, from its first to its last moment. */
export interface Transfer extends OpenOfferFields<TransferState> {
  readonly kind: "file";
  /** The group it is for, if any. */
  readonly group: string | undefined;
  file: OfferedFile;
  /** What the file is called here, where it is offered under another name. */
  ownName: string | undefined;
  /** What is left out of what is offered, in words. */
  remark: string | undefined;
  /** What of it cannot be read, and so is not offered. */
  unreadable: UnreadableFiles | undefined;
  bytes: number;
  rate: number;
  /** Of several files how many the receiver has, and which one is under way. */
  filesDone: number;
  current: string | undefined;
  /** When it began to run, monotonic ms. */
  startedAt: number;
  /** Where it is kept until the receiver has it. */
  readonly kept: KeptTry | undefined;
  /** Gets its end instead of a command. */
  readonly report: TransferReport | undefined;
  /**
   * When the quota of the relay begins anew of which the server said that it is
   * used up, ms since 1970 UTC.
   */
  relayAgainAt: number | undefined;
  /** The receiver waits for room on its disk. */
  isPaused: boolean;
  /** Who has it wait. */
  pausedBy: readonly ("me" | "user")[];
  /** Commands that wait for that to be so, oldest first. */
  readonly onHold: WaitingForHold[];
  /** How the other side is reached, once it is. */
  link: TransferLink | undefined;
  /** The list of several files that are offered: the id of its transfer. */
  list: "none" | "asked" | "here";
  /** What is wanted of several files: patterns; all for none. */
  only: readonly string[];
  /** How many of the files are not among those, once both sides know. */
  leftOut: number;
  /** Where it goes: a folder, `-`, or the usual folder. */
  into: string | undefined;
  /** Commands that wait for the list, with what they do then. */
  readonly onList: WaitingForList[];
  /** Why the other side ended it, where this side may learn more of that. */
  givenUp: "unreachable" | "quota" | undefined;
}

/** One of the times that something is offered which is kept meanwhile. */
export interface KeptTry {
  /** N of `/cancel N`, where it has that of what is kept. */
  readonly number?: number | undefined;
  /** What there is to say of it, when it is about to be offered. */
  ready(event: ReadyOffer): string | undefined;
  /** True when it waits on, under the same number, after it ended so. */
  goesOn(code: string): boolean;
}

/** Takes the end of a transfer, of what was sent. */
export type TransferReport = (
  outcome: CommandOutcome,
  file: OfferedFile,
) => void;

/** What is about to be offered. */
export type ReadyOffer = Extract<
  TransferEvent,
  { readonly event: "offer-ready" }
>;

/** A command that can go on when the list is here. */
export interface WaitingForList {
  /** Why there is none, where there is none. */
  go(refusal?: { readonly code: string; readonly message: string }): void;
}

/** A command that has a transfer wait, or no longer. */
export interface WaitingForHold {
  readonly name: "pause" | "resume";
  readonly n: number;
}

/** What the user sees of a transfer. */
export function transferInfo(transfer: Transfer): TransferInfo {
  const { number, direction, user, group, file, state } = transfer;
  const { device, bytes, rate, link, isPaused, pausedBy } = transfer;
  const isHeld = pausedBy.length > 0;
  const { terms } = transfer;
  const isMine = terms !== undefined && terms.from === terms.to;
  const { name, size, tree, stream } = file;
  const [kind, accepted] = ["file", true] as const;
  return {
    transfer: number,
    direction,
    kind,
    user,
    ...(device === undefined ? {} : { device }),
    ...(isMine ? { mine: true as const } : {}),
    ...(group === undefined ? {} : { group }),
    name,
    ...(tree === undefined ? {} : treeInfo(transfer, tree)),
    size,
    ...(stream ? { stream: true as const } : {}),
    state,
    ...transfer.answering && state === "offered" && { accepted },
    bytes,
    rate,
    paused: isPaused || isHeld,
    ...(isHeld ? { pausedBy } : {}),
    ...(link === undefined ? {} : linkInfo(link)),
  };
}

function treeInfo(
  { state, filesDone, current, leftOut, unreadable }: Transfer,
  { files, roots }: OfferedTree,
) {
  const about = {
    ...{ files, roots, ...unreadable },
    ...leftOut > 0 && { leftOut },
  };
  if (state === "preparing" || state === "offered") return about;
  const now = current === undefined || state !== "running" ? {} : { current };
  return { ...about, filesDone, ...now };
}

function linkInfo(link: TransferLink) {
  const { via, address, rtt, loss, why, silence } = link;
  const ip = address?.ip ?? "";
  const place = address === undefined ? {} : {
    address: `${bracketed(ip)}:${address.port}`,
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

/** True when the receiver keeps whole blocks of what ends with this code. */
export function isPartKept(
  { state, bytes, file, into }: Transfer,
  code: string,
): boolean {
  return state === "running" && bytes >= transferLimits.blockBytes &&
    file.fingerprint !== undefined && into !== "-" &&
    !startingAnew.includes(code);
}

/**
 * Ends after which the file is another one or nothing is left of it, and that
 * of a relay, whose own words say when to go on.
 */
const startingAnew: readonly string[] = ["changed", "removed", "quota"];

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
