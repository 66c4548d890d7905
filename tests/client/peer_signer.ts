import { Identity } from "../../lib/client/trust/identity.ts";
import {
  answerTranscript,
  offerTranscript,
} from "../../lib/client/trust/signed_offers.ts";
import type { RequestFields } from "../../lib/wire/request.ts";
import type { EventFields } from "../../lib/wire/server_frame.ts";
import { SeededRandom } from "../support/seeded_random.ts";
import type { SessionHarness } from "./session_harness.ts";

/** Who an offer or answer is for. */
interface Other {
  readonly user: string;
  /** Public key. */
  readonly identity: string;
}

/** Another user whose client signs what it says. */
export class PeerSigner {
  readonly user: string;
  readonly identity: Identity;

  constructor(user: string, seed: number) {
    this.user = user;
    this.identity = Identity.fromSeed(new SeededRandom(seed).bytes(32));
  }

  /** Answers what a client's offer to this user needs; returns the offer. */
  takeOffer(harness: SessionHarness): RequestFields<"offer"> {
    const { user, identity } = this;
    harness.answer("identity", { user, identity: identity.publicKey });
    const offer = harness.answer("offer", {});
    return offer as unknown as RequestFields<"offer">;
  }

  /** An offer to somebody, as the server passes it on. */
  offer(
    fields: Omit<EventFields<"offer">, "from" | "addresses"> & {
      readonly addresses: readonly [];
    },
    to: Other,
  ): EventFields<"offer"> {
    const fromIdentity = this.identity.publicKey;
    const { offer, kind, key: offerKey, file } = fields;
    const signature = this.identity.sign(offerTranscript({
      offer,
      kind,
      from: this.user,
      to: to.user,
      fromIdentity,
      toIdentity: to.identity,
      offerKey,
      ...(file === undefined ? {} : { file }),
    }));
    const known = { from: this.user, identity: fromIdentity, signature };
    return { ...fields, addresses: [], ...known };
  }

  /** The acceptance of somebody's offer, as the server passes it on. */
  accept(
    offered: Pick<RequestFields<"offer">, "offer" | "kind" | "key" | "file">,
    from: Other,
    key: string,
  ): EventFields<"answer"> {
    const { offer, kind, key: offerKey, file } = offered;
    const terms = {
      offer,
      kind,
      from: from.user,
      to: this.user,
      fromIdentity: from.identity,
      toIdentity: this.identity.publicKey,
      offerKey,
      ...(file === undefined ? {} : { file }),
    };
    const signature = this.identity.sign(answerTranscript(terms, key));
    const fields = { offer, accept: true, key, addresses: [], signature };
    return { ...fields, from: this.user };
  }
}
