import { UsageError } from "./command_line.ts";
import { isIpv6, parseIp } from "../base/ip_address.ts";

/** Where a server is, or listens. */
export interface HostPort {
  /** A name or an address, without brackets. */
  readonly host: string;
  /** Absent when none was given with it. */
  readonly port?: number;
}

/**
 * Reads `HOST`, `HOST:PORT`, `IPV6`, `[IPV6]` or `[IPV6]:PORT`.
 *
 * @param name Of the option or argument, for the error.
 * @param leastPort 0 where any free port may be asked for; 1 by default.
 * @throws {UsageError} when it is none of them.
 */
export function parseHostPort(
  name: string,
  text: string,
  leastPort = 1,
): HostPort {
  if (/^\[?[0-9a-f:.]+%/i.test(text)) {
    throw new UsageError(
      `invalid ${name} "${text}": zones such as %eth0 are not supported; ` +
        "use a name or another address of that machine",
    );
  }
  // Who has two colons and no brackets is an address as a whole.
  if (isAddress6(text)) return { host: text };
  const [, bracketed, plain, digits] =
    /^(?:\[([^\]]*)\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(text) ??
      [];
  const host = bracketed === undefined || isAddress6(bracketed)
    ? bracketed ?? plain
    : undefined;
  const port = digits === undefined ? undefined : Number(digits);
  const isPort = port === undefined || (port >= leastPort && port <= 65535);
  if (host !== undefined && isPort) {
    return { host, ...port !== undefined && { port } };
  }
  throw new UsageError(
    `invalid ${name} "${text}": must be a host name or an IP address, ` +
      "with :PORT behind it or not",
  );
}

/**
 * What may have been meant by an IPv6 address that leads nowhere and ends like a
 * port: `[::1]:6997` for `::1:6997`.
 */
export function meantHostPort(host: string): string | undefined {
  const [, address = "", port = ""] = /^(.+):([1-9]\d{0,4})$/.exec(host) ?? [];
  return isAddress6(host) && isAddress6(address) && Number(port) <= 65535
    ? `[${address}]:${port}`
    : undefined;
}

function isAddress6(text: string): boolean {
  return isIpv6(text) && parseIp(text) !== undefined;
}
