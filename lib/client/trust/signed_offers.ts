/**
 * Signs this client's offers and answers, and checks those of others: what goes
 * through the server can then be neither changed nor made up by it. Nothing is
 * sent to another client, and nothing of it taken, before its signature was
 * checked against the key that is known of its user.
 */
import type { EventFields } from "../../wire/server_frame.ts";
import { spelled } from "../../wire/names.ts";
import { verifySignature } from "./identity.ts";
import type {
  PeerIdentities,
  PeerIdentitiesHost,
  PeerRefusal,
} from "./peer_identities.ts";

/** What it needs from the session it belongs to. */
export interface SignedOffersHost extends Pick<PeerIdentitiesHost, "request"> {
  /** This user's name, as the server has it. */
  self(): string;
}

/** An offer of this client, ready to be sent. */
export interface SignedOffer {
  readonly terms: OfferTerms;
  readonly signature: string;
  readonly code?: never;
}

/** An offer of somebody else whose signature is good. */
export type TrustedOffer = EventFields<"offer"> & {
  readonly terms: OfferTerms;
};

/** Offers and answers between users who know each other's key. */
export class SignedOffers {
  readonly #host: SignedOffersHost;
  readonly #identities: PeerIdentities;

  constructor(host: SignedOffersHost, identities: PeerIdentities) {
    this.#host = host;
    this.#identities = identities;
  }

  /**
   * Signs an offer for the key that the server names now, if that may be trusted,
   * with the receiver's name as the server spells it.
   *
   * @param then Gets the signed offer, or why there is none.
   */
  sign(
    offer: Pick<
      OfferTerms,
      "offer" | "kind" | "to" | "offerKey" | "file" | "call"
    >,
    then: (signed: SignedOffer | PeerRefusal) => void,
  ): void {
    const { to: typed } = offer;
    this.#host.request("identity", { user: typed }, (reply) => {
      if (reply.ok === undefined) return then(reply);
      const { identity: toIdentity = "" } = reply.ok;
      const to = spelled(typed, reply.ok.user);
      this.#identities.handleAccount(to, reply.ok.account);
      const refusal = this.#mistrust(to, reply.ok.identity);
      if (refusal !== undefined) return then(refusal);
      const { own } = this.#identities;
      const from = this.#host.self();
      const fromIdentity = own?.publicKey ?? "";
      const terms = { ...offer, to, from, fromIdentity, toIdentity };
      const signature = own?.sign(offerTranscript(terms)) ?? "";
      then({ terms, signature });
    });
  }

  /** Checks an offer of somebody else; a first key is remembered. */
  checkOffer(event: EventFields<"offer">): TrustedOffer | PeerRefusal {
    const { offer, kind, from, key: offerKey, identity = "" } = event;
    const { file, call } = event;
    this.#identities.handleAccount(from, event.account);
    const refusal = this.#mistrust(from, event.identity);
    if (refusal !== undefined) return refusal;
    const terms: OfferTerms = {
      offer,
      kind,
      from,
      to: this.#host.self(),
      fromIdentity: identity,
      toIdentity: this.#identities.own?.publicKey ?? "",
      offerKey,
      ...(file === undefined ? {} : { file }),
      ...(call === undefined ? {} : { call }),
    };
    const transcript = offerTranscript(terms);
    if (!verifySignature(identity, transcript, event.signature ?? "")) {
      return badSignature("offer", from);
    }
    return this.#meet(from, identity) ?? { ...event, terms };
  }

  /** This client's signature of its answer with `answerKey`. */
  signAnswer(terms: OfferTerms, answerKey: string): string {
    const transcript = answerTranscript(terms, answerKey);
    return this.#identities.own?.sign(transcript) ?? "";
  }

  /**
   * Checks the answer to an offer of this client; a first key is remembered.
   *
   * @returns Why nothing is to be sent.
   */
  checkAnswer(
    terms: OfferTerms,
    { key = "", signature = "" }: Pick<
      EventFields<"answer">,
      "key" | "signature"
    >,
  ): PeerRefusal | undefined {
    const { to, toIdentity } = terms;
    const transcript = answerTranscript(terms, key);
    if (!verifySignature(toIdentity, transcript, signature)) {
      return badSignature("answer", to);
    }
    return this.#meet(to, toIdentity);
  }

  /** This client's signature of its asking for a list with `listKey`. */
  signList(terms: OfferTerms, list: string, listKey: string): string {
    const transcript = listTranscript(terms, list, listKey);
    return this.#identities.own?.sign(transcript) ?? "";
  }

  /**
   * Checks that the receiver of an offer asks for its list; a first key is
   * remembered.
   *
   * @returns Why nothing is to be sent.
   */
  checkList(
    terms: OfferTerms,
    { list, key, signature = "" }: EventFields<"offer-list">,
  ): PeerRefusal | undefined {
    const { to, toIdentity } = terms;
    const transcript = listTranscript(terms, list, key);
    if (!verifySignature(toIdentity, transcript, signature)) {
      return badSignature("answer", to);
    }
    return this.#meet(to, toIdentity);
  }

  /** Why nothing may be exchanged with `user` under `key`. */
  #mistrust(user: string, key: string | undefined): PeerRefusal | undefined {
    const { own } = this.#identities;
    if (user !== this.#host.self() || own === undefined) {
      return this.#identities.mistrust(user, key);
    }
    // The user's own key is no matter of trust: this device has it, or not.
    return key === own.publicKey ? undefined : this.#identities.noUserKey;
  }

  /** `user` has proved to own `key`. */
  #meet(user: string, key: string): PeerRefusal | undefined {
    if (user !== this.#host.self()) return this.#identities.meet(user, key);
    return this.#mistrust(user, key);
  }
}

function badSignature(what: "offer" | "answer", user: string): PeerRefusal {
  const message = `This ${what} does not carry the signature of ${user}: ` +
    "somebody in between may have changed it; nothing was sent";
  return { code: "bad_signature", message };
}

// What the two sides of a private session, transfer or call sign: their X25519 keys
// together with everything the server could otherwise swap. The two transcripts
// start differently, so a signature of one side cannot be sent back as the
// other's.

/** What the one who offers commits to. */
export interface OfferTerms {
  /** The offer's id, 16 hexadecimal digits. */
  readonly offer: string;
  readonly kind: "file" | "session" | "call";
  /** User name of the one who offers, as the server has it. */
  readonly from: string;
  /** User name of the one it is offered to. */
  readonly to: string;
  /** Identity key of the one who offers, base64url. */
  readonly fromIdentity: string;
  /** Identity key of the one it is offered to, base64url. */
  readonly toIdentity: string;
  /** X25519 key of the one who offers, base64url. */
  readonly offerKey: string;
  /** The file as it is described; absent for a session. */
  readonly file?: {
    readonly name: string;
    readonly size: number;
    readonly fingerprint?: string;
  };
  /** The call that it is of; absent for all else. */
  readonly call?: {
    readonly id: string;
    readonly media: "voice" | "video";
    readonly joins?: boolean;
  };
}

/** What the one who offers signs. */
export function offerTranscript(terms: OfferTerms): Uint8Array<ArrayBuffer> {
  return encodeParts("parley offer 1", termParts(terms));
}

/**
 * What the one who accepts signs: the same terms and the own key.
 *
 * @param answerKey X25519 key of the one who accepts, base64url.
 */
export function answerTranscript(
  terms: OfferTerms,
  answerKey: string,
): Uint8Array<ArrayBuffer> {
  return encodeParts("parley answer 1", [...termParts(terms), answerKey]);
}

/**
 * What the one who asks for the list of what is offered signs.
 *
 * @param list The id of the transfer of the list, 16 hexadecimal digits.
 * @param listKey X25519 key of the one who asks, base64url.
 */
function listTranscript(
  terms: OfferTerms,
  list: string,
  listKey: string,
): Uint8Array<ArrayBuffer> {
  return encodeParts("parley list 1", [...termParts(terms), list, listKey]);
}

function termParts(terms: OfferTerms): string[] {
  const { file, call } = terms;
  const ofCall = call === undefined
    ? []
    : [call.id, call.media, call.joins ? "joins" : "rings"];
  return [
    terms.offer,
    terms.kind,
    terms.from,
    terms.to,
    terms.fromIdentity,
    terms.toIdentity,
    terms.offerKey,
    file === undefined ? "" : "file",
    file?.name ?? "",
    file === undefined ? "" : String(file.size),
    file?.fingerprint ?? "",
    ...ofCall,
  ];
}

/** Each part behind its length, so that no two lists give the same bytes. */
export function encodeParts(
  label: string,
  parts: readonly string[],
): Uint8Array<ArrayBuffer> {
  const encoder = new TextEncoder();
  const encoded = [label, ...parts].map((part) => encoder.encode(part));
  const size = encoded.reduce((sum, part) => sum + 4 + part.length, 0);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const part of encoded) {
    view.setUint32(offset, part.length);
    bytes.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return bytes;
}
