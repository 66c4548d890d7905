import type { PathKind } from "../protocol/path_kinds.ts";
import { ipScope, isIpv6 } from "../protocol/ip_address.ts";

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
