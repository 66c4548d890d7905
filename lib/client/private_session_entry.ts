import type { WireAddress } from "../protocol/request.ts";
import type { EventFields } from "../protocol/server_frame.ts";
import type {
  PrivateSessionInfo,
  PrivateSessionState,
} from "./client_event.ts";

/** One private session, from its offer to its end. */
export interface PrivateSessionEntry {
  readonly number: number;
  /** The offer's 64-bit id, 16 hexadecimal digits. */
  readonly id: string;
  readonly direction: "incoming" | "outgoing";
  /** The other side. */
  user: string;
  state: PrivateSessionState;
  /** What the other side's offer says; of incoming ones only. */
  readonly offered: EventFields<"offer"> | undefined;
  /** This side's key and addresses, once they are there. */
  own: PrivateSessionKey | undefined;
  /** True once this side accepted. */
  answering: boolean;
  /** The other side's offer, made at the same time as this side's. */
  crossed: EventFields<"offer"> | undefined;
  /** The command that waits until it is open. */
  command: WaitingCommand | undefined;
  /** When the word that came through the server is enough, monotonic ms. */
  settleAt: number | undefined;
}

/** What an offer or answer says of this side. */
export interface PrivateSessionKey {
  readonly key: string;
  readonly addresses: readonly WireAddress[];
}

/** A command without an outcome. */
export interface WaitingCommand {
  readonly name: "startprivate" | "accept";
  readonly n: number;
}

/** What the user sees of a private session. */
export function privateSessionInfo(
  entry: PrivateSessionEntry,
): PrivateSessionInfo {
  const { number, direction, user, state } = entry;
  return { session: number, direction, kind: "session", user, state };
}
