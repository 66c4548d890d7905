import { ipScope } from "../protocol/ip_address.ts";
import type { RelayRefusal } from "../protocol/rendezvous_datagram.ts";
import type { WireAddress } from "../protocol/request.ts";

/** What is known when no direct path was found. */
export interface PathFailure {
  /** Every address of the other side that was asked. */
  readonly tried: readonly WireAddress[];
  /** Whether the server's UDP port answers; `undefined` when it has none. */
  readonly isBound: boolean | undefined;
}

/** Why there is no direct path, as far as this side can tell; no full stop. */
export function explainNoPath({ tried, isBound }: PathFailure): string {
  const outer = tried.filter(({ ip }) => ipScope(ip) !== "loopback");
  const count = outer.length;
  const shown = outer.slice(0, mostShown)
    .map(({ ip, port }) => `${ip.includes(":") ? `[${ip}]` : ip}:${port}`);
  if (count > mostShown) shown.push("…");
  const silent = count === 0
    ? "the other side named no address"
    : count === 1
    ? `${shown} did not answer`
    : `none of ${shown.join(", ")} answered`;
  return `${silent}; ${guess(isBound)}`;
}

/** Why the relay does not help, as an addition to the above. */
export function explainRefusal(refusal: RelayRefusal): string {
  return refusal === "off"
    ? "the server does not relay"
    : "the day's quota of the server's relay is used up";
}

function guess(isBound: boolean | undefined): string {
  if (isBound === undefined) {
    return "the server has no UDP port that could help to find a way";
  }
  return isBound
    ? "a router between uses another port for each destination, or a firewall blocks UDP"
    : "this client's UDP does not even reach the server: a firewall blocks it";
}

const mostShown = 6;
