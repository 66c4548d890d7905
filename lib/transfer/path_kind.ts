import { ipScope, isIpv6 } from "../protocol/ip_address.ts";

/** What a path is like, best first. */
export const pathKinds = [
  /** Both ends are on this machine. */
  "local",
  "lan",
  "direct-v4",
  "direct-v6",
  /** Through the server. */
  "relay",
] as const;

/** A value of {@link pathKinds}. */
export type PathKind = typeof pathKinds[number];

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
