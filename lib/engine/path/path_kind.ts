import type { PathKind } from "../../wire/path_kinds.ts";
import { bracketed, ipScope, isIpv6 } from "../../base/ip_address.ts";
import type { RelayRefusal } from "../../wire/rendezvous_datagram.ts";
import type { WireAddress } from "../../wire/request.ts";

export type { PathKind };

/**
 * What kind of path leads to `ip`.
 *
 * @param own The addresses of this machine.
 */
export function pathKind(ip: string, own: ReadonlySet<string>): PathKind {
  const scope = ipScope(ip);
  if (scope === "loopback" || own.has(ip)) return "local";
  if (scope === "private") return "lan";
  return isIpv6(ip) ? "direct-v6" : "direct-v4";
}

/** How kinds compare: lower is better, equal ones compete by round trip. */
export function pathRank(kind: PathKind): number {
  return ranks[kind];
}

const ranks: Record<PathKind, number> = {
  local: 0,
  lan: 1,
  "direct-v4": 2,
  "direct-v6": 2,
  relay: 3,
};

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
    .map(({ ip, port }) => `${bracketed(ip)}:${port}`);
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
