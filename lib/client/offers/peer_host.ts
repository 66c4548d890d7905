/** What everything that is done with other clients asks of the session. */
import type { ClientEffect } from "../events/client_effect.ts";
import type { ClientEvent, CommandOutcome } from "../events/client_event.ts";
import type { OnReply } from "../../wire/server_frame.ts";
import type { Random } from "../../base/ports.ts";
import type { RequestFields, RequestName } from "../../wire/request.ts";
import type { SignedOffers } from "../trust/signed_offers.ts";

/** The session, as offers see it. */
export interface PeerHost {
  readonly random: Random;
  readonly signed: SignedOffers;
  /** This user's name, as the server has it; "" before the first login. */
  self(): string;
  /** True when the server knows the devices of a user. */
  hasDevices(): boolean;
  /** True when the server passes on offers of folders and several files. */
  hasTrees(): boolean;
  /** The same of what comes from a pipe. */
  hasStreams(): boolean;
  effect(effect: ClientEffect): void;
  emit(event: ClientEvent): void;
  /** Tells what became of command number `n`. */
  settle(n: number, outcome: CommandOutcome): void;
  /** Sends a request now or once the session is open again. */
  request<N extends RequestName>(
    name: N,
    fields: RequestFields<N>,
    onReply: OnReply<N>,
  ): void;
  /** Sends a frame at once. */
  send(frame: object): void;
}

/** What to do with incoming offers. */
export type AcceptRule = "always" | "ask" | "never";
