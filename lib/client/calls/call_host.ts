/** What calls ask of the session that they belong to. */
import type { Instant } from "../../base/ports.ts";
import type { PeerHost } from "../offers/peer_host.ts";
import type { Identity } from "../trust/identity.ts";

/** The session, as calls see it. */
export interface CallHost extends PeerHost {
  /** True when the server passes on calls. */
  hasCalls(): boolean;
  /** What this user signs with. */
  identity(): Pick<Identity, "sign"> | undefined;
  /** True when the two users have compared their safety number. */
  isCompared(user: string): boolean;
  /** True when the server says that somebody is not online. */
  isAway(user: string): boolean;
  now(): Instant;
  /** The N of `/call answer N`, from the numbers of all offers. */
  takeNumber(): number;
  /** Nobody heard of what has this number. */
  giveBackNumber(number: number): void;
  /** Sends a message in this user's name to who was called and is away. */
  leaveNote(to: CalledParty, text: string): void;
}

/** Who is called. */
export interface CalledParty {
  readonly kind: "user" | "group";
  readonly name: string;
}
