/** One thing that waits for its receivers, and how it is with each of them. */
import type {
  GroupSendResult,
  TransferInfo,
  UnreadableFiles,
} from "../commands/transfer_info.ts";
import type { CommandOutcome } from "../events/client_event.ts";
import { namesText } from "../tree/entry_states.ts";
import { groupOutcome } from "./group_outcome.ts";
import type { KeptOffer, KeptReceiver } from "./kept_offer.ts";
import { sentOutcome } from "./sent_outcome.ts";
import type { ReadyOffer } from "./transfer.ts";

/** Something that waits. */
export interface WaitingOffer {
  offer: KeptOffer;
  /** N of `/cancel N`. */
  readonly number: number;
  /** Those who are left. */
  readonly receivers: AwaitedUser[];
  /** The server has not said yet who is online. */
  isAsking: boolean;
  /** The user was told of it. */
  isShown: boolean;
  /** What of it could not be read when it was last looked at, in this run. */
  unreadable?: UnreadableFiles | undefined;
  /** The command that it is of, until that has its outcome. */
  command?: OfferCommand | undefined;
}

/** The command that it is of. */
export interface OfferCommand {
  readonly n: number;
  readonly results: GroupSendResult[];
  /** Who was online and has not been asked. */
  readonly open: Set<AwaitedUser>;
  /** It is known who is online. */
  isAsked: boolean;
  /** An event told why it failed. */
  isTold?: boolean;
}

/** Somebody for whom it waits. */
export interface AwaitedUser {
  user: string;
  account?: string | undefined;
  device?: string | undefined;
  isOnline: boolean;
  /** It is being offered or sent. */
  isTried: boolean;
  /** Not to be offered before, monotonic ms. */
  dueAt: number;
  triedAt: number;
  /** How long to wait after it breaks off the next time. */
  pauseMs: number;
  /** What was last said of why it broke off. */
  told?: string;
}

/** It waits from now on; who is online is not known yet. */
export function newWaitingOffer(
  offer: KeptOffer,
  number: number,
): WaitingOffer {
  const receivers = offer.to.map((each): AwaitedUser => ({
    ...{ ...each, isOnline: false, isTried: false },
    ...{ dueAt: 0, triedAt: -Infinity, pauseMs: firstPauseMs },
  }));
  return { offer, number, receivers, isAsking: false, isShown: false };
}

/** As it is written down. */
export function receiverOf({ user, account, device }: {
  readonly user: string;
  readonly account?: string | undefined;
  readonly device?: string | undefined;
}): KeptReceiver {
  return {
    user,
    ...account !== undefined && { account },
    ...device !== undefined && { device },
  };
}

/** True while a transfer has the number of what waits for one person. */
export function isUnderWay(
  { offer, receivers: [only] }: WaitingOffer,
): boolean {
  return offer.group === undefined && only?.isTried === true;
}

/** True for who can be offered it when it is due. */
export function isToBeTried({ isOnline, isTried }: AwaitedUser): boolean {
  return isOnline && !isTried;
}

/** Somebody who comes is offered it at once, but not again and again. */
export function setOnline(
  receiver: AwaitedUser,
  isOnline: boolean,
  now: number,
): void {
  if (isOnline && !receiver.isOnline) {
    receiver.dueAt = Math.max(now, receiver.triedAt + leastPauseMs);
    receiver.pauseMs = firstPauseMs;
  }
  receiver.isOnline = isOnline;
}

/** What the user sees of it. */
export function waitingInfo(
  { offer, number, receivers, unreadable }: WaitingOffer,
): TransferInfo {
  const { file: { name, size, tree }, group, since } = offer;
  const [first = { user: "", device: undefined }] = receivers;
  const { user, device } = first;
  return {
    ...{ transfer: number, direction: "outgoing", kind: "file", user },
    ...device !== undefined && { device },
    ...group !== undefined && { group, left: receivers.length },
    name,
    ...tree !== undefined && { files: tree.files, roots: tree.roots },
    ...unreadable,
    ...{ size, state: "waiting", bytes: 0, rate: 0, paused: false, since },
  };
}

/** It broke off: the next time is a while later, ever longer. */
export function pauseFrom(receiver: AwaitedUser, now: number): void {
  receiver.dueAt = now + receiver.pauseMs;
  receiver.pauseMs = Math.min(2 * receiver.pauseMs, mostPauseMs);
}

/**
 * What is about to be offered is kept as it is now.
 *
 * @returns What there is to say of it, where it is not what it was.
 */
export function remarkOn(
  waiting: WaitingOffer,
  { file, missing = [], paths = waiting.offer.paths, unreadable }: ReadyOffer,
): string | undefined {
  const { offer } = waiting;
  waiting.unreadable = unreadable;
  const isSame = JSON.stringify(file) === JSON.stringify(offer.file);
  if (isSame && missing.length === 0) return undefined;
  waiting.offer = { ...offer, file, paths };
  if (missing.length === 0) return "it changed since it began to wait";
  return `${namesText(missing)} ${
    missing.length === 1 ? "is" : "are"
  } no longer there`;
}

/**
 * What becomes of its command.
 *
 * @param isOpen It still waits for somebody.
 */
export function outcomeOf(
  waiting: WaitingOffer,
  { results, isTold = false }: OfferCommand,
  isOpen: boolean,
): CommandOutcome {
  const { offer: { group, file }, receivers } = waiting;
  if (group !== undefined) {
    const others = receivers.map(({ user }): GroupSendResult => ({
      ...{ user, ok: false, code: "waiting" },
      message: `waits until ${user} is online`,
    }));
    return groupOutcome(group, file, others, results);
  }
  const command = "p2pvideo";
  const [result] = results;
  if (result === undefined && isOpen) {
    const answer = { ...waitingInfo(waiting), state: "waiting" } as const;
    return { command, ok: true, answer };
  }
  if (result?.ok) {
    const { ok: _, ...answer } = result;
    return sentOutcome(answer);
  }
  const { code, message } = result ?? takenBack;
  const announced = isTold || result === undefined;
  return { command, ok: false, code, message, announced };
}

const takenBack = { code: "cancelled", message: "cancelled by you" };
/** Between two offers of the same to somebody who comes and goes. */
const leastPauseMs = 5_000;
const firstPauseMs = 15_000;
const mostPauseMs = 30 * 60_000;
