/**
 * The offers of files of this run and the transfers they become. Numbers are local:
 * incoming and outgoing ones count together, with private sessions, from 1. The transfer service moves
 * the bytes; this class tells it what to do and tells server and user what
 * came of it. A transfer that runs does not need the server.
 */
import { encodeHex } from "@std/encoding/hex";
import { formatTime } from "../../base/time.ts";
import { decodeParts } from "../../engine/resume_map.ts";
import { transferLimits } from "../../engine/packets/limits.ts";
import type { CloseReason } from "../../engine/packets/packet.ts";
import { basename } from "../../base/format.ts";
import type { Instant } from "../../base/ports.ts";
import type { EndReason } from "../../wire/end_reason.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import type { CommandOutcome } from "../events/client_event.ts";
import { type EndedOffer, endText } from "./end_text.ts";
import {
  type AcceptRule,
  FileOffers,
  type TransfersHost,
} from "./offer_requests.ts";
import {
  addAddresses,
  averageRate,
  type OfferNumbers,
  type Transfer,
  type TransferEnd,
  transferInfo,
  TransferTable,
} from "./offer_table.ts";
import type { TrustedOffer } from "../trust/signed_offers.ts";
import type {
  OfferedFile,
  TransferEvent,
  TransferFailure,
} from "../events/transfer_port.ts";

/** All transfers that have not ended. */
export class Transfers {
  readonly #host: TransfersHost;
  readonly #accept: AcceptRule;
  readonly #table: TransferTable;
  readonly #offers: FileOffers;
  #isClosed = false;

  constructor(
    host: TransfersHost,
    accept: AcceptRule,
    numbers: OfferNumbers,
  ) {
    this.#host = host;
    this.#accept = accept;
    this.#table = new TransferTable(host, numbers);
    this.#offers = new FileOffers(host, this.#table);
  }

  /** The transfers that have not ended. */
  get table(): TransferTable {
    return this.#table;
  }

  /** True once {@link close} was called: nothing is offered any more. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Offers a file.
   *
   * @param end The number of the command that is settled when the transfer
   * ends, or who gets its outcome instead.
   * @param group That it is for, where it goes to all members of one.
   */
  send(
    user: string,
    path: string,
    end: number | ((outcome: CommandOutcome) => void),
    group?: string,
  ): void {
    const id = encodeHex(this.#host.random.bytes(8));
    const file = { name: basename(path), size: 0 };
    const whose = typeof end === "number" ? { command: end } : { report: end };
    this.#table.add({ id, direction: "outgoing", user, group, file, ...whose });
    this.#host.effect({ effect: "prepare-offer", id, path });
  }

  /** Accepts an offer; command number `n` is settled when the server knows. */
  accept(number: number, n: number): void {
    const transfer = this.#table.waiting("accept", number, n);
    if (transfer === undefined) return;
    transfer.command = n;
    this.#offers.prepareAnswer(transfer);
  }

  /** Refuses an offer. */
  reject(number: number, n: number): void {
    const transfer = this.#table.waiting("reject", number, n);
    if (transfer === undefined) return;
    this.#offers.refuse(transfer, "rejected");
    this.#table.end(transfer, "rejected", undefined, own);
    this.#host.settle(n, {
      command: "reject",
      ok: true,
      answer: { transfer: number },
    });
  }

  /** Stops a transfer in any state. */
  cancel(number: number, n: number): void {
    const transfer = this.#table.numbered("cancel", number, n);
    if (transfer === undefined) return;
    this.#host.effect({ effect: "cancel-transfer", id: transfer.id });
    this.#offers.tellEnd(transfer, "cancelled");
    this.#table.end(transfer, "cancelled", "cancelled by you", own);
    this.#host.settle(n, {
      command: "cancel",
      ok: true,
      answer: { transfer: number },
    });
  }

  /** The session is open, perhaps on a server that forgot the offers. */
  handleOpened(): void {
    for (const transfer of this.#table.all()) {
      const { direction, state, offer } = transfer;
      if (direction === "outgoing" && state === "offered" && offer) {
        this.#offers.offer(transfer);
      }
    }
  }

  /** The connection is gone: those who wait for this user's answer were told so. */
  handleDisconnected(): void {
    for (const transfer of this.#table.all()) {
      const { direction, state, answering } = transfer;
      if (direction === "incoming" && state === "offered" && !answering) {
        this.#table.end(transfer, "failed", "the connection was lost");
      }
    }
  }

  /** Somebody offers something. */
  handleOffer(event: TrustedOffer): void {
    const { offer: id, from: user, kind, file, group } = event;
    if (this.#table.has(id)) return;
    if (kind !== "file" || file === undefined) {
      return this.#offers.decline(id, "failed");
    }
    if (this.#table.size >= mostTransfers) {
      return this.#offers.decline(id, "busy");
    }
    const { terms } = event;
    const peer = { key: event.key, addresses: event.addresses };
    const offered: OfferedFile = file;
    const transfer = this.#table.add({
      id,
      direction: "incoming",
      user,
      group,
      file: offered,
      peer,
      terms,
    });
    transfer.state = "offered";
    this.#table.show(transfer);
    if (this.#accept === "always") this.#offers.prepareAnswer(transfer);
    if (this.#accept === "never") {
      this.#offers.refuse(transfer, "rejected");
      this.#table.end(transfer, "rejected", "refused by --accept never", own);
    }
  }

  /** The receiver answered. */
  handleAnswer(event: EventFields<"answer">, now: Instant): void {
    const transfer = this.#table.find(event.offer);
    if (transfer?.direction !== "outgoing" || transfer.state !== "offered") {
      return;
    }
    const { id, terms } = transfer;
    if (!event.accept || event.key === undefined || terms === undefined) {
      this.#host.effect({ effect: "cancel-transfer", id });
      const { reason = "failed" } = event;
      const code = codes.find((code) => code === reason);
      const message = endText(reason, about(transfer));
      return this.#table.end(transfer, "rejected", message, { code });
    }
    const refusal = this.#host.signed.checkAnswer(terms, event);
    if (refusal !== undefined) {
      const { code, message } = refusal;
      this.#host.effect({ effect: "cancel-transfer", id });
      this.#offers.tellEnd(transfer, "failed", "untrusted");
      return this.#table.end(transfer, "failed", message, { code });
    }
    const peer = { key: event.key, addresses: event.addresses ?? [] };
    const resume = event.resume === undefined ? {} : { resume: event.resume };
    this.#host.effect({ effect: "start-sending", id, peer, ...resume });
    this.#run(transfer, event.resume, now);
  }

  /** The server sees the other side from further addresses. */
  handleCandidates(event: EventFields<"candidates">): void {
    const { offer: id, addresses } = event;
    const transfer = this.#table.find(id);
    if (transfer === undefined || transfer.user !== event.from) return;
    addAddresses(transfer, addresses);
    this.#host.effect({ effect: "add-addresses", id, addresses });
  }

  /**
   * The server relays no more of a transfer. Who is reached directly needs no
   * relay, and who looks for a path may still find one.
   */
  handleRelayEnd({ offer, at }: EventFields<"relay-end">): void {
    const transfer = this.#table.find(offer);
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
    for (const { id, user: other, state } of this.#table.all()) {
      if (other !== user || state !== "running") continue;
      this.#host.effect({ effect: "doubt-transfer", id });
    }
  }

  /** The other side, or the server in its place, ended it. */
  handleOfferEnd(event: EventFields<"offer-end">, now: Instant): void {
    const transfer = this.#table.find(event.offer);
    if (transfer === undefined) return;
    const { id } = transfer;
    if (event.result === "verified" && transfer.state === "running") {
      // The datagram that says so comes at the same time and knows more.
      transfer.settleAt = now.mono + settleMs;
      return;
    }
    const { user, link, state } = transfer;
    const { reason = "failed" } = event;
    if (reason === "unreachable" && state === "running" && link === undefined) {
      // This side looks for a path as long, and knows more of why there is none.
      transfer.settleAt = now.mono + settleMs;
      transfer.givenUp = reason;
      return;
    }
    if (reason === "quota" && state === "running") {
      return this.#awaitRelayEnd(transfer, now);
    }
    this.#host.effect({ effect: "cancel-transfer", id });
    if (event.result === "cancelled") {
      return this.#table.end(transfer, "cancelled", `cancelled by ${user}`);
    }
    const message = endText(reason, about(transfer));
    this.#table.end(transfer, "failed", message, { code: reason });
  }

  /** The transfer service has something to tell. */
  handleTransferEvent(event: TransferEvent, now: Instant): void {
    const transfer = this.#table.find(event.id);
    if (transfer === undefined) return;
    switch (event.event) {
      case "offer-ready":
        transfer.file = event.file;
        transfer.ownName = event.ownName;
        transfer.offer = { key: event.key, addresses: event.addresses };
        return this.#offers.offer(transfer);
      case "answer-ready":
        this.#run(transfer, event.resume, now);
        return this.#offers.answer(transfer, event);
      case "progress":
        transfer.bytes = event.bytes;
        transfer.rate = event.rate;
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
        const path = event.path === undefined ? {} : { path: event.path };
        const rate = averageRate(bytes - resumed, ms);
        const before = resumed > 0 ? { resumed } : {};
        const grown = event.hasGrown ? { grown: true as const } : {};
        const summary = { ms, rate, digest, ...before, ...grown, ...path };
        this.#offers.tellEnd(transfer, "verified");
        return this.#table.end(transfer, "verified", undefined, { summary });
      }
      case "failed":
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
  handleTimeout(now: Instant): void {
    for (const transfer of this.#table.settling(now.mono)) {
      this.#host.effect({ effect: "cancel-transfer", id: transfer.id });
      const isWhole = transfer.bytes >= transfer.file.size;
      const { givenUp } = transfer;
      if (givenUp !== undefined || !isWhole) {
        // That all arrived cannot be true, whoever says it.
        const reason = givenUp ?? "failed";
        if (givenUp === "quota") {
          this.#offers.tellEnd(transfer, "failed", givenUp);
        }
        const message = endText(reason, about(transfer));
        this.#table.end(transfer, "failed", message, { code: reason });
        continue;
      }
      const ms = Math.max(now.mono - settleMs - transfer.startedAt, 0);
      const summary = { ms, rate: averageRate(transfer.bytes, ms) };
      this.#table.end(transfer, "verified", undefined, { summary });
    }
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    return this.#table.nextSettling;
  }

  /** The program ends: stops everything and says so to the other sides. */
  close(): void {
    this.#isClosed = true;
    for (const transfer of this.#table.all()) {
      const { id } = transfer;
      this.#host.effect({ effect: "cancel-transfer", id, reason: "left" });
      this.#offers.tellLeaving(transfer);
      this.#table.end(transfer, "cancelled", "this client ended", own);
    }
  }

  /** What went wrong here is told in full here, and as a code there. */
  #failed(
    transfer: Transfer,
    failure: TransferFailure,
    message: string,
  ): void {
    const { direction, state } = transfer;
    const reason = failure === "internal" ? "failed" : failure;
    if (transfer.relayAgainAt !== undefined) {
      message += `; ${relayEndText(transfer)}`;
    }
    if (direction === "incoming" && state === "offered") {
      this.#offers.refuse(transfer, reason);
    } else this.#offers.tellEnd(transfer, "failed", reason);
    this.#table.end(transfer, "failed", message, { code: failure });
  }

  /** The other side's datagram was faster than its word through the server. */
  #closed(transfer: Transfer, close: CloseReason, now: Instant): void {
    if (close === "cancelled") {
      const message = `cancelled by ${transfer.user}`;
      return this.#table.end(transfer, "cancelled", message);
    }
    if (close === "quota") return this.#awaitRelayEnd(transfer, now);
    const reason = endReasonOf(close);
    this.#offers.tellEnd(transfer, "failed", reason);
    const message = endText(reason, about(transfer));
    this.#table.end(transfer, "failed", message, { code: reason });
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
    const { id } = transfer;
    this.#host.effect({ effect: "cancel-transfer", id, reason: "quota" });
    this.#offers.tellEnd(transfer, "failed", "quota");
    const message = `${
      relayEndText(transfer)
    }; send the file again then, and it goes on`;
    this.#table.end(transfer, "failed", message, { code: "quota" });
  }

  /** @param resume What the receiver has already, as it tells the sender. */
  #run(transfer: Transfer, resume: string | undefined, now: Instant): void {
    transfer.state = "running";
    transfer.bytes = partBytes(resume, transfer.file.size);
    transfer.startedAt = now.mono;
    this.#table.show(transfer);
  }
}

function partBytes(resume = "", size: number): number {
  const blocks = decodeParts(resume, size)?.at(-1)?.endBlock ?? 0;
  return blocks * transferLimits.blockBytes;
}

function about({ user, file }: Transfer): EndedOffer {
  return { kind: "file", user, name: file.name };
}

function relayEndText({ direction, user, relayAgainAt = 0 }: Transfer): string {
  const whose = direction === "outgoing" ? "your" : `${user}'s`;
  const again = formatTime(relayAgainAt);
  return `${whose} quota of the server's relay is used up; it starts again at ${again}`;
}

function endReasonOf(close: Exclude<CloseReason, "cancelled">): EndReason {
  if (close === "left") return "user_offline";
  return close === "internal" ? "failed" : close;
}

/** How an end by this user's will is told. */
const own: TransferEnd = { isOwn: true };
/** Most offers and transfers that one client keeps, of all users. */
const mostTransfers = 256;
const settleMs = 2000;
/** Reasons of a receiver that programs are told apart from a plain no. */
const codes: readonly EndReason[] = ["space", "storage", "removed", "busy"];
