import type { Random } from "../protocol/random.ts";
import type { RequestFields, RequestName } from "../protocol/request.ts";
import type { ClientEffect } from "./client_effect.ts";
import type { OnReply } from "./request_queue.ts";
import type { SignedOffers } from "./signed_offers.ts";
import type { TransferTableHost } from "./transfer_table.ts";

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
