/**
 * The lists of what is offered as folders or several files. Who is offered them
 * asks for the list before it can be shown or anything be accepted; the one who
 * offers sends it to whoever was asked, by a transfer that nobody sees.
 */
import type { EntryOutcomes } from "../commands/transfer_info.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import type { OfferRequests } from "./offer_requests.ts";
import type { PeerHost } from "./peer_host.ts";
import type { PeerRefusal } from "../trust/peer_identities.ts";
import { type Transfer, transferInfo } from "./transfer.ts";
import type { TransferEvent } from "../events/transfer_port.ts";

/** Lists on their way, in either direction. */
export class OfferedLists {
  readonly #host: PeerHost;
  readonly #requests: OfferRequests;
  /** Who the other side of each list's transfer is. */
  readonly #users = new Map<string, string>();
  /** Commands that wait for what is in a list, oldest first. */
  #shown: ShownList[] = [];
  /** What became of the files of those that ended last, by their numbers. */
  readonly #ended = new Map<number, EndedList>();

  constructor(host: PeerHost, requests: OfferRequests) {
    this.#host = host;
    this.#requests = requests;
  }

  /** Has `then` go on when the list of what is offered is here. */
  need(transfer: Transfer, then: (refusal?: PeerRefusal) => void): void {
    if (transfer.list === "here") return then();
    transfer.onList.push({ go: then });
    if (transfer.list === "asked") return;
    const { id, file, peer } = transfer;
    if (peer === undefined) return;
    transfer.list = "asked";
    this.#host.effect({ effect: "prepare-list", id, file, peer });
  }

  /** Shows what is offered; settles command `n`. */
  show(transfer: Transfer, n: number): void {
    const refuse = (refusal: PeerRefusal | undefined) => {
      this.#shown = this.#shown.filter((shown) => shown.n !== n);
      if (refusal === undefined) return;
      const outcome = { command: "offer", ok: false, ...refusal } as const;
      this.#host.settle(n, outcome);
    };
    const read = (refusal?: PeerRefusal) => {
      if (refusal !== undefined) return refuse(refusal);
      const { id } = transfer;
      // The offer may end before it is told what is in it.
      transfer.onList.push({ go: refuse });
      this.#shown.push({ transfer, n });
      this.#host.effect({ effect: "read-list", id, most: mostEntries });
    };
    // Who sends it, or takes it already, has it.
    const isHere = transfer.direction === "outgoing" ||
      transfer.state === "running";
    if (isHere) read();
    else this.need(transfer, read);
  }

  /** A transfer ends: what became of its files can still be shown for a while. */
  keep(transfer: Transfer, outcomes: EntryOutcomes): void {
    this.#ended.set(transfer.number, { transfer, outcomes });
    let entries = 0;
    for (const number of [...this.#ended.keys()].reverse()) {
      entries += this.#ended.get(number)!.outcomes.entries.length;
      const isLast = number === transfer.number;
      if (entries > mostEntries && !isLast) this.#ended.delete(number);
    }
  }

  /** Shows them for command `n`; false when nothing is known of this number. */
  showEnded(number: number, n: number): boolean {
    const ended = this.#ended.get(number);
    if (ended === undefined) return false;
    const { transfer, outcomes } = ended;
    const entries = outcomes.entries.map((entry) => ({
      isFolder: false,
      ...entry,
    }));
    const answer = { ...transferInfo(transfer), entries };
    this.#host.settle(n, { command: "offer", ok: true, answer });
    return true;
  }

  /** The receiver of an offer of this client asks for its list. */
  handleAsked(
    transfer: Transfer,
    event: EventFields<"offer-list">,
  ): void {
    const { list, from, key, addresses } = event;
    const { id, terms } = transfer;
    if (terms === undefined || transfer.file.tree === undefined) return;
    if (this.#host.signed.checkList(terms, event) !== undefined) return;
    this.#users.set(list, from);
    const peer = { key, addresses };
    this.#host.effect({ effect: "send-list", id, list, peer });
  }

  /** The other side of a list's transfer is seen from further addresses. */
  handleCandidates({ offer: id, from, addresses }: EventFields<"candidates">) {
    if (this.#users.get(id) !== from) return;
    this.#host.effect({ effect: "add-addresses", id, addresses });
  }

  /** A list's transfer is over for the other side. */
  handleEnded(list: string): void {
    this.#users.delete(list);
  }

  /** The transfer service has something to tell of a list. */
  handleTransferEvent(transfer: Transfer, event: ListEvent): void {
    switch (event.event) {
      case "list-asked":
        this.#users.set(event.list, transfer.user);
        return this.#requests.askList(transfer, event.list, event, (why) => {
          this.#host.effect({ effect: "cancel-transfer", id: event.list });
          this.#fail(transfer, event.list, why);
        });
      case "list":
        this.#users.delete(event.list);
        this.#requests.endList(event.list, "verified");
        transfer.list = "here";
        return this.#goOn(transfer);
      case "list-failed": {
        const { list, message } = event;
        this.#requests.endList(list, "failed");
        return this.#fail(transfer, list, { code: "unreachable", message });
      }
      case "entries": {
        const shown = this.#shown.filter((each) => each.transfer === transfer);
        this.#goOn(transfer);
        const { entries } = event;
        const answer = { ...transferInfo(transfer), entries };
        const outcome = { command: "offer", ok: true, answer } as const;
        for (const { n } of shown) this.#host.settle(n, outcome);
        return;
      }
    }
  }

  #fail(transfer: Transfer, list: string, why: PeerRefusal): void {
    this.#users.delete(list);
    transfer.list = "none";
    this.#goOn(transfer, why);
  }

  #goOn(transfer: Transfer, refusal?: PeerRefusal): void {
    for (const { go } of transfer.onList.splice(0)) go(refusal);
  }
}

interface EndedList {
  readonly transfer: Transfer;
  readonly outcomes: EntryOutcomes;
}

interface ShownList {
  readonly transfer: Transfer;
  readonly n: number;
}

type ListEvent = Extract<
  TransferEvent,
  { event: "list-asked" | "list" | "list-failed" | "entries" }
>;

/** That are told of one, and kept of those that have ended. */
const mostEntries = 10_000;
