/** What is said through the server about offers, of files and of sessions. */
import type { EndReason } from "../../wire/end_reason.ts";
import { declineOffer, endOffer, type OfferResult } from "./offer_end.ts";
import {
  isUnanswered,
  type OpenOffer,
  type OpenOffers,
} from "./open_offers.ts";
import type { PeerHost } from "./peer_host.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import type { TransferPeer } from "../events/transfer_port.ts";

/** Makes, answers and ends offers. */
export class OfferRequests {
  readonly #host: PeerHost;
  readonly #offers: OpenOffers;

  constructor(host: PeerHost, offers: OpenOffers) {
    this.#host = host;
    this.#offers = offers;
  }

  /**
   * Offers what is prepared, or offers it again.
   *
   * @param refused Called when it cannot be offered; gives it up by default.
   */
  offer(
    offer: OpenOffer,
    refused = (why: PeerRefusal) => this.giveUp(offer, why),
  ): void {
    const { id, user: to, device, own } = offer;
    if (own === undefined) return;
    if (device !== undefined && !this.#host.hasDevices()) {
      return refused(noDevices);
    }
    const isTree = offer.kind === "file" && offer.file.tree !== undefined;
    if (isTree && !this.#host.hasTrees()) return refused(noTrees);
    const isStream = offer.kind === "file" && offer.file.stream === true;
    if (isStream && !this.#host.hasStreams()) return refused(noStreams);
    const { key } = own;
    const addresses = [...own.addresses];
    const about = offer.kind === "file"
      ? { offer: id, to, kind: "file", file: offer.file } as const
      : { offer: id, to, kind: "session" } as const;
    const group = offer.kind === "file" ? offer.group : undefined;
    const whose = {
      ...(group === undefined ? {} : { group }),
      ...(device === undefined ? {} : { device }),
    };
    this.#host.signed.sign({ ...about, offerKey: key }, (signed) => {
      if (!this.#offers.has(offer) || !isUnanswered(offer)) return;
      if (signed.code !== undefined) return refused(signed);
      const { terms, signature } = signed;
      offer.terms = terms;
      offer.user = terms.to;
      this.#host.request(
        "offer",
        { ...about, ...whose, to: terms.to, key, addresses, signature },
        (reply) => {
          if (!this.#offers.has(offer) || !isUnanswered(offer)) return;
          if (reply.ok === undefined) return refused(reply);
          this.handleOffered(offer);
        },
      );
    });
  }

  /** Accepts an offer: {@link answer} follows when this side is prepared. */
  prepareAnswer(offer: OpenOffer): void {
    const { id, user: from, peer } = offer;
    offer.answering = true;
    if (offer.kind === "session") {
      return this.#host.effect({ effect: "prepare-session", id });
    }
    const { file, only, into } = offer;
    if (peer === undefined) return;
    const place = into === undefined ? {} : { into };
    const about = { id, from, file, peer, only, ...place };
    this.#host.effect({ effect: "prepare-answer", ...about });
  }

  /** The other side knows of an offer of this side's. */
  handleOffered(offer: OpenOffer): void {
    if (offer.state !== "preparing") return;
    offer.state = "offered";
    this.#offers.show(offer, renamed(offer));
  }

  /** It cannot be accepted as this side wanted: the offer waits on. */
  takeBackAnswer(offer: OpenOffer, { code, message }: PeerRefusal): void {
    const { command } = offer;
    offer.answering = false;
    offer.command = undefined;
    if (offer.kind === "file") {
      offer.only = [];
      offer.into = undefined;
    }
    // Where no command of the user's accepted it, it looked accepted.
    if (command === undefined) return this.#offers.show(offer, message);
    const { name, n } = command;
    if (name !== "accept") this.#offers.show(offer);
    const told = `${message}; the offer still waits for your answer`;
    const outcome = { command: name, ok: false, code, message: told } as const;
    this.#host.settle(n, outcome);
  }

  /**
   * Accepts an offer for which this side is prepared.
   *
   * @param resume What of the file is here already.
   */
  answer(
    offer: OpenOffer,
    { key, addresses }: TransferPeer,
    resume?: string,
  ): void {
    const { id, terms } = offer;
    if (terms === undefined) return;
    const signature = this.#host.signed.signAnswer(terms, key);
    this.#host.request(
      "answer",
      {
        offer: id,
        accept: true,
        key,
        addresses: [...addresses],
        ...(resume === undefined ? {} : { resume }),
        signature,
      },
      (reply) => {
        if (!this.#offers.has(offer)) return;
        if (reply.ok === undefined) {
          // Where a session is open already, the answer did arrive.
          if (offer.state !== "open") this.giveUp(offer, reply);
        } else if (offer.kind === "file") this.#offers.succeed(offer);
      },
    );
  }

  /**
   * Asks for the list of what is offered.
   *
   * @param list The id of the transfer that it is sent by.
   */
  askList(
    { id, terms }: OpenOffer,
    list: string,
    { key, addresses }: TransferPeer,
    refused: (why: PeerRefusal) => void,
  ): void {
    if (terms === undefined) return;
    const signature = this.#host.signed.signList(terms, list, key);
    const about = { offer: id, list, key, addresses: [...addresses] };
    this.#host.request("offer-list", { ...about, signature }, (reply) => {
      if (reply.ok === undefined) refused(reply);
    });
  }

  /** The list came, or does not: the server need not relay it any more. */
  endList(list: string, result: "verified" | "failed"): void {
    endOffer(this.#host, list, result);
  }

  /** Refuses an offer; see {@link declineOffer}. */
  decline(
    offer: string,
    reason: EndReason,
    by?: "user" | "automatic",
  ): void {
    declineOffer(this.#host, offer, reason, by);
  }

  /** Tells the other side of an end, if it knows of the offer. */
  tellEnd(
    offer: OpenOffer,
    result: OfferResult,
    reason?: EndReason,
  ): void {
    if (isUnheard(offer)) return;
    if (isUndecided(offer)) {
      const refusal = result === "failed" ? reason ?? "failed" : "rejected";
      return this.decline(offer.id, refusal);
    }
    this.#end(offer, result, reason);
  }

  /** Tells the other side that this client ends: that is no answer of its user. */
  tellLeaving(offer: OpenOffer): void {
    if (isUnheard(offer)) return;
    if (offer.kind === "session" && !isUndecided(offer)) {
      const result = offer.state === "open" ? "closed" : "cancelled";
      return this.#end(offer, result, undefined);
    }
    this.#end(offer, "failed", "user_offline");
  }

  /**
   * Ends this side's part, in any state.
   *
   * @param reason Of a transfer, for the other side.
   */
  drop({ kind, id }: OpenOffer, reason?: "quota" | "left"): void {
    if (kind === "session") {
      return this.#host.effect({ effect: "close-session", id });
    }
    const why = reason === undefined ? {} : { reason };
    this.#host.effect({ effect: "cancel-transfer", id, ...why });
  }

  /** Ends what the server, or the key of the other side, does not let be. */
  giveUp(offer: OpenOffer, { code, message }: PeerRefusal): void {
    this.drop(offer);
    const hint = code === "user_offline" && canWait(offer)
      ? `; with --when-back at the end it waits for ${offer.user}`
      : "";
    this.#offers.end(offer, "failed", message + hint, { code });
  }

  #end(
    offer: OpenOffer,
    result: OfferResult,
    reason: EndReason | undefined,
  ): void {
    const link = offer.kind === "file" ? offer.link : undefined;
    endOffer(this.#host, offer.id, result, reason, link?.via);
  }
}

/** True for what the user wants to send that can be kept for later. */
function canWait(offer: OpenOffer): boolean {
  return offer.kind === "file" && offer.command?.name === "p2pvideo" &&
    !offer.file.stream;
}

/** True for an offer of which the other side cannot know. */
function isUnheard({ direction, own }: OpenOffer): boolean {
  return direction === "outgoing" && own === undefined;
}

/** True for an offer of the other side to which no answer went. */
function isUndecided({ direction, state }: OpenOffer): boolean {
  return direction === "incoming" &&
    (state === "offered" || state === "preparing");
}

/** Why nothing is offered to one device: the server would offer it to any. */
const noDevices: PeerRefusal = {
  code: "unknown_device",
  message: "This server does not know one device of a user from another; " +
    "leave out what follows the @",
};

/** Why no folder is offered: the receiver would take it for a file. */
const noTrees: PeerRefusal = {
  code: "no_folders",
  message: "This server is too old for folders and several files at once; " +
    "send an archive",
};

/** Why nothing is offered from a pipe: the receiver would take it for empty. */
const noStreams: PeerRefusal = {
  code: "no_streams",
  message: "This server is too old for what comes from a pipe; " +
    "send it as a file",
};

/** What there is to say about the name of an offered file. */
function renamed(offer: OpenOffer): string | undefined {
  if (offer.kind !== "file") return undefined;
  if (offer.remark !== undefined) return offer.remark;
  if (offer.ownName === undefined) return undefined;
  return `its own name, "${offer.ownName}", cannot be sent as it is`;
}
