/**
 * Commands that wait for somebody to offer files, and take the first offer that
 * comes: what a script does that receives.
 */
import { encodeHex } from "@std/encoding/hex";
import { userKey } from "../../wire/names.ts";
import type { TransferEvent } from "../events/transfer_port.ts";
import type { OpenOffers } from "./open_offers.ts";
import { isWaiting } from "./open_offers.ts";
import type { PeerHost } from "./peer_host.ts";
import type { Transfer } from "./transfer.ts";

/** What such a command wants. */
export interface AwaitedOffer {
  /** Whose offer, as typed. */
  readonly user: string;
  /** Folder that it goes to, `-` for standard output; the usual one by default. */
  readonly into: string | undefined;
  /** The command's number. */
  readonly n: number;
}

/** Those that still wait, oldest first. */
export class AwaitedOffers {
  readonly #host: PeerHost;
  readonly #open: OpenOffers;
  #waiting: AwaitedOffer[] = [];
  /** Whose folders are looked at, by what these looks are called. */
  readonly #checks = new Map<string, AwaitedOffer>();

  constructor(host: PeerHost, open: OpenOffers) {
    this.#host = host;
    this.#open = open;
  }

  /** Waits, unless there is an offer already: that is returned. */
  add(awaited: AwaitedOffer): Transfer | undefined {
    const { user, into, n } = awaited;
    const found = this.#open.transfers()
      .find((offer) => isWaiting(offer) && isFrom(offer, awaited));
    if (found !== undefined) return found;
    this.#waiting.push(awaited);
    // Nobody need wait for a name, or for a folder, that is mistyped.
    if (into !== undefined && into !== "-") {
      const id = encodeHex(this.#host.random.bytes(8));
      this.#checks.set(id, awaited);
      this.#host.effect({ effect: "check-folder", id, folder: into });
    }
    this.#host.request("profile", { user }, (reply) => {
      if (reply.ok === undefined && this.#remove(awaited)) {
        const { code, message } = reply;
        this.#settle(n, code, message);
      }
    });
    return undefined;
  }

  /** What waits for this offer, and no longer does. */
  take(offer: Transfer): AwaitedOffer | undefined {
    const found = this.#waiting.find((awaited) => isFrom(offer, awaited));
    if (found !== undefined) this.#remove(found);
    return found;
  }

  /** @returns Whether the event was of a folder that was looked at. */
  handleTransferEvent(event: TransferEvent): boolean {
    const awaited = this.#checks.get(event.id);
    if (awaited === undefined) return false;
    this.#checks.delete(event.id);
    if (event.event === "failed" && this.#remove(awaited)) {
      this.#settle(awaited.n, event.failure, event.message);
    }
    return true;
  }

  /** The program ends. */
  close(): void {
    for (const { n } of this.#waiting.splice(0)) {
      this.#settle(n, "cancelled", "this client ended");
    }
  }

  #remove(awaited: AwaitedOffer): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((each) => each !== awaited);
    return this.#waiting.length < before;
  }

  #settle(n: number, code: string, message: string): void {
    this.#host.settle(n, { command: "receive", ok: false, code, message });
  }
}

function isFrom(offer: Transfer, { user }: AwaitedOffer): boolean {
  return userKey(offer.user) === userKey(user);
}
