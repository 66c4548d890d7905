/** What is said through the server about private sessions, and what it leads to. */
import type { EndReason } from "../protocol/end_reason.ts";
import type { PeerRefusal } from "./peer_identities.ts";
import {
  isUnanswered,
  type PrivateSessionEntry,
} from "./private_session_entry.ts";
import type { PrivateSessionTable } from "./private_session_table.ts";
import type { PrivateSessionsHost } from "./private_sessions.ts";

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
}
