/** What is said through the server about files that are offered. */
import type { EndReason } from "../../wire/end_reason.ts";
import {
  isUnanswered,
  type PrivateSessionEntry,
  type PrivateSessionTable,
  type Transfer,
  type TransferTable,
  type TransferTableHost,
} from "./offer_table.ts";
import type { TransferEvent } from "../events/transfer_port.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { Random } from "../../base/ports.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import type { ClientEffect } from "../events/client_effect.ts";
import type { SignedOffers } from "../trust/signed_offers.ts";
import type { OnReply } from "../../wire/server_frame.ts";

/** What the private sessions need from the session they belong to. */
export interface PrivateSessionsHost extends TransfersHost {
  /** This user's name, as the server has it. */
  self(): string;
}

/** Makes, answers and ends the offers of files. */
export class FileOffers {
  readonly #host: TransfersHost;
  readonly #table: TransferTable;

  constructor(host: TransfersHost, table: TransferTable) {
    this.#host = host;
    this.#table = table;
  }

  /** Offers a file that is open, or offers it again. */
  offer(transfer: Transfer): void {
    const { id, user: to, group, file, offer } = transfer;
    if (offer === undefined) return;
    const { key } = offer;
    const addresses = [...offer.addresses];
    const whose = group === undefined ? {} : { group };
    const about = { offer: id, to, kind: "file", file } as const;
    this.#host.signed.sign({ ...about, offerKey: key }, (signed) => {
      if (!this.#isWaiting(transfer)) return;
      if (signed.code !== undefined) return this.#giveUp(transfer, signed);
      const { terms, signature } = signed;
      transfer.terms = terms;
      this.#host.request(
        "offer",
        { ...about, ...whose, key, addresses, signature },
        (reply) => {
          if (!this.#table.has(id)) return;
          if (reply.ok === undefined) return this.#giveUp(transfer, reply);
          if (transfer.state !== "preparing") return;
          transfer.state = "offered";
          this.#table.show(transfer, renamed(transfer));
        },
      );
    });
  }

  /** Accepts an offer: `answer` follows when there is room for the file. */
  prepareAnswer(transfer: Transfer): void {
    const { id, user: from, file, peer } = transfer;
    if (peer === undefined) return;
    transfer.answering = true;
    this.#host.effect({ effect: "prepare-answer", id, from, file, peer });
  }

  /** Accepts an offer whose file has room. */
  answer(
    transfer: Transfer,
    ready: Extract<TransferEvent, { event: "answer-ready" }>,
  ): void {
    const { id, terms } = transfer;
    if (terms === undefined) return;
    const { key } = ready;
    const addresses = [...ready.addresses];
    const resume = ready.resume === undefined ? {} : { resume: ready.resume };
    const signature = this.#host.signed.signAnswer(terms, key);
    this.#host.request(
      "answer",
      { offer: id, accept: true, key, addresses, ...resume, signature },
      (reply) => {
        if (!this.#table.has(id)) return;
        if (reply.ok === undefined) return this.#giveUp(transfer, reply);
        if (transfer.command === undefined) return;
        const answer = { transfer: transfer.number };
        this.#host.settle(transfer.command, {
          command: "accept",
          ok: true,
          answer,
        });
        transfer.command = undefined;
      },
    );
  }

  /** Refuses an offer, also one that this side was about to accept. */
  refuse(transfer: Transfer, reason: EndReason): void {
    if (transfer.answering) {
      this.#host.effect({ effect: "cancel-transfer", id: transfer.id });
    }
    this.decline(transfer.id, reason);
  }

  /** Refuses an offer that is none of the table's. */
  decline(offer: string, reason: EndReason): void {
    this.#host.request("answer", { offer, accept: false, reason }, () => {});
  }

  /** Tells the other side of an end, if it knows of the offer. */
  tellEnd(
    transfer: Transfer,
    result: "verified" | "failed" | "cancelled",
    reason?: EndReason,
  ): void {
    const { id: offer, state, direction, answering, link } = transfer;
    if (state === "preparing") return;
    if (direction === "incoming" && state === "offered" && !answering) {
      return this.decline(offer, "rejected");
    }
    const why = reason === undefined ? {} : { reason };
    const how = link === undefined ? {} : { via: link.via };
    this.#host.request(
      "offer-end",
      { offer, result, ...why, ...how },
      () => {},
    );
  }

  /** Tells the other side that this client ends: that is no answer of its user. */
  tellLeaving(transfer: Transfer): void {
    const { id: offer, state, link } = transfer;
    if (state === "preparing") return;
    const how = link === undefined ? {} : { via: link.via };
    this.#host.request("offer-end", { offer, ...left, ...how }, () => {});
  }

  /** True while the offer may be made, or made again. */
  #isWaiting({ id, state }: Transfer): boolean {
    return this.#table.has(id) &&
      (state === "preparing" || state === "offered");
  }

  #giveUp(
    transfer: Transfer,
    { code, message }: { readonly code: string; readonly message: string },
  ): void {
    this.#host.effect({ effect: "cancel-transfer", id: transfer.id });
    this.#table.end(transfer, "failed", message, { code });
  }
}

/** What there is to say about the name of an offered file. */
function renamed({ ownName }: Transfer): string | undefined {
  if (ownName === undefined) return undefined;
  return `its own name, "${ownName}", cannot be sent as it is`;
}

// What is said through the server about private sessions, and what it leads to.

/** Makes, answers and ends the offers of private sessions. */
export class SessionOffers {
  readonly #host: PrivateSessionsHost;
  readonly #table: PrivateSessionTable;

  constructor(host: PrivateSessionsHost, table: PrivateSessionTable) {
    this.#host = host;
    this.#table = table;
  }

  /**
   * Offers a session that is prepared, or offers it again.
   *
   * @param onCrossed Called when the server refused it, but the other side's
   * own offer is there.
   */
  offer(
    session: PrivateSessionEntry,
    onCrossed: (theirs: NonNullable<PrivateSessionEntry["crossed"]>) => void,
  ): void {
    const { id, user: to, own } = session;
    if (own === undefined) return;
    const addresses = [...own.addresses];
    const { key } = own;
    const about = { offer: id, to, kind: "session" } as const;
    const giveUp = ({ code, message }: PeerRefusal) => {
      const { crossed } = session;
      if (crossed !== undefined) return onCrossed(crossed);
      this.close(session);
      this.#table.end(session, "failed", message, { code });
    };
    this.#host.signed.sign({ ...about, offerKey: key }, (signed) => {
      const isWaiting = this.#table.find(id) === session &&
        isUnanswered(session);
      if (!isWaiting) return;
      if (signed.code !== undefined) return giveUp(signed);
      const { terms, signature } = signed;
      session.terms = terms;
      this.#host.request(
        "offer",
        { ...about, key, addresses, signature },
        (reply) => {
          if (this.#table.find(id) !== session) return;
          if (reply.ok === undefined) return giveUp(reply);
          if (session.state !== "preparing") return;
          this.#table.move(session, "offered");
        },
      );
    });
  }

  /** Accepts an offer whose session is prepared, and connects. */
  answer(session: PrivateSessionEntry): void {
    const { id, own, offered } = session;
    if (own === undefined || offered === undefined) return;
    const addresses = [...own.addresses];
    const signature = this.#host.signed.signAnswer(offered.terms, own.key);
    this.#host.request(
      "answer",
      { offer: id, accept: true, key: own.key, addresses, signature },
      (reply) => {
        // Where it is open already, the answer did arrive.
        const isUndecided = this.#table.find(id) === session &&
          session.state === "connecting";
        if (reply.ok !== undefined || !isUndecided) return;
        this.close(session);
        const { code, message } = reply;
        this.#table.end(session, "failed", message, { code });
      },
    );
    const { key, from: user } = offered;
    this.#host.effect({
      effect: "open-session",
      id,
      role: "answerer",
      peer: { user, key, addresses: offered.addresses },
      self: this.#host.self(),
    });
    this.#table.move(session, "connecting");
  }

  /** Accepts an offer: `answer` follows when the session is prepared. */
  prepareAnswer(session: PrivateSessionEntry): void {
    session.answering = true;
    this.#host.effect({ effect: "prepare-session", id: session.id });
  }

  /** Refuses an offer. */
  decline(offer: string, reason: EndReason): void {
    this.#host.request("answer", { offer, accept: false, reason }, () => {});
  }

  /** Ends this side's part of a session in any state. */
  close({ id }: PrivateSessionEntry): void {
    this.#host.effect({ effect: "close-session", id });
  }

  /** Tells the other side of an end, if it knows of the offer. */
  tellEnd(
    session: PrivateSessionEntry,
    result: "failed" | "cancelled" | "closed",
    reason?: EndReason,
  ): void {
    const { id: offer, direction, own } = session;
    if (own === undefined) {
      if (direction === "outgoing") return;
      const refusal = result === "failed" ? reason ?? "failed" : "rejected";
      return this.decline(offer, refusal);
    }
    const why = reason === undefined ? {} : { reason };
    this.#host.request("offer-end", { offer, result, ...why }, () => {});
  }

  /** Tells the other side that this client ends: that is no answer of its user. */
  tellLeaving(session: PrivateSessionEntry): void {
    const { id: offer, direction, own, state } = session;
    if (direction === "outgoing" || own !== undefined) {
      return this.tellEnd(session, state === "open" ? "closed" : "cancelled");
    }
    this.#host.request("offer-end", { offer, ...left }, () => {});
  }
}

/** How an offer ends when the client of one of the two ends. */
const left = { result: "failed", reason: "user_offline" } as const;

/** What to do with incoming offers. */
export type AcceptRule = "always" | "ask" | "never";

/** What the transfers need from the session they belong to. */
export interface TransfersHost extends TransferTableHost {
  readonly random: Random;
  readonly signed: SignedOffers;
  effect(effect: ClientEffect): void;
  /** Sends a request now or once the session is open again. */
  request<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void;
}
