import { lookup } from "node:dns/promises";

/**
 * The addresses by which other machines may reach this one, then those of this
 * machine itself for peers on it; at most `most`. Link-local addresses are left
 * out: they mean nothing without the interface's name.
 */
export function localAddresses(most: number): string[] {
  let found: string[] = [];
  try {
    found = Deno.networkInterfaces().map(({ address }) => address)
      .filter((ip) => !/^(fe[89ab]|169\.254\.)/i.test(ip));
  } catch {
    // Not allowed to list them: peers on this machine can still be reached.
  }
  const isLoopback = (ip: string) => ip.startsWith("127.") || ip === "::1";
  const outer = found.filter((ip) => !isLoopback(ip))
    .sort((a, b) => Number(a.includes(":")) - Number(b.includes(":")));
  return [...new Set([...outer.slice(0, most - 1), "127.0.0.1"])];
}

/** The addresses that the system finds for `host`; throws when there are none. */
export async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return [...new Set(found.map(({ address }) => address))];
}

/** True when the system finds an address for `host`. */
export async function isHostName(host: string): Promise<boolean> {
  try {
    await lookup(host);
    return true;
  } catch {
    return false;
  }
}
