/**
 * What is particular to offers of files, and the transfers they become. The
 * transfer service moves the bytes; this class tells it what to do and tells
 * server and user what came of it. A transfer that runs does not need the server.
 */
import { encodeHex } from "@std/encoding/hex";
import { decodeParts } from "../../engine/resume_map.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type { EntryOutcomes, SentPaths } from "../commands/transfer_info.ts";
import type { CloseReason } from "../../engine/packets/packet.ts";
import { basename } from "../../base/format.ts";
import type { Instant } from "../../base/ports.ts";
import type { EndReason } from "../../wire/end_reason.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import { type Peer, peerText } from "../commands/peer.ts";
import { endText, relayEndText } from "./end_text.ts";
import type { OfferEnd, OpenOffers } from "./open_offers.ts";
import type { OfferRequests } from "./offer_requests.ts";
import { OfferedLists } from "./offered_lists.ts";
import type { PeerHost } from "./peer_host.ts";
import {
  addAddresses,
  averageRate,
  type KeptTry,
  type ReadyOffer,
  type Transfer,
  transferInfo,
  type TransferReport,
  type WaitingForHold,
} from "./transfer.ts";
import type {
  TransferEvent,
  TransferFailure,
} from "../events/transfer_port.ts";

/** All transfers that have not ended. */
export class Transfers {
  readonly #host: PeerHost;
  readonly #offers: OpenOffers;
  readonly #requests: OfferRequests;
  /** The lists of what is offered. */
  readonly lists: OfferedLists;
  #isClosed = false;

  constructor(host: PeerHost, offers: OpenOffers, requests: OfferRequests) {
    this.#host = host;
    this.#offers = offers;
    this.#requests = requests;
    this.lists = new OfferedLists(host, requests);
  }

  /** True once {@link close} was called: nothing is offered any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Offers a file, or folders and several files.
   *
   * @param end The number of the command that is settled when the transfer
   * ends, or who gets its outcome instead.
   * @param group That it is for, where it goes to all members of one.
   * @param kept Where it is kept until the receiver has it.
   */
  send(
    { user, device }: Peer,
    what: SentPaths,
    end: number | TransferReport,
    group?: string,
    kept?: KeptTry,
  ): void {
    const id = encodeHex(this.#host.random.bytes(8));
    const { path, paths, input } = what;
    const name = input ?? basename(path || (paths[0] ?? ""));
    const file = { name, size: 0 };
    const whose = typeof end === "number"
      ? { command: { name: "p2pvideo", n: end } as const }
      : { report: end };
    const about = { id, direction: "outgoing", user, device } as const;
    const { number } = kept ?? {};
    this.#offers.addTransfer({
      ...{ ...about, group, file, kept },
      ...number !== undefined && { number },
      ...whose,
    });
    this.#host.effect({ effect: "prepare-offer", id, what });
  }

  /** Stops a transfer in any state. */
  stop(transfer: Transfer): void {
    this.#requests.drop(transfer);
    this.#requests.tellEnd(transfer, "cancelled");
    this.#offers.end(transfer, "cancelled", "cancelled by you", own);
  }

  /** Has a transfer wait, or no longer, for command number `n`. */
  hold(transfer: Transfer, name: WaitingForHold["name"], n: number): void {
    const isHeld = name === "pause";
    const { number, pausedBy, state, id, onHold } = transfer;
    const refuse = (code: string, message: string) =>
      this.#host.settle(n, { command: name, ok: false, code, message });
    if (state !== "running") {
      const message =
        `Transfer ${number} does not run yet; /cancel ${number} ends it`;
      return refuse("not_running", message);
    }
    if (!isHeld && !pausedBy.includes("me")) {
      const whose = pausedBy.length === 0
        ? "is not paused"
        : `is paused by ${peerText(transfer)}, who can resume it`;
      return refuse("not_paused", `Transfer ${number} ${whose}`);
    }
    onHold.push({ name, n });
    this.#host.effect({ effect: "hold-transfer", id, isHeld });
  }

  /** The receiver agreed. */
  handleAccepted(
    transfer: Transfer,
    { key = "", addresses = [], resume }: EventFields<"answer">,
    now: Instant,
  ): void {
    const { id } = transfer;
    const had = resume === undefined ? {} : { resume };
    const peer = { key, addresses };
    this.#host.effect({ effect: "start-sending", id, peer, ...had });
    this.#run(transfer, resume, now);
  }

  /** The server sees the other side from further addresses. */
  handleCandidates(event: EventFields<"candidates">): void {
    const { offer: id, addresses } = event;
    const transfer = this.#offers.transfer(id);
    if (transfer === undefined) return this.lists.handleCandidates(event);
    if (transfer.user !== event.from) return;
    addAddresses(transfer, addresses);
    this.#host.effect({ effect: "add-addresses", id, addresses });
  }

  /**
   * The server relays no more of a transfer. Who is reached directly needs no
   * relay, and who looks for a path may still find one.
   */
  handleRelayEnd({ offer, at }: EventFields<"relay-end">): void {
    const transfer = this.#offers.transfer(offer);
    if (transfer === undefined) return;
    transfer.relayAgainAt = at;
    const isOver = transfer.link?.via === "relay" ||
      transfer.givenUp === "quota";
    if (isOver) this.#endRelayed(transfer);
  }

  /**
   * The server no longer hears `user`, whose client may have died or merely have
   * lost that connection: what runs ends at once only if this client does not
   * hear it either.
   */
  handlePeerOffline(user: string): void {
    // Where the server knows devices it says more of each transfer.
    if (this.#host.hasDevices()) return;
    for (const transfer of this.#offers.transfers()) {
      if (transfer.user === user) this.#doubt(transfer);
    }
  }

  /** The same of the one device that a transfer is with, which may sleep. */
  handlePeerAway({ offer, from, silent }: EventFields<"offer-away">): void {
    const transfer = this.#offers.transfer(offer);
    if (transfer?.user !== from || transfer.state !== "running") return;
    if (!silent) return this.#doubt(transfer);
    this.#host.effect({ effect: "await-transfer", id: offer });
  }

  /** The other side, or the server in its place, ended it. */
  handleEnded(
    transfer: Transfer,
    { result, reason = "failed" }: EventFields<"offer-end">,
    now: Instant,
  ): void {
    const { link, state } = transfer;
    if (result === "verified" && state === "running") {
      // The datagram that says so comes at the same time and knows more.
      transfer.settleAt = now.mono + settleMs;
      return;
    }
    if (reason === "unreachable" && state === "running" && link === undefined) {
      // This side looks for a path as long, and knows more of why there is none.
      transfer.settleAt = now.mono + settleMs;
      transfer.givenUp = reason;
      return;
    }
    if (reason === "quota" && state === "running") {
      return this.#awaitRelayEnd(transfer, now);
    }
    this.#requests.drop(transfer);
    if (result === "cancelled") {
      const message = `cancelled by ${peerText(transfer)}`;
      return this.#offers.end(transfer, "cancelled", message);
    }
    const message = endText(reason, transfer);
    this.#offers.end(transfer, "failed", message, { code: reason });
  }

  /** The transfer service has something to tell. */
  handleTransferEvent(event: TransferEvent, now: Instant): void {
    const transfer = this.#offers.transfer(event.id);
    if (transfer === undefined) return;
    switch (event.event) {
      case "offer-ready":
        transfer.file = event.file;
        transfer.ownName = event.ownName;
        transfer.remark = remarkOn(transfer, event);
        transfer.unreadable = event.unreadable;
        transfer.own = { key: event.key, addresses: event.addresses };
        return this.#requests.offer(transfer);
      case "answer-ready":
        this.#run(transfer, event.resume, now);
        return this.#requests.answer(transfer, event, event.resume);
      case "list-asked":
      case "list":
      case "list-failed":
      case "entries":
        return this.lists.handleTransferEvent(transfer, event);
      case "chosen": {
        const { files, leftOut, size, resumed } = event;
        const { tree } = transfer.file;
        if (tree === undefined) return;
        transfer.file = { ...transfer.file, size, tree: { ...tree, files } };
        transfer.leftOut = leftOut;
        transfer.bytes = resumed;
        return this.#offers.show(transfer);
      }
      case "sized": {
        // From now on it is as any file.
        const { name } = transfer.file;
        transfer.file = { name, size: event.size };
        return;
      }
      case "progress":
        transfer.bytes = event.bytes;
        transfer.rate = event.rate;
        transfer.filesDone = event.filesDone ?? 0;
        transfer.current = event.current;
        return this.#host.emit({
          event: "progress",
          info: transferInfo(transfer),
        });
      case "paused":
        transfer.isPaused = event.isPaused;
        return this.#host.emit({
          event: "paused",
          info: transferInfo(transfer),
        });
      case "held":
        return this.#held(transfer, event.byOwn, event.byPeer);
      case "hold-refused": {
        const { number, onHold, link } = transfer;
        const { name, n } = onHold.shift() ?? {};
        if (name === undefined || n === undefined) return;
        const message = link === undefined
          ? `transfer ${number} still looks for a path; try again in a moment`
          : `${
            peerText(transfer)
          }'s client cannot pause; /cancel ${number} stops it, and sent again it goes on where it stopped`;
        const outcome = { command: name, ok: false, code: "no_pause" } as const;
        return this.#host.settle(n, { ...outcome, message });
      }
      case "path": {
        const before = transfer.link;
        transfer.link = event.link;
        const { relayAgainAt = 0 } = transfer;
        if (event.link.via === "relay" && now.wall < relayAgainAt) {
          return this.#endRelayed(transfer);
        }
        const info = transferInfo(transfer);
        if (before?.via !== info.via) {
          return this.#host.emit({ event: "path", info });
        }
        if (before?.silence === info.silence) return;
        return this.#host.emit({ event: "progress", info });
      }
      case "done": {
        const { bytes, resumed = 0, ms, digest } = event;
        transfer.bytes = bytes;
        transfer.filesDone = transfer.file.tree?.files ?? 0;
        const path = event.path === undefined ? {} : { path: event.path };
        const { renamed } = event;
        const names = renamed === undefined ? {} : { renamed };
        const rate = averageRate(bytes - resumed, ms);
        const before = resumed > 0 ? { resumed } : {};
        const grown = event.hasGrown ? { grown: true as const } : {};
        const summary = {
          ...{ ms, rate, digest, ...before, ...grown, ...path, ...names },
        };
        this.#requests.tellEnd(transfer, "verified");
        this.#tellOutcomes(transfer, event.outcomes);
        return this.#offers.end(transfer, "verified", undefined, { summary });
      }
      case "failed":
        if (mayAnswerAgain(transfer, event.failure)) {
          const { failure: code, message } = event;
          return this.#requests.takeBackAnswer(transfer, { code, message });
        }
        this.#tellOutcomes(transfer, event.outcomes);
        return this.#failed(transfer, event.failure, event.message);
      case "closed":
        return this.#closed(transfer, event.reason, now);
    }
  }

  /**
   * Takes the other side's word where this one has nothing better to say: that
   * there is no path or no relay, or, where the last datagram was lost, that the file arrived,
   * if all of it was taken.
   */
  settle(transfer: Transfer, now: Instant): void {
    this.#requests.drop(transfer);
    const { givenUp } = transfer;
    const { size, stream } = transfer.file;
    if (givenUp !== undefined || stream || transfer.bytes < size) {
      // That all arrived cannot be true, whoever says it.
      const reason = givenUp ?? "failed";
      if (givenUp === "quota") {
        this.#requests.tellEnd(transfer, "failed", givenUp);
      }
      const message = endText(reason, transfer);
      return this.#offers.end(transfer, "failed", message, { code: reason });
    }
    const ms = Math.max(now.mono - settleMs - transfer.startedAt, 0);
    const summary = { ms, rate: averageRate(transfer.bytes, ms) };
    this.#offers.end(transfer, "verified", undefined, { summary });
  }

  /** The program ends: stops everything and says so to the other sides. */
  close(): void {
    this.#isClosed = true;
    for (const transfer of this.#offers.transfers()) {
      this.#requests.drop(transfer, "left");
      this.#requests.tellLeaving(transfer);
      this.#offers.end(transfer, "cancelled", "this client ended", own);
    }
  }

  #tellOutcomes(
    transfer: Transfer,
    outcomes: EntryOutcomes | undefined,
  ): void {
    if (outcomes === undefined) return;
    this.lists.keep(transfer, outcomes);
    const { number } = transfer;
    this.#host.emit({ event: "entry", transfer: number, ...outcomes });
  }

  /** Tells who has it wait now, and the command that wanted that. */
  #held(transfer: Transfer, byOwn: boolean, byPeer: boolean): void {
    const by = [byOwn && "me" as const, byPeer && "user" as const];
    const pausedBy = by.filter((each) => each !== false);
    const isNews = transfer.pausedBy.join() !== pausedBy.join();
    transfer.pausedBy = pausedBy;
    transfer.rate = 0;
    const info = transferInfo(transfer);
    if (isNews) this.#host.emit({ event: "paused", info });
    const isDone = (transfer.onHold[0]?.name === "pause") === byOwn;
    const waiting = isDone ? transfer.onHold.shift() : undefined;
    if (waiting === undefined) return;
    const { name, n } = waiting;
    this.#host.settle(n, { command: name, ok: true, answer: info });
  }

  #doubt({ id, state }: Transfer): void {
    if (state === "running") {
      this.#host.effect({ effect: "doubt-transfer", id });
    }
  }

  /** What went wrong here is told in full here, and as a code there. */
  #failed(
    transfer: Transfer,
    failure: TransferFailure,
    message: string,
  ): void {
    if (failure === "closed") {
      this.#requests.tellEnd(transfer, "cancelled");
      return this.#offers.end(transfer, "cancelled", message);
    }
    const reason = failure === "internal" ? "failed" : failure;
    if (transfer.relayAgainAt !== undefined) {
      message += `; ${quotaText(transfer)}`;
    }
    this.#requests.tellEnd(transfer, "failed", reason);
    this.#offers.end(transfer, "failed", message, { code: failure });
  }

  /** The other side's datagram was faster than its word through the server. */
  #closed(transfer: Transfer, close: CloseReason, now: Instant): void {
    if (close === "cancelled") {
      const message = `cancelled by ${peerText(transfer)}`;
      return this.#offers.end(transfer, "cancelled", message);
    }
    if (close === "quota") return this.#awaitRelayEnd(transfer, now);
    const reason = endReasonOf(close);
    this.#requests.tellEnd(transfer, "failed", reason);
    const message = endText(reason, transfer);
    this.#offers.end(transfer, "failed", message, { code: reason });
  }

  /**
   * Ends what the other side ended for want of a relay; the server's own word,
   * which may be under way, knows whose quota it is and when it begins anew.
   */
  #awaitRelayEnd(transfer: Transfer, now: Instant): void {
    if (transfer.relayAgainAt !== undefined) return this.#endRelayed(transfer);
    // The datagram and the word through the server may both say so.
    transfer.settleAt ??= now.mono + settleMs;
    transfer.givenUp = "quota";
  }

  #endRelayed(transfer: Transfer): void {
    this.#requests.drop(transfer, "quota");
    this.#requests.tellEnd(transfer, "failed", "quota");
    const message = `${
      quotaText(transfer)
    }; send the file again then, and it goes on`;
    this.#offers.end(transfer, "failed", message, { code: "quota" });
  }

  /** @param resume What the receiver has already, as it tells the sender. */
  #run(transfer: Transfer, resume: string | undefined, now: Instant): void {
    transfer.state = "running";
    transfer.startedAt = now.mono;
    // Of several files it is told when both know what of them is wanted.
    if (transfer.file.tree !== undefined) return;
    transfer.bytes = partBytes(resume, transfer.file.size);
    this.#offers.show(transfer);
  }
}

/** What there is to say of what is offered. */
function remarkOn(
  { kept }: Transfer,
  event: ReadyOffer,
): string | undefined {
  const remarks = [kept?.ready(event), event.remark]
    .filter((each) => each !== undefined);
  return remarks.length === 0 ? undefined : remarks.join("; ");
}

/**
 * True when only what the user's command named does not fit: another folder, or
 * other files of several, may.
 */
function mayAnswerAgain(
  { state, answering, into, only }: Transfer,
  failure: TransferFailure,
): boolean {
  const isPrepared = state !== "offered" || !answering;
  if (isPrepared || failure !== "storage" && failure !== "space") return false;
  return only.length > 0 || into !== undefined && into !== "-";
}

function partBytes(resume = "", size: number): number {
  const blocks = decodeParts(resume, size)?.at(-1)?.endBlock ?? 0;
  return blocks * transferLimits.blockBytes;
}

function quotaText({ direction, user, relayAgainAt = 0 }: Transfer): string {
  return relayEndText(direction === "outgoing", user, relayAgainAt);
}

function endReasonOf(close: Exclude<CloseReason, "cancelled">): EndReason {
  if (close === "left") return "user_offline";
  return close === "internal" ? "failed" : close;
}

/** How an end by this user's will is told. */
const own: OfferEnd = { isOwn: true };
const settleMs = 2000;
