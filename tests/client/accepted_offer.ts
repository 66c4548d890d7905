import { PeerSigner } from "./peer_signer.ts";
import type { SessionHarness } from "./session_harness.ts";

/** The key of the offers' files. */
export const key = "A".repeat(43);
/** Who accepts them. */
export const luke = new PeerSigner("luke", 21);

/** Yoda, who is logged in, offers a file of 100 bytes, and luke accepts it. */
export function offerAccepted(
  harness: SessionHarness,
  path = "/films/a.mp4",
): { readonly id: string } {
  harness.line(`/p2pvideo luke ${path}`);
  const { id } = harness.lastEffect("prepare-offer");
  const file = { name: "a.mp4", size: 100 };
  harness.peer({ event: "offer-ready", id, file, key, addresses: [] });
  const offered = luke.takeOffer(harness);
  const yoda = { user: "yoda", identity: harness.identity.publicKey };
  harness.server({ ev: "answer", ...luke.accept(offered, yoda, key) });
  return { id };
}
