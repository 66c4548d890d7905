/**
 * Everything this client does with other clients: files and private sessions,
 * which share the server's offers and the numbers that users type.
 */
import type { Instant } from "../../base/ports.ts";
import type { EventFields } from "../../wire/server_frame.ts";
import type { CommandAnswers } from "../events/client_event.ts";
import { OfferNumbers } from "../offers/offer_table.ts";
import { PrivateSessions } from "../offers/private_sessions.ts";
import type { SessionEvent } from "../events/session_port.ts";
import type { TransferEvent } from "../events/transfer_port.ts";
import { Transfers } from "../offers/transfers.ts";
import type {
  AcceptRule,
  PrivateSessionsHost,
} from "../offers/offer_requests.ts";

/** What the offers need from the session they belong to. */
export interface OffersHost extends PrivateSessionsHost {
  /** Sends a frame at once. */
  send(frame: object): void;
}

/** What the services that talk to other clients tell. */
export type PeerEvent = TransferEvent | SessionEvent;

/** Transfers and private sessions. */
export class Offers {
  readonly transfers: Transfers;
  readonly sessions: PrivateSessions;
  readonly #host: OffersHost;
  readonly #activity = new ActivityReport();
  #isConnected = false;

  constructor(host: OffersHost, accept: AcceptRule) {
    const numbers = new OfferNumbers();
    this.#host = host;
    this.transfers = new Transfers(host, accept, numbers);
    this.sessions = new PrivateSessions(host, accept, numbers);
  }

  /** What has not ended. */
  list(): CommandAnswers["transfers"] {
    return {
      transfers: this.transfers.table.list(),
      sessions: this.sessions.table.list(),
    };
  }

  /** The same without the offers of others that this user has not answered. */
  underWay(): CommandAnswers["transfers"] {
    return {
      transfers: this.transfers.table.underWay(),
      sessions: this.sessions.table.underWay(),
    };
  }

  /** Accepts offer `number`. */
  accept(number: number, n: number): void {
    this.#numbered(number).accept(number, n);
  }

  /** Refuses offer `number`. */
  reject(number: number, n: number): void {
    this.#numbered(number).reject(number, n);
  }

  /** Stops the transfer or ends the private session `number`. */
  cancel(number: number, n: number): void {
    this.#numbered(number).cancel(number, n);
  }

  /** Sends a text on the private session with `user`. */
  sendPrivate(user: string, text: string, n: number): void {
    if (this.sessions.table.with(user)?.state === "open") this.#activity.note();
    this.sessions.send(user, text, n);
  }

  /** True while the next text to `user` would only have to wait a little. */
  isMakingSession(user: string): boolean {
    const session = this.sessions.table.with(user);
    if (session === undefined || session.state === "open") return false;
    return session.direction === "outgoing" || session.answering;
  }

  /** The session with the server is open. */
  handleOpened(): void {
    this.#isConnected = true;
    this.transfers.handleOpened();
    this.sessions.handleOpened();
  }

  /** The server is gone for now. */
  handleDisconnected(): void {
    this.#isConnected = false;
    this.transfers.handleDisconnected();
    this.sessions.handleDisconnected();
  }

  /** Somebody offers something. */
  handleOffer(event: EventFields<"offer">): void {
    const { offer, from: user, kind, file } = event;
    const checked = this.#host.signed.checkOffer(event);
    if ("code" in checked) {
      const answer = { offer, accept: false, reason: "untrusted" } as const;
      this.#host.request("answer", answer, () => {});
      const name = file === undefined ? {} : { name: file.name };
      const about = { user, kind, ...name };
      this.#host.emit({ event: "offer-refused", ...about, ...checked });
    } else if (kind === "session") this.sessions.handleOffer(checked);
    else this.transfers.handleOffer(checked);
  }

  /** Somebody answered. */
  handleAnswer(event: EventFields<"answer">, now: Instant): void {
    this.sessions.handleAnswer(event);
    this.transfers.handleAnswer(event, now);
  }

  /** Somebody ended something. */
  handleOfferEnd(event: EventFields<"offer-end">, now: Instant): void {
    this.sessions.handleOfferEnd(event, now);
    this.transfers.handleOfferEnd(event, now);
  }

  /** One of the services has something to tell. */
  handlePeerEvent(event: PeerEvent, now: Instant): void {
    if (isTraffic(event)) this.#activity.note();
    if (isSessionEvent(event)) this.sessions.handleSessionEvent(event, now);
    else this.transfers.handleTransferEvent(event, now);
  }

  /** The time of {@link pollTimeout} has come. */
  handleTimeout(now: Instant): void {
    this.transfers.handleTimeout(now);
    this.sessions.handleTimeout(now);
    if (this.#isConnected && this.#activity.takeDue(now.mono)) {
      this.#host.send({ do: "ping", active: true });
    }
  }

  /** When {@link handleTimeout} is due, monotonic ms. */
  pollTimeout(): number | undefined {
    const times = [
      this.transfers.pollTimeout(),
      this.#isConnected ? this.#activity.pollTimeout() : undefined,
      ...this.sessions.table.all().map(({ settleAt }) => settleAt),
    ].filter((at) => at !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** The program ends. */
  close(): void {
    this.transfers.close();
    this.sessions.close();
  }

  /** Who knows the number; the transfers say so when nobody does. */
  #numbered(number: number): Transfers | PrivateSessions {
    const isSession = this.sessions.table.numbered(number) !== undefined;
    return isSession ? this.sessions : this.transfers;
  }
}

function isSessionEvent(event: PeerEvent): event is SessionEvent {
  return event.event.startsWith("session-");
}

function isTraffic({ event }: PeerEvent): boolean {
  return event === "progress" || event === "session-text";
}

/**
 * Tells when the server must hear that this user is busy with other clients,
 * which it cannot see, so that it does not log out who only looks idle.
 */
export class ActivityReport {
  #isPending = false;
  #reportedAt = -Infinity;

  /** There was traffic with another client. */
  note(): void {
    this.#isPending = true;
  }

  /** True when the server is to be told now, monotonic ms; it then was. */
  takeDue(now: number): boolean {
    const at = this.pollTimeout();
    if (at === undefined || now < at) return false;
    this.#isPending = false;
    this.#reportedAt = now;
    return true;
  }

  /** When {@link takeDue} will be true, monotonic ms. */
  pollTimeout(): number | undefined {
    return this.#isPending ? this.#reportedAt + intervalMs : undefined;
  }
}

/** Shorter than the shortest time-out that makes sense. */
const intervalMs = 1000;
