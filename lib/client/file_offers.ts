/** What is said through the server about files that are offered. */
import type { EndReason } from "../protocol/end_reason.ts";
import type { Transfer } from "./transfer.ts";
import type { TransferEvent } from "./transfer_port.ts";
import type { TransferTable } from "./transfer_table.ts";
import type { TransfersHost } from "./transfers_host.ts";

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
