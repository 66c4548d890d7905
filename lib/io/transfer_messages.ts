/** Sentences for people about transfers that ended before their time. */
import type { TransferFailure } from "../client/transfer_port.ts";
import type { CloseReason } from "../transfer/close_reason.ts";

/** How a close by the `other` side is told, for the file `name`. */
export function closedFailure(
  reason: CloseReason,
  name: string,
  other: "sender" | "receiver",
): [TransferFailure, string] {
  switch (reason) {
    case "cancelled":
      return ["cancelled", `The ${other} cancelled "${name}"`];
    case "changed":
      return ["changed", `"${name}" changed while the ${other} was reading it`];
    case "disk":
      return ["disk", `The ${other} has no room left for "${name}"`];
    case "integrity":
      return ["integrity", `"${name}" arrived damaged; send it again`];
    case "left":
      return ["user_offline", `The ${other} went off line during "${name}"`];
    case "internal":
      return ["internal", `The ${other} could not go on with "${name}"`];
  }
}

/**
 * What to say when nothing is heard of the other side.
 *
 * @param explain Why no path was found.
 */
export function unreachableMessage(
  wasConnected: boolean,
  explain: () => string,
): string {
  return wasConnected
    ? "The other side has not answered for 30 s; send the file again to go on"
    : `No path to the other side was found within 10 s: ${explain()}`;
}
