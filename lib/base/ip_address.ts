/**
 * IP addresses as text and as 16 bytes. An IPv4 address is written with dots and
 * stands in 16 bytes as ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), so that one address
 * has one form, whichever kind of socket it came from.
 */

/** How far an address reaches. */
export type IpScope = "loopback" | "private" | "public";

/** The 16 bytes of an address; `undefined` when the text is none. A zone is dropped. */
export function parseIp(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16);
  if (!text.includes(":")) {
    const last = parseIpv4(text);
    if (last === undefined) return undefined;
    bytes.set(mappedPrefix);
    bytes.set(last, 12);
    return bytes;
  }
  let rest = text.split("%", 1)[0] ?? "";
  const dotted = rest.match(/[0-9.]*\.[0-9.]*$/)?.[0];
  if (dotted !== undefined) {
    const last = parseIpv4(dotted);
    if (last === undefined) return undefined;
    const groups = [last[0]! << 8 | last[1]!, last[2]! << 8 | last[3]!];
    rest = rest.slice(0, -dotted.length) +
      groups.map((group) => group.toString(16)).join(":");
  }
  const halves = rest.split("::");
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) =>
    half === "" ? [] : half.split(":")
  );
  const count = head.length + tail.length;
  if (halves.length === 1 ? count !== 8 : count > 7) return undefined;
  const groups = [...head, ...Array(8 - count).fill("0"), ...tail];
  for (const [index, group] of groups.entries()) {
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
    const value = parseInt(group, 16);
    bytes[2 * index] = value >>> 8;
    bytes[2 * index + 1] = value;
  }
  return bytes;
}

/** The text of an address of 16 bytes (RFC 5952). */
export function formatIp(bytes: Uint8Array): string {
  if (isMapped(bytes)) return bytes.subarray(12, 16).join(".");
  const groups = Array.from(
    { length: 8 },
    (_, index) => (bytes[2 * index]! << 8 | bytes[2 * index + 1]!).toString(16),
  );
  let start = 0;
  let length = 0;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (groups[end] === "0") end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  if (length < 2) return groups.join(":");
  const head = groups.slice(0, start).join(":");
  return `${head}::${groups.slice(start + length).join(":")}`;
}

/** The one form of an address; a text that is none stays as it is. */
export function canonicalIp(text: string): string {
  // The common case, and on the path of every datagram.
  if (!text.includes(":")) return text;
  const bytes = parseIp(text);
  return bytes === undefined ? text : formatIp(bytes);
}

/** True for an IPv6 address in canonical form. */
export function isIpv6(ip: string): boolean {
  return ip.includes(":");
}

/** A host as it stands before a port, or in a URL: IPv6 in brackets. */
export function bracketed(host: string): string {
  return isIpv6(host) ? `[${host}]` : host;
}

/**
 * What limits per address count by: one customer of a provider has one IPv4
 * address, or all of an IPv6 /64 (RFC 6177).
 *
 * @param ip In canonical form.
 */
export function networkOf(ip: string): string {
  if (!isIpv6(ip)) return ip;
  const bytes = parseIp(ip);
  if (bytes === undefined || isMapped(bytes)) return ip;
  return `${formatIp(bytes.fill(0, 8))}/64`;
}

/** How far an address reaches; `public` for a text that is none. */
export function ipScope(ip: string): IpScope {
  const bytes = parseIp(ip);
  if (bytes === undefined) return "public";
  const [first = 0, second = 0] = isMapped(bytes) ? bytes.subarray(12) : bytes;
  if (isMapped(bytes)) {
    if (first === 127) return "loopback";
    const isPrivate = first === 10 || (first === 192 && second === 168) ||
      (first === 172 && second >= 16 && second < 32) ||
      (first === 169 && second === 254);
    return isPrivate ? "private" : "public";
  }
  if (formatIp(bytes) === "::1") return "loopback";
  const isUniqueLocal = (first & 0xfe) === 0xfc;
  const isLinkLocal = first === 0xfe && (second & 0xc0) === 0x80;
  return isUniqueLocal || isLinkLocal ? "private" : "public";
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  const values = parts.map((part) =>
    /^[0-9]{1,3}$/.test(part) ? Number(part) : 256
  );
  return values.every((value) => value < 256) ? values : undefined;
}

function isMapped(bytes: Uint8Array): boolean {
  return mappedPrefix.every((byte, index) => bytes[index] === byte);
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** True when nothing but this machine itself can reach `host`, a name or an address. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|::1|0*(:0*)*:0*1)$/i.test(host);
}
