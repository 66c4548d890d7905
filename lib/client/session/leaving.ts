/**
 * Leaving by a key, which is pressed by mistake more easily than a command is
 * typed: what would be lost with it is told first, and the same key once more
 * means it.
 */
import { peerText } from "../commands/peer.ts";
import { offeredText } from "../commands/transfer_progress.ts";
import type {
  PrivateSessionInfo,
  TransferInfo,
} from "../events/client_event.ts";

/** A key that logs out on an empty line. */
export type LeaveKey = "Ctrl-C" | "Ctrl-D";

/** What ends with the session; what others offer is theirs to wait for. */
export interface UnderWay {
  readonly transfers: readonly TransferInfo[];
  readonly sessions: readonly PrivateSessionInfo[];
  /** Commands that wait for a lost connection to come back. */
  readonly waitingCommands: number;
}

/** Remembers that the user was warned. */
export class Leaving {
  #warnedUntil = -Infinity;

  /**
   * What to say in place of leaving; `undefined` to leave now.
   *
   * @param now Monotonic, ms.
   * @param isSure False where the key may have been meant for a line being typed.
   */
  warning(
    key: LeaveKey,
    underWay: UnderWay,
    now: number,
    isSure: boolean,
  ): string | undefined {
    const what = describe(underWay);
    if (what.length === 0 && isSure) return undefined;
    if (now < this.#warnedUntil) return undefined;
    this.#warnedUntil = now + againMs;
    if (what.length === 0) return `${key} again logs out`;
    const named = what.slice(0, mostNamed);
    const more = what.length - named.length;
    if (more > 0) named.push(`${more} more`);
    return `under way: ${
      named.join(", ")
    }; ${key} again ends that and logs out`;
  }
}

function describe(underWay: UnderWay): string[] {
  const { transfers, sessions, waitingCommands: waiting } = underWay;
  const what: string[] = [];
  for (const info of transfers) {
    const way = info.direction === "outgoing" ? "to" : "from";
    what.push(`${offeredText(info)} ${way} ${peerText(info)}`);
  }
  for (const info of sessions) {
    what.push(`private session with ${peerText(info)}`);
  }
  if (waiting > 0) {
    const lines = waiting === 1 ? "1 line" : `${waiting} lines`;
    what.push(`${lines} waiting for the server`);
  }
  return what;
}

const mostNamed = 3;
/** How long the user has for the second press, ms. */
const againMs = 5000;
