import type { PrivateRole } from "./private_hello.ts";

/** Proves and checks identities that outlive the session's keys. */
export interface IdentityProof {
  /** This side's signature of the transcript hash; at most 1,024 bytes. */
  prove(transcriptHash: Uint8Array, role: PrivateRole): Uint8Array;
  /** Why the other side's proof is refused, for people; or `undefined`. */
  check(
    transcriptHash: Uint8Array,
    role: PrivateRole,
    proof: Uint8Array,
  ): string | undefined;
}
